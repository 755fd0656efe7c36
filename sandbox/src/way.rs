//! What happens to a message between its provider and the eye that looks for it: gateways that add, rewrite, wrap and blank,
//! and senders whose two parts do not agree. Each kind was seen in public reports of other systems.

use std::fmt::Write as _;

/// What is done to a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Alteration {
    /// A warning above both parts.
    Banner,
    /// A virus scanner's words below both parts.
    Footer,
    /// Words above both parts that no gateway is known for.
    Preface,
    /// Somebody else's data behind what is right.
    GoesOn,
    /// A byte order mark, and blanks that do not break.
    Invisible,
    /// Lines of the text are cut at 76 characters.
    Wrap,
    /// Links are those of Safe Links.
    SafeLinks,
    /// Links are those of Proofpoint, in its third form.
    UrlDefense,
    /// Links have a number of the gateway's own in their place.
    OpaqueLinks,
    /// It comes inside another mail.
    Inside,
    /// The text part says only that there is an HTML part.
    TextLost,
    /// There is no HTML part.
    HtmlLost,
    /// The HTML part is empty.
    HtmlBlank,
    /// Both parts are empty.
    Blank,
    /// A field of the template stands in the HTML part.
    Unfilled,
    /// The HTML part has no link.
    NoButton,
    /// It names no recipient.
    NoRecipient,
    /// It names another recipient.
    OtherRecipient,
    /// The receiving side does not trust it.
    Distrust,
    /// The subject has a mark before it.
    SubjectMark,
    /// The subject has control characters and a line break.
    SubjectControl,
    /// It is there, and may not be read.
    Unreadable,
    /// Something else is there that may not be read.
    Neighbour,
    /// A broken mail of somebody else comes with it.
    Stranger,
    /// Digits are hidden.
    Masked,
    /// Other white space, and a line break.
    Spaces,
    /// A carrier's words before and behind it.
    Added,
    /// The digits of a code have a blank between them.
    CodeSpaced,
    /// It comes as two texts.
    Split,
}

/// Alterations of mails, by name.
pub(crate) const OF_MAILS: [(&str, Alteration); 24] = [
    ("banner", Alteration::Banner),
    ("footer", Alteration::Footer),
    ("preface", Alteration::Preface),
    ("goes-on", Alteration::GoesOn),
    ("invisible", Alteration::Invisible),
    ("wrap", Alteration::Wrap),
    ("safe-links", Alteration::SafeLinks),
    ("url-defense", Alteration::UrlDefense),
    ("opaque-links", Alteration::OpaqueLinks),
    ("inside", Alteration::Inside),
    ("text-lost", Alteration::TextLost),
    ("html-lost", Alteration::HtmlLost),
    ("html-blank", Alteration::HtmlBlank),
    ("blank", Alteration::Blank),
    ("unfilled", Alteration::Unfilled),
    ("no-button", Alteration::NoButton),
    ("no-recipient", Alteration::NoRecipient),
    ("other-recipient", Alteration::OtherRecipient),
    ("distrust", Alteration::Distrust),
    ("subject-mark", Alteration::SubjectMark),
    ("subject-control", Alteration::SubjectControl),
    ("unreadable", Alteration::Unreadable),
    ("neighbour", Alteration::Neighbour),
    ("stranger", Alteration::Stranger),
];

/// Alterations of texts, by name.
pub(crate) const OF_TEXTS: [(&str, Alteration); 6] = [
    ("text-blank", Alteration::Blank),
    ("text-masked", Alteration::Masked),
    ("text-spaces", Alteration::Spaces),
    ("text-added", Alteration::Added),
    ("code-spaced", Alteration::CodeSpaced),
    ("text-split", Alteration::Split),
];

const BANNER: &str =
    "CAUTION: This message came from outside of the organization. Do not open links unless you know the sender.";
const FOOTER: &str = "This email has been checked for viruses by a gateway of ours.";
const PREFACE: &str = "Good morning! 3 things to know before you read on today, 4 June.";
const GOES_ON: &str = "Dear Mrs Jones, your appointment is on 3 May at 10:30.";
const MASKED: &str = "******";

