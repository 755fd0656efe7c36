//! Pages: everything expected at once, on the service's own host, and no page that says that something went wrong.

use jiff::{SignedDuration, Timestamp};

use super::{Context, Judgement};
use crate::model::{
    Captured, Check, DialogKind, FailureKind, PageExpectation, Plan, SlotShown, Snapshot, Template, Wrong,
};
use crate::reading::plain;

pub(super) fn judge(expected: &PageExpectation, page: &Snapshot, context: &Context<'_>) -> Judgement {
    let plan = context.plan;
    if let Some(check) = other_sign_in(expected, page, plan).or_else(|| elsewhere(page, plan)) {
        return check.into();
    }
    if context.is_stale {
        return asked(page, plan, context.dialogs_before).unwrap_or_else(still_there).into();
    }
    let slot = match expected.time {
        Some(SlotShown::Checked) => match checked_time(page, context) {
            Ok(slot) => Some(slot),
            // No form is there: what the page says instead tells more.
            Err(Check::NotYet { why, too_near: false, .. }) => {
                return said(page, plan).unwrap_or_else(|| Check::not_yet(why)).into();
            }
            Err(check) => return check.into(),
        },
        Some(SlotShown::Named) | None => None,
    };
    let missing = missing(expected, page, context);
    let status = page.status.filter(|status| *status >= 400);
    if let (true, Some(status)) = (missing.is_empty(), status) {
        // Whatever its words say: it was not served as that page.
        let why = format!("{} came with HTTP {status}, though it shows what it should", describe(page, plan));
        return if status >= 500 { Check::never(Wrong::ErrorPage, why) } else { Check::not_yet(why) }.into();
    }
    if let (Some(SlotShown::Named), Some(slot)) = (expected.time, context.slot)
        && let Some(check) = other_time(page, slot, context)
    {
        // Its address is kept all the same: what waits for a wrong time is cancelled there.
        let captured = matches!(context.capture, Some(Captured::Page)).then(|| page.address().to_owned());
        return Judgement { check, captured };
    }
    if !missing.is_empty() {
        return said(page, plan).unwrap_or_else(|| without(page, plan, &missing)).into();
    }
    let seen = match slot {
        Some(slot) => format!("{} is chosen", slot.strftime("%F %H:%M:%S UTC")),
        None => format!("“{}” at {}", page.headings.first().unwrap_or(&page.title), path(page, plan)),
    };
    let captured = matches!(context.capture, Some(Captured::Page)).then(|| page.address().to_owned());
    Judgement { check: Check::Met { arrived_at: None, blemish: None, slot, seen, note: note(page) }, captured }
}

/// What is said of a page that lacks something.
fn without(page: &Snapshot, plan: &Plan, missing: &[String]) -> Check {
    if let Some(status) = page.status.filter(|status| is_gateway(*status)) {
        let why = format!("{} came with HTTP {status}: router or app cannot serve it", describe(page, plan));
        return Check::never(Wrong::Gateway, why);
    }
    if let Some(status) = page.status.filter(|status| *status >= 500) {
        return Check::never(Wrong::ErrorPage, format!("{} came with HTTP {status}", describe(page, plan)));
    }
    if let Some(check) = asked(page, plan, 0) {
        return check;
    }
    let status = page.status.map(|status| format!(" (HTTP {status})")).unwrap_or_default();
    let dialog =
        page.dialogs.first().map(|dialog| format!("; a dialog said “{}”", plain(&dialog.text))).unwrap_or_default();
    Check::not_yet(format!("{}{status} has no {}{dialog}", describe(page, plan), missing.join(" and no ")))
}

/// A page that should ask for the password, and sends people another way: to somebody else's host, or by a link or button of its
/// own. Nothing is broken then, and nothing is known of what comes after the sign-in.
fn other_sign_in(expected: &PageExpectation, page: &Snapshot, plan: &Plan) -> Option<Check> {
    let label = expected.field.as_ref()?.to_string();
    let asks = |control: &crate::model::Control| control.kind == "password" || same(&control.label, &label);
    if !plan.is_password(&label) || page.controls.iter().any(asks) || page.status.is_some_and(|status| status >= 400) {
        return None;
    }
    let is_page = page.url.starts_with("https:") || page.url.starts_with("http:");
    if is_page && !plan.is_own(&page.url) {
        let host =
            url::Url::parse(&page.url).ok().and_then(|url| url.host_str().map(str::to_owned)).unwrap_or_default();
        return Some(Check::never(
            Wrong::OtherSignIn,
            format!("signing in leads to {host}, and not to a page that asks for {label}"),
        ));
    }
    let is_error = page.headings.iter().any(|heading| plan.error_headings.iter().any(|known| same(known, heading)));
    let described = expected.button.iter().chain(&expected.heading).map(ToString::to_string);
    let described: Vec<String> = described.collect();
    let words = page.buttons.iter().chain(page.links.iter().map(|link| &link.text));
    let mut ways = words.filter(|word| {
        let word = plain(word).to_lowercase();
        let is_described = described.iter().any(|known| plain(known).to_lowercase() == word);
        ["sign in", "log in"].iter().any(|way| word.contains(way)) && !is_described
    });
    let way = ways.next().filter(|_| is_page && !is_error && page.errors.is_empty())?;
    let why = format!("{} asks for no {label}, and offers “{}”", describe(page, plan), plain(way));
    Some(Check::never(Wrong::OtherSignIn, why))
}

