//! HTML as text: what a mail program shows, block by block, and where its links lead.

use html5gum::emitters::default::DefaultEmitter;
use html5gum::{StartTag, Token, Tokenizer};

/// Links of one part that are looked at.
const LINKS_MAX: usize = 200;

/// What is shown of a piece of HTML.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Rendered {
    /// A line for each block.
    pub text: String,
    /// Where its links lead, in order.
    pub hrefs: Vec<String>,
}

/// Elements that have nothing after them.
const VOID: [&str; 14] =
    ["area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "param", "source", "track", "wbr"];
/// Elements whose text is not shown.
const SILENT: [&str; 8] = ["head", "title", "style", "script", "template", "noscript", "object", "textarea"];
/// Elements of a head: any other one ends it.
const IN_HEAD: [&str; 9] = ["head", "title", "meta", "link", "style", "script", "base", "noscript", "template"];
/// Elements that stand in a line; all others begin one of their own.
const INLINE: [&str; 24] = [
    "a", "abbr", "b", "bdi", "bdo", "big", "cite", "code", "em", "font", "i", "img", "ins", "label", "mark", "o:p",
    "q", "s", "small", "span", "strong", "sub", "sup", "u",
];

/// Renders it.
pub fn render(html: &str) -> Rendered {
    let mut page = Page::default();
    let mut emitter = DefaultEmitter::default();
    emitter.naively_switch_states(true);
    for Ok(token) in Tokenizer::new_with_emitter(html, emitter) {
        match token {
            Token::StartTag(tag) => page.opens(&tag),
            Token::EndTag(tag) => page.closes(&String::from_utf8_lossy(&tag.name)),
            Token::String(text) => page.says(&String::from_utf8_lossy(&text)),
            Token::Comment(_) | Token::Doctype(_) | Token::Error(_) => {}
        }
    }
    let lines = page.text.lines().map(str::trim).filter(|line| !line.is_empty());
    Rendered { text: lines.collect::<Vec<_>>().join("\n"), hrefs: page.hrefs }
}

#[derive(Default)]
struct Page {
    text: String,
    hrefs: Vec<String>,
    /// The element that hides all in it, and how many of its name are open.
    hidden: Option<(String, usize)>,
}

impl Page {
    fn opens(&mut self, tag: &StartTag<()>) {
        let name = String::from_utf8_lossy(&tag.name).into_owned();
        let is_void = tag.self_closing || VOID.contains(&name.as_str());
        // Ends that may be left out: of a head before its body, of a paragraph before the next block.
        let ends = match &self.hidden {
            Some((hider, _)) if hider == "head" => !IN_HEAD.contains(&name.as_str()),
            Some((hider, _)) if hider == "p" => !INLINE.contains(&name.as_str()) && !is_void,
            Some(_) | None => false,
        };
        if ends {
            self.hidden = None;
        }
        if let Some((hider, open)) = &mut self.hidden {
            *open += usize::from(*hider == name && !is_void);
            return;
        }
        if !is_void && (SILENT.contains(&name.as_str()) || hides(tag)) {
            self.hidden = Some((name, 1));
            return;
        }
        if let Some(href) = attribute(tag, "href").filter(|_| matches!(name.as_str(), "a" | "area"))
            && self.hrefs.len() < LINKS_MAX
        {
            self.hrefs.push(href.trim().to_owned());
        }
        self.breaks(&name);
    }

    fn closes(&mut self, name: &str) {
        match &mut self.hidden {
            Some((hider, open)) if hider == name => {
                *open -= 1;
                if *open == 0 {
                    self.hidden = None;
                }
            }
            // An element that was never closed hides no more than the page's body.
            Some(_) if matches!(name, "body" | "html") => self.hidden = None,
            Some(_) => {}
            None => self.breaks(name),
        }
    }

    fn breaks(&mut self, name: &str) {
        if !INLINE.contains(&name) {
            self.text.push('\n');
        }
    }

    fn says(&mut self, text: &str) {
        if self.hidden.is_none() {
            // Line breaks of the source are blanks.
            self.text.extend(text.chars().map(|c| if c.is_whitespace() && c != '\u{a0}' { ' ' } else { c }));
        }
    }
}

fn attribute(tag: &StartTag<()>, name: &str) -> Option<String> {
    tag.attributes.get(name.as_bytes()).map(|value| String::from_utf8_lossy(value).into_owned())
}

/// Whether an element is not shown: previews for lists of mails are written so.
fn hides(tag: &StartTag<()>) -> bool {
    let style: String = attribute(tag, "style").unwrap_or_default().to_lowercase().split_whitespace().collect();
    let declared = |what: &str| {
        style.split(';').any(|declaration| declaration == what || declaration == format!("{what}!important"))
    };
    tag.attributes.contains_key(b"hidden".as_slice())
        || ["display:none", "visibility:hidden", "mso-hide:all"].into_iter().any(declared)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(html: &str) -> String {
        render(html).text
    }

    #[test]
    fn blocks_do_not_run_together() {
        assert_eq!(text("<p>This is row one.</p><p>Nobody <b>needs</b> it.</p>"), "This is row one.\nNobody needs it.");
        assert_eq!(text("<table><tr><td>a</td><td>b</td></tr></table>c<br>d"), "a\nb\nc\nd");
        assert_eq!(text("one\r\n two"), "one  two");
    }

    #[test]
    fn what_is_not_shown_is_not_read() {
        let hidden = [
            "<title>x</title>",
            "<style>p { color: red }</style>",
            "<script>alert('<p>x</p>')</script>",
            "<span style=\"display: none; font-size: 1px\">x<b>x</b>…</span>",
            "<div hidden>x<div>x</div>x</div>",
            "<p style='Visibility : Hidden'>x</p>",
            "<!-- x --><!--[if mso]><p>x</p><![endif]-->",
        ];
        for piece in hidden {
            assert_eq!(text(&format!("<html><body>{piece}<p>here</p></body></html>")), "here", "{piece}");
        }
        assert_eq!(text("<img alt='x' style='display:none'>here"), "here", "an image has no end");
        assert_eq!(text("<div style='display:none'>x</body>here"), "here");
        assert_eq!(text("<head><title>x</title><style>x</style><body><p>here"), "here", "a head may be left open");
        assert_eq!(text("<p style='display:none'>x<b>x</b><p>here"), "here", "and a paragraph");
    }

    #[test]
    fn entities_are_decoded_in_links_and_text() {
        let page = render("<a href=\"http://h/new-password/a&amp;b?next=%2Fx&#38;y\">it&rsquo;s here</a>");
        assert_eq!(page.hrefs, ["http://h/new-password/a&b?next=%2Fx&y"]);
        assert_eq!(page.text, "it’s here");
    }

    #[test]
    fn an_empty_page_is_empty() {
        for html in ["", "<html lang=en><body></body></html>", "<p> </p><br/>"] {
            assert_eq!(render(html), Rendered::default(), "{html}");
        }
    }
}
