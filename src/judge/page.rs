//! Pages: everything expected at once, on the service's own host, and no page that says that something went wrong.

use crate::model::{Check, PageExpectation, Plan, Snapshot, Wrong};

pub(super) fn judge(expected: &PageExpectation, page: &Snapshot, plan: &Plan) -> Check {
    if page.url.starts_with("chrome-error:") {
        let why = "the browser shows its own error page: the address did not answer".to_owned();
        return Check::Never { wrong: Wrong::Unreachable, why };
    }
    if !is_own(&page.url, plan) {
        // A new browser window has no page yet; anything else is somebody else's page.
        let blank = page.url.is_empty() || page.url.starts_with("about:") || page.url.starts_with("data:");
        let why = format!("the browser is at {}, not at {}", page.url, plan.base_url);
        return if blank {
            Check::NotYet { why, in_doubt: false }
        } else {
            Check::Never { wrong: Wrong::OtherHost, why }
        };
    }
    let here = describe(page, plan);
    let is_error = |heading: &&String| plan.error_headings.iter().any(|known| same(known, heading));
    if let Some(heading) = page.headings.iter().find(is_error) {
        let why = format!("the service showed its error page “{heading}” at {}", path(page, plan));
        return Check::Never { wrong: Wrong::ErrorPage, why };
    }
    if let Some(error) = page.errors.first() {
        return Check::Never { wrong: Wrong::ErrorMessage, why: format!("{here} says “{error}”") };
    }
    let missing = missing(expected, page);
    if missing.is_empty() {
        let seen = format!("“{}” at {}", page.headings.first().unwrap_or(&page.title), path(page, plan));
        return Check::Met { arrived_at: None, blemish: None, seen };
    }
    Check::NotYet { why: format!("{here} has no {}", missing.join(" and no ")), in_doubt: false }
}

fn is_own(url: &str, plan: &Plan) -> bool {
    url.strip_prefix(plan.base_url.as_str()).is_some_and(|rest| rest.is_empty() || rest.starts_with(['/', '?', '#']))
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

fn missing(expected: &PageExpectation, page: &Snapshot) -> Vec<String> {
    let found = [
        ("heading", &expected.heading, has(&page.headings, expected.heading.as_deref())),
        ("field", &expected.field, {
            let labels: Vec<String> = page.controls.iter().map(|control| control.label.clone()).collect();
            has(&labels, expected.field.as_deref())
        }),
        ("button", &expected.button, has(&page.buttons, expected.button.as_deref())),
        ("text", &expected.text, expected.text.as_deref().is_none_or(|text| plain(&page.text).contains(&plain(text)))),
    ];
    found
        .into_iter()
        .filter(|(_, _, found)| !found)
        .map(|(what, word, _)| format!("{what} “{}”", word.as_deref().unwrap_or_default()))
        .collect()
}

fn has(words: &[String], wanted: Option<&str>) -> bool {
    wanted.is_none_or(|wanted| words.iter().any(|word| same(word, wanted)))
}

/// Whether two texts read the same: white space and the form of an apostrophe do not count.
fn same(one: &str, two: &str) -> bool {
    plain(one) == plain(two)
}

fn plain(text: &str) -> String {
    let text = text.replace(['’', '‘'], "'").replace('\u{a0}', " ");
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