/// A page that asks something before it goes on; not what it asked before anything was done on it.
fn asked(page: &Snapshot, plan: &Plan, before: usize) -> Option<Check> {
    let asked = page.dialogs.iter().skip(before).find(|dialog| dialog.kind != DialogKind::Alert)?;
    let why = format!("{} asked “{}”, which nobody answered", describe(page, plan), plain(&asked.text));
    Some(Check::never(Wrong::Asked, why))
}

fn still_there() -> Check {
    Check::not_yet("the browser still shows the page on which it was done")
}

/// What has to be said of a page that shows all that it should: what stands on it besides decides nothing.
fn note(page: &Snapshot) -> Option<String> {
    let banners = page.errors.iter().map(|banner| format!("the page also says “{}”", plain(banner)));
    let dialogs =
        page.dialogs.iter().map(|dialog| format!("a dialog said “{}”, and was answered with no", plain(&dialog.text)));
    let notes: Vec<String> = banners.chain(dialogs).collect();
    (!notes.is_empty()).then(|| notes.join("; "))
}

/// A page that is not the service's: whatever it shows counts for nothing.
fn elsewhere(page: &Snapshot, plan: &Plan) -> Option<Check> {
    if page.url.starts_with("chrome-error:") {
        return Some(browsers_own_page(page));
    }
    if plan.is_own(&page.url) {
        return None;
    }
    // A new browser window has no page yet; anything else is somebody else's page.
    let blank = page.url.is_empty() || page.url.starts_with("about:") || page.url.starts_with("data:");
    Some(if blank {
        Check::not_yet("the browser shows a blank page: nothing came, or something that is no page")
    } else {
        let why = format!("the browser is at {}, not at {}", page.url, plan.base_url);
        Check::never(Wrong::OtherHost, why)
    })
}

/// What is wrong with a page that does not show what it should, by what it says.
pub(super) fn trouble(page: &Snapshot, plan: &Plan) -> Option<Check> {
    elsewhere(page, plan).or_else(|| said(page, plan))
}

/// What a page says for itself.
fn said(page: &Snapshot, plan: &Plan) -> Option<Check> {
    let is_error = |heading: &&String| plan.error_headings.iter().any(|known| same(known, heading));
    if let Some(heading) = page.headings.iter().find(is_error) {
        let why = format!("the service showed its error page “{heading}” at {}", path(page, plan));
        return Some(Check::never(Wrong::ErrorPage, why));
    }
    let text = plain(&page.text);
    let says = |sentence: &str| !sentence.is_empty() && text.contains(&plain(sentence));
    // What stands around the page's own part is no word of this page.
    let beside = plain(&page.beside);
    let says_itself = |sentence: &str| {
        let sentence = plain(sentence);
        !sentence.is_empty() && text.matches(&sentence).count() > beside.matches(&sentence).count()
    };
    let known = &plan.sentences;
    let meanings = [
        (&known.signed_out_elsewhere, Wrong::SignedOutElsewhere),
        (&known.signed_out, Wrong::SignedOut),
        (&known.sign_in_refused, Wrong::SignInRefused),
        (&known.code_refused, Wrong::SignInRefused),
        (&known.code_expired, Wrong::SignInRefused),
        (&known.trial, Wrong::Trial),
    ];
    let here = describe(page, plan);
    // What stands in every header is a link or a button, and no page.
    let leads_there = |sentence: &str| {
        page.links.iter().map(|link| &link.text).chain(&page.buttons).any(|word| same(word, sentence))
            && !page.headings.iter().any(|heading| same(heading, sentence))
    };
    if let Some(sentence) = known.set_up.iter().find(|sentence| says_itself(sentence) && !leads_there(sentence)) {
        return Some(Check::never(Wrong::SetUp, format!("{here} says “{sentence}”")));
    }
    if let Some((sentence, wrong)) = meanings.into_iter().find(|(sentence, _)| says(sentence)) {
        return Some(Check::never(wrong, format!("{here} says “{sentence}”")));
    }
    let error = page.errors.first()?;
    Some(Check::never(Wrong::ErrorMessage, format!("{here} says “{error}”")))
}