/// A mail on its way.
#[derive(Debug, Clone, Default)]
pub struct Letter {
    pub from: String,
    /// None, where it names no recipient.
    pub to: Option<String>,
    pub subject: String,
    pub text: String,
    pub html: Option<String>,
    /// What the receiving side has written above it.
    pub received: Vec<(&'static str, String)>,
    /// The mail that it carries.
    pub inside: Option<Box<Letter>>,
}

impl Letter {
    /// The same with this done to it. What befalls its object, or comes beside it, is its carrier's to do.
    #[must_use]
    pub fn altered(mut self, how: Alteration) -> Self {
        match how {
            Alteration::Banner => self.put(BANNER, true),
            Alteration::Footer => self.put(FOOTER, false),
            Alteration::Preface => self.put(PREFACE, true),
            Alteration::GoesOn => self.put(GOES_ON, false),
            Alteration::Invisible => {
                self.text = invisible(&self.text);
                self.html = self.html.as_deref().map(invisible);
            }
            Alteration::Wrap => self.text = wrapped(&self.text, 76),
            Alteration::SafeLinks => self.rewrite(&safe_link),
            Alteration::UrlDefense => self.rewrite(&|link| format!("https://urldefense.us/v3/__{link}__;!!Org!Tok$")),
            Alteration::OpaqueLinks => {
                self.rewrite(&|_| "https://protect-us.mimecast.com/s/AbCdEfGh12?domain=x".to_owned());
            }
            Alteration::Inside => {
                let (from, to) = ("gateway@wrapping.test".to_owned(), self.to.clone());
                let text = "The original message is attached.".to_owned();
                let subject = "Handed on".to_owned();
                self = Self { from, to, subject, text, inside: Some(Box::new(self)), ..Self::default() };
            }
            Alteration::TextLost => "Your mail program does not show HTML.".clone_into(&mut self.text),
            Alteration::HtmlLost => self.html = None,
            Alteration::HtmlBlank => self.html = Some("<html lang=en><body></body></html>".to_owned()),
            Alteration::Blank => {
                self.text.clear();
                self.html = Some("<html><body> </body></html>".to_owned());
            }
            Alteration::Unfilled => self.in_html(|html| html.replace("</body>", "<p>Hello ((name))</p></body>")),
            Alteration::NoButton => self.in_html(|html| without_links(&html)),
            Alteration::NoRecipient => self.to = None,
            Alteration::OtherRecipient => self.to = Some("somebody.else@elsewhere.test".to_owned()),
            Alteration::Distrust => {
                let results = "amazonses.com; spf=fail (spfCheck: domain does not designate 192.0.2.1) client-ip=192.0.2.1; \
                               dkim=fail header.i=@notify-sandbox.gov; dmarc=fail header.from=notify-sandbox.gov;";
                self.received.push(("X-SES-Spam-Verdict", "PASS".to_owned()));
                self.received.push(("Authentication-Results", results.to_owned()));
            }
            Alteration::SubjectMark => self.subject.insert_str(0, "[EXTERNAL] "),
            Alteration::SubjectControl => {
                "Re\u{1b}[31mset\u{8} it\r\n::error file=x::injected\r\n##[error]x".clone_into(&mut self.subject);
            }
            Alteration::Unreadable
            | Alteration::Neighbour
            | Alteration::Stranger
            | Alteration::Masked
            | Alteration::Spaces
            | Alteration::Added
            | Alteration::CodeSpaced
            | Alteration::Split => {}
        }
        self
    }

    /// Puts words above or below both parts.
    fn put(&mut self, words: &str, above: bool) {
        self.text = if above { format!("{words}\n\n{}", self.text) } else { format!("{}\n\n{words}\n", self.text) };
        let block = format!("<div><b>{words}</b></div>");
        self.in_html(|html| {
            let (at, after) = if above { ("<body>", true) } else { ("</body>", false) };
            html.replacen(at, &if after { format!("{at}{block}") } else { format!("{block}{at}") }, 1)
        });
    }

    fn in_html(&mut self, change: impl Fn(String) -> String) {
        self.html = self.html.take().map(change);
    }