/// Clocks may be apart by so much before a job counts as begun too early.
const EARLY: SignedDuration = SignedDuration::from_secs(2);

/// Whether the page of a job tells of another time than the one that was chosen.
fn other_time(page: &Snapshot, slot: Timestamp, context: &Context<'_>) -> Option<Check> {
    let sentences = &context.plan.sentences;
    let times = &context.plan.times;
    let (job, chosen) = (page.job(sentences), times.named(slot));
    if job.begun && context.now < slot.saturating_sub(EARLY).unwrap_or(slot) {
        let why = format!("the time {} was chosen, and the job has begun before it", chosen.trim_start_matches("at "));
        return Some(Check::never(Wrong::SentAtOnce, why));
    }
    if !job.waits || sentences.job_sends.is_empty() {
        return None;
    }
    let text = plain(&page.text);
    let shown = text.split(sentences.job_sends.as_str()).skip(1).filter_map(|rest| times.first_in(rest)).last()?;
    (shown != chosen).then(|| {
        let (chosen, shown) = (chosen.trim_start_matches("at "), shown.trim_start_matches("at "));
        Check::never(Wrong::OtherTime, format!("the time {chosen} was chosen, and the job's page says {shown}"))
    })
}

/// Chromium's page for an address that could not be opened, or for an answer without a page; it names what it was.
fn browsers_own_page(page: &Snapshot) -> Check {
    let words: Vec<&str> = page.text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').collect();
    let after = |two: [&str; 2]| words.windows(3).find(|three| three[..2] == two).map(|three| three[2]);
    if let Some(status) = after(["HTTP", "ERROR"]).and_then(|word| word.parse::<u16>().ok()) {
        let wrong = if is_gateway(status) { Wrong::Gateway } else { Wrong::Unreachable };
        return Check::never(wrong, format!("the address answered with HTTP {status} and no page"));
    }
    let is_code = |word: &&&str| word.starts_with("ERR_") || word.starts_with("DNS_PROBE_");
    let Some(code) = words.iter().find(is_code) else {
        return Check::never(Wrong::Unreachable, "the browser shows an error page of its own that names no error");
    };
    let wrong = match FailureKind::of_net_error(code) {
        FailureKind::Tls => Wrong::Untrusted,
        FailureKind::Harness => Wrong::Offline,
        _ => Wrong::Unreachable,
    };
    Check::never(wrong, format!("the browser could not open the page: {code}"))
}

/// A platform's router answers so where no instance of an app does; an app that cannot serve answers so too.
fn is_gateway(status: u16) -> bool {
    (502..=504).contains(&status)
}

/// The time that the form would send. With "Now" chosen, pressing the button would send at once.
fn checked_time(page: &Snapshot, context: &Context<'_>) -> Result<Timestamp, Check> {
    let checked = page.controls.iter().find(|control| control.kind == "radio" && control.checked);
    let control = &context.plan.times.choice.control;
    let sent = if control.is_empty() {
        checked.map(|radio| radio.value.as_deref().unwrap_or_default())
    } else {
        page.sends.get(control).map(String::as_str)
    };
    let Some(value) = sent else { return Err(Check::not_yet("no time is chosen")) };
    let Some(slot) = moment(value) else {
        let chosen = checked.map_or("nothing", |radio| radio.label.as_str());
        let why = format!("“{chosen}” is chosen, which would send at once; nothing was pressed");
        return Err(Check::never(Wrong::NotScheduled, why));
    };
    // It was far enough away a moment ago; half of that is enough to press the button.
    let lead = SignedDuration::from_millis(i64::try_from(context.plan.lead_ms / 2).unwrap_or(0));
    if slot.duration_since(context.now) < lead {
        let why = format!("{} is too near", slot.strftime("%H:%M:%S UTC"));
        return Err(Check::NotYet { why, in_doubt: false, too_near: true, instead: None });
    }
    Ok(slot)
}

/// A time of a form: UTC, where it names no zone.
fn moment(value: &str) -> Option<Timestamp> {
    value.parse().or_else(|_| format!("{value}Z").parse()).ok()
}

fn describe(page: &Snapshot, plan: &Plan) -> String {
    match page.headings.first() {
        Some(heading) => format!("the page “{heading}” at {}", path(page, plan)),
        None => format!("a page without a heading at {}", path(page, plan)),
    }
}

/// The page's address on the service's own host, without its query: that carries nothing for a reader.
fn path<'p>(page: &'p Snapshot, plan: &Plan) -> &'p str {
    let path = page.url.strip_prefix(plan.base_url.as_str()).unwrap_or(&page.url);
    path.split('?').next().unwrap_or(path)
}

fn missing(expected: &PageExpectation, page: &Snapshot, context: &Context<'_>) -> Vec<String> {
    let labels: Vec<String> = page.controls.iter().map(|control| control.label.clone()).collect();
    let links: Vec<String> = page.links.iter().map(|link| link.text.clone()).collect();
    let text = plain(&page.text);
    let listed = |words: &[String], wanted: &str| words.iter().any(|word| same(word, wanted));
    let words = [
        ("heading", &expected.heading, &page.headings),
        ("field", &expected.field, &labels),
        ("button", &expected.button, &page.buttons),
        ("link", &expected.link, &links),
    ];
    // A slow answer may come when the time has passed: then the job has begun, and does not wait any more.
    let begun = expected.time == Some(SlotShown::Named)
        && context.slot.is_some_and(|slot| slot <= context.now)
        && page.job(&context.plan.sentences).begun;
    let waits = &context.plan.sentences.job_waits;
    let mut missing: Vec<String> = words
        .into_iter()
        .filter_map(|(what, word, there)| {
            let word = context.word(word.as_ref()?);
            let excused = begun && word == *waits;
            (!excused && !listed(there, &word)).then(|| format!("{what} “{word}”"))
        })
        .collect();
    if let Some(word) =
        expected.text.as_ref().map(|word| plain(&context.word(word))).filter(|word| !text.contains(word))
    {
        missing.push(format!("text “{word}”"));
    }
    missing.extend(expected.table.iter().filter_map(|row| missing_row(row, page, context)));
    if let (Some(SlotShown::Named), Some(slot)) = (expected.time, context.slot.filter(|_| !begun)) {
        let words = context.plan.times.named(slot);
        if !text.contains(&words) {
            missing.push(format!("“{words}”"));
        }
    }
    missing
}

/// A row of the list that no table shows. The page's rows begin with a number of their own.
fn missing_row(row: &[Template], page: &Snapshot, context: &Context<'_>) -> Option<String> {
    let wanted: Vec<String> = row.iter().map(|cell| plain(&context.word(cell))).collect();
    let shown = page.tables.iter().flatten().any(|cells| {
        let cells: Vec<String> = cells.iter().map(|cell| plain(cell)).collect();
        cells.ends_with(&wanted)
    });
    (!shown).then(|| format!("row “{}”", wanted.join(", ")))
}

/// Whether two texts read the same: white space and the form of an apostrophe do not count.
fn same(one: &str, two: &str) -> bool {
    plain(one) == plain(two)
}

#[cfg(test)]
mod own_pages {
    use super::*;

    #[test]
    fn chromiums_own_page_says_whose_trouble_it_is() {
        let cases = [
            ("This site can’t be reached\n\nERR_EMPTY_RESPONSE", Wrong::Unreachable, "ERR_EMPTY_RESPONSE"),
            ("Your connection is not private\n\nNET::ERR_CERT_DATE_INVALID", Wrong::Untrusted, "ERR_CERT_DATE_INVALID"),
            ("No internet\n\nERR_INTERNET_DISCONNECTED", Wrong::Offline, "ERR_INTERNET_DISCONNECTED"),
            ("No internet\n\nDNS_PROBE_FINISHED_NO_INTERNET", Wrong::Offline, "DNS_PROBE_FINISHED_NO_INTERNET"),
            ("Can’t be reached\n\nDNS_PROBE_FINISHED_NXDOMAIN", Wrong::Unreachable, "DNS_PROBE_FINISHED_NXDOMAIN"),
            ("This page isn’t working\n\nHTTP ERROR 503", Wrong::Gateway, "HTTP 503 and no page"),
            ("This page isn’t working\n\nHTTP ERROR 500", Wrong::Unreachable, "HTTP 500 and no page"),
            ("Something", Wrong::Unreachable, "names no error"),
        ];
        for (text, expected, sentence) in cases {
            let page = Snapshot { text: text.to_owned(), ..Snapshot::default() };
            let Check::Never { wrong, why } = browsers_own_page(&page) else { panic!("{text}") };
            assert_eq!(wrong, expected, "{text}");
            assert!(why.ends_with(sentence), "{why}");
        }
    }
}