    fn rewrite(&mut self, rewritten: &dyn Fn(&str) -> String) {
        self.text = with_links(&self.text, &|link| rewritten(link));
        // In HTML an ampersand is written out.
        self.in_html(|html| with_links(&html, &|link| rewritten(&link.replace("&amp;", "&")).replace('&', "&amp;")));
    }
}

/// What is not seen, where it does no harm to a reader.
fn invisible(text: &str) -> String {
    format!("\u{feff}{}", text.replace(" of ", "\u{a0}o\u{200b}f "))
}

/// A text on its way, with this done to it.
fn altered_text(body: &str, how: Alteration) -> String {
    match how {
        Alteration::Blank => String::new(),
        Alteration::Masked => masked(body),
        Alteration::Spaces => body.replacen(" is ", " is\u{a0}", 1).replacen(" of ", "\u{2003}of\n", 1).replacen(
            " authentication",
            "\nauthentica\u{200b}tion",
            1,
        ),
        Alteration::Added => format!("Sent from your Twilio trial account - {body} [external message]"),
        Alteration::CodeSpaced => match body.split_at_checked(3) {
            Some((one, rest)) if one.bytes().all(|c| c.is_ascii_digit()) => format!("{one} {rest}"),
            _ => body.to_owned(),
        },
        _ => body.to_owned(),
    }
}

/// A text as it comes to the phone after all of this was done to it: in one piece, or in two.
pub fn altered_texts(body: &str, all: &[Alteration]) -> Vec<String> {
    let text = all.iter().fold(body.to_owned(), |text, how| altered_text(&text, *how));
    let middle = text.chars().count() / 2;
    match text.char_indices().nth(middle) {
        Some((at, _)) if at > 0 && all.contains(&Alteration::Split) => {
            vec![text[..at].to_owned(), text[at..].to_owned()]
        }
        _ => vec![text],
    }
}

/// With each run of digits that may be a code hidden.
fn masked(body: &str) -> String {
    let (mut out, mut digits) = (String::new(), String::new());
    for c in body.chars().chain(std::iter::once('\0')) {
        if c.is_ascii_digit() {
            digits.push(c);
            continue;
        }
        out.push_str(if digits.len() >= 4 { MASKED } else { &digits });
        digits.clear();
        out.extend(Some(c).filter(|c| *c != '\0'));
    }
    out
}

/// A broken mail of somebody else.
pub(crate) const STRANGER: &[u8] = b"From: Stranger <s@example.net>\r\nTo: smoke@notify-sandbox.gov\r\nSubject: =?uft-8?q?hel=?=\r\n\
    Message-ID: <a1@example.net>\r\nMIME-Version: 1.0\r\nContent-Type: multipart/alternative; boundary=\"never\"\r\n\r\n\
    Content-Type: text/plain; charset=\"uft-8\"\r\n\r\nhello \xff\xfe ((row)) http://localhost/new-password/Dashboard\r\n";

fn with_links(text: &str, change: &dyn Fn(&str) -> String) -> String {
    let (mut out, mut rest) = (String::new(), text);
    while let Some(at) = rest.find("http") {
        let link = &rest[at..];
        let end = link.find(|c: char| c.is_whitespace() || matches!(c, '"' | '<' | '>')).unwrap_or(link.len());
        out.push_str(&rest[..at]);
        out.push_str(&change(&link[..end]));
        rest = &link[end..];
    }
    out + rest
}

/// Without its elements for links, their words included.
fn without_links(html: &str) -> String {
    let (mut out, mut rest) = (String::new(), html);
    while let Some((before, link)) = rest.split_once("<a ") {
        out.push_str(before);
        rest = link.split_once("</a>").map_or("", |(_, after)| after);
    }
    out + rest
}

fn safe_link(link: &str) -> String {
    let mut encoded = String::new();
    for byte in link.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            // Writing to a String cannot fail.
            let _ = write!(encoded, "%{byte:02X}");
        }
    }
    format!(
        "https://eur05.safelinks.protection.outlook.com/?url={encoded}&data=05%7C02%7Csmoke%40example.gov&reserved=0"
    )
}

/// Cut without regard to words.
fn wrapped(text: &str, width: usize) -> String {
    let mut out = String::new();
    for line in text.lines() {
        let letters: Vec<char> = line.chars().collect();
        for piece in letters.chunks(width) {
            out.extend(piece);
            out.push('\n');
        }
        if letters.is_empty() {
            out.push('\n');
        }
    }
    out
}
