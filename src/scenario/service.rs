//! `service.yaml` and `runbook.yaml`: what is true of one Notify, and what its run book says to do.

use std::collections::BTreeMap;

use super::roads;
use super::words::texts;
use crate::model::{Component, LinkShape, Parts, Runbook, Sentences, Service, Window, WindowFrom};
use crate::yaml::{Entry, Fields, Node, Problem, Reader, Source, parse, quoted};

/// A reset link of the real service is good for an hour, so a longer run could not use it.
const RUN_LONGEST_MS: u64 = 115 * 60_000;
/// A smoke test is run each week at least: its own messages are fresh enough then.
const ALIVE_WITHIN_MS: u64 = 8 * 24 * 3_600_000;
/// A preview and the bucket's retries take up to 9 s each, and a time that has passed ends on an error page.
const LEAD_MS: u64 = 120_000;

/// Reads `service.yaml`.
///
/// # Errors
/// All its problems.
pub fn service(id: &str, source: &Source) -> Result<Service, Vec<Problem>> {
    let tree = parse(source).map_err(|problem| vec![problem])?;
    let mut reader = Reader::new(source);
    let mut fields = reader.fields(&tree, "a service");
    let name = fields.need(&mut reader, "name").and_then(|node| reader.text(node, "a name").map(str::to_owned));
    let headings = fields.need(&mut reader, "error-headings");
    let error_headings = texts(&mut reader, headings, "`error-headings`");
    let windows = fields.need(&mut reader, "windows").map(|node| windows(&mut reader, node)).unwrap_or_default();
    let links = fields.need(&mut reader, "links").map(|node| links(&mut reader, node)).unwrap_or_default();
    let profiles = fields.need(&mut reader, "profiles").map(|node| profiles(&mut reader, node)).unwrap_or_default();
    let roads = roads::read(&mut reader, &mut fields);
    let user_domains = texts(&mut reader, fields.take("user-domains"), "`user-domains`");
    let parts = fields.take("parts").map(|node| parts(&mut reader, node)).unwrap_or_default();
    let text_providers = fields.take("text-providers").and_then(|node| reader.number(node, "`text-providers`"));
    let times = fields.take("times").map(|node| super::times::times(&mut reader, node)).unwrap_or_default();
    let sentences = fields.take("sentences").map(|node| sentences(&mut reader, node)).unwrap_or_default();
    let lead_ms = fields.take("lead").and_then(|node| reader.duration_ms(node, "`lead`")).unwrap_or(LEAD_MS);
    let budget = fields.need(&mut reader, "budget").and_then(|node| budget(&mut reader, node));
    let code = fields.need(&mut reader, "code").and_then(|node| code(&mut reader, node));
    let alive = fields.take("alive-within").and_then(|node| reader.duration_ms(node, "`alive-within`"));
    let longest = fields.take("run-longest").and_then(|node| reader.duration_ms(node, "`run-longest`"));
    fields.finish(&mut reader);
    match (name, budget, code) {
        (Some(name), Some(budget), Some(code)) if reader.problems.is_empty() => Ok(Service {
            id: id.to_owned(),
            name,
            error_headings,
            sentences,
            times,
            user_domains,
            parts: Parts { names: parts, text_providers: text_providers.unwrap_or(0) },
            roads,
            windows,
            lead_ms,
            links,
            code_length: code.length,
            codes_kept: code.kept,
            codes_live_max: budget.codes_live,
            code_lifetime_ms: code.lifetime_ms,
            profiles,
            failed_logins_max: budget.failed_logins,
            resets_per_hour: budget.resets_per_hour,
            alive_within_ms: alive.unwrap_or(ALIVE_WITHIN_MS),
            run_longest_ms: longest.unwrap_or(RUN_LONGEST_MS),
        }),
        _ => Err(reader.problems),
    }
}

/// What a next step may name of the run that it is told in: its id, the environment, the minutes that went wrong.
const RUNBOOK_HOLES: [&str; 3] = ["run", "environment", "minutes"];

/// Reads `runbook.yaml`: component, or the id of one of these causes, to next step.
///
/// # Errors
/// All its problems.
pub fn runbook(source: &Source, causes: &[&str]) -> Result<Runbook, Vec<Problem>> {
    let tree = parse(source).map_err(|problem| vec![problem])?;
    let mut reader = Reader::new(source);
    let mut fields = reader.fields(&tree, "a run book");
    let impact = fields.take("impact").map(|node| impact(&mut reader, node, causes)).unwrap_or_default();
    let decides = fields.take("decides").map(|node| decides(&mut reader, node, causes)).unwrap_or_default();
    let mut steps = BTreeMap::new();
    for entry in fields.rest() {
        part_or_cause(&mut reader, entry, causes);
        if let Some(text) = next_step(&mut reader, &entry.value) {
            steps.insert(entry.key.clone(), text);
        }
    }
    if reader.problems.is_empty() { Ok(Runbook { steps, impact, decides }) } else { Err(reader.problems) }
}

fn next_step(reader: &mut Reader<'_>, node: &Node) -> Option<String> {
    let text = reader.text(node, "a next step")?;
    for hole in text.split("{{").skip(1).filter_map(|rest| rest.split("}}").next()) {
        if !RUNBOOK_HOLES.contains(&hole.trim()) || hole.trim().len() + 2 != hole.len() {
            reader.problem(
                node.mark,
                format!("unknown value `{{{{{hole}}}}}` in a next step"),
                format!("The values are {}; write them as `{{{{ run }}}}`.", quoted(&RUNBOOK_HOLES)),
            );
        }
    }
    Some(text.trim().to_owned())
}

/// The keys of a run book are components, or causes where that is narrower.
fn part_or_cause(reader: &mut Reader<'_>, entry: &Entry, causes: &[&str]) {
    let names: Vec<&str> = Component::PROVABLE.into_iter().chain(Component::AROUND).map(Component::name).collect();
    if !names.contains(&entry.key.as_str()) && !causes.contains(&entry.key.as_str()) {
        reader.problem(
            entry.key_mark,
            format!("unknown component or cause `{}`", entry.key),
            format!("The components are {}; `notify-smoke explain` lists the causes.", quoted(&names)),
        );
    }
}

/// What does not work while a component is broken, or by one of these causes.
fn impact(reader: &mut Reader<'_>, node: &Node, causes: &[&str]) -> BTreeMap<String, String> {
    let mut all = BTreeMap::new();
    for entry in reader.fields(node, "`impact`").rest() {
        part_or_cause(reader, entry, causes);
        let text = reader.text(&entry.value, "what does not work").map(|text| text.trim().to_owned());
        all.extend(text.map(|text| (entry.key.clone(), text)));
    }
    all
}

/// What people of the service call the parts that are products.
fn parts(reader: &mut Reader<'_>, node: &Node) -> BTreeMap<String, String> {
    let roles: Vec<&str> = Component::PROVABLE.into_iter().filter_map(Component::role).collect();
    let mut all = BTreeMap::new();
    for entry in reader.fields(node, "`parts`").rest() {
        if !roles.contains(&entry.key.as_str()) {
            let mend = format!("Parts with names of their own are {}.", quoted(&roles));
            reader.problem(entry.key_mark, format!("`{}` is called the same in every service", entry.key), mend);
        }
        all.extend(reader.text(&entry.value, "a name").map(|name| (entry.key.clone(), name.to_owned())));
    }
    all
}

/// The look that tells a cause from its neighbours, where the service has a better word for it than the table of causes.
fn decides(reader: &mut Reader<'_>, node: &Node, causes: &[&str]) -> BTreeMap<String, String> {
    let mut all = BTreeMap::new();
    for entry in reader.fields(node, "`decides`").rest() {
        if !causes.contains(&entry.key.as_str()) {
            let what = format!("unknown cause `{}`", entry.key);
            reader.problem(entry.key_mark, what, "`notify-smoke explain` lists the causes.");
        }
        let text = reader.text(&entry.value, "what decides").map(|text| text.trim().to_owned());
        all.extend(text.map(|text| (entry.key.clone(), text)));
    }
    all
}

fn windows(reader: &mut Reader<'_>, node: &Node) -> BTreeMap<String, Window> {
    let mut all = BTreeMap::new();
    for entry in reader.fields(node, "`windows`").rest() {
        let mut fields = reader.fields(&entry.value, "a window");
        let mut time =
            |reader: &mut Reader<'_>, key| fields.take(key).and_then(|node| reader.duration_ms(node, "a limit"));
        let not_before_ms = time(reader, "not-before").unwrap_or(0);
        let on_time_ms = time(reader, "on-time");
        let late_ms = time(reader, "late");
        let settle_ms = time(reader, "settle").unwrap_or(5_000);
        let second_try_ms = time(reader, "second-try");
        let while_moving_ms = time(reader, "while-moving");
        let standstill_ms = time(reader, "standstill");
        let from = fields.take("from").and_then(|node| window_from(reader, node)).unwrap_or_default();
        fields.finish(reader);
        let (Some(on_time_ms), Some(late_ms)) = (on_time_ms, late_ms) else {
            reader.problem(
                entry.key_mark,
                format!("window `{}` needs `on-time` and `late`", entry.key),
                "Add both: { on-time: 60s, late: 7m }.",
            );
            continue;
        };
        if late_ms < on_time_ms || on_time_ms < not_before_ms {
            reader.problem(
                entry.key_mark,
                format!("window `{}` cannot hold", entry.key),
                "Order its limits: not-before ≤ on-time ≤ late.",
            );
        }
        let limits = Window::plain(not_before_ms, on_time_ms, late_ms, settle_ms);
        all.insert(entry.key.clone(), Window { from, second_try_ms, while_moving_ms, standstill_ms, ..limits });
    }
    all
}

fn window_from(reader: &mut Reader<'_>, node: &Node) -> Option<WindowFrom> {
    Some(match reader.known(node, "beginning of a window", &["press", "slot", "pickup"], "It counts from")?.as_str() {
        "slot" => WindowFrom::Slot,
        "pickup" => WindowFrom::Pickup,
        _ => WindowFrom::Trigger,
    })
}

fn links(reader: &mut Reader<'_>, node: &Node) -> Vec<LinkShape> {
    let mut shapes = Vec::new();
    for item in reader.list(node, "`links`") {
        let mut fields = reader.fields(item, "a link's shape");
        let path = fields.need(reader, "path").and_then(|node| reader.text(node, "a path").map(str::to_owned));
        let issued_at = fields.need(reader, "issued-at").and_then(|node| super::link::issued_at(reader, node));
        let lifetime = fields.need(reader, "lifetime").and_then(|node| reader.duration_ms(node, "`lifetime`"));
        fields.finish(reader);
        let shape = path.zip(issued_at).zip(lifetime);
        shapes.extend(shape.map(|((path, issued_at), lifetime_ms)| LinkShape { path, issued_at, lifetime_ms }));
    }
    shapes
}

fn profiles(reader: &mut Reader<'_>, node: &Node) -> BTreeMap<String, Vec<String>> {
    let entries = reader.fields(node, "`profiles`").rest();
    entries.iter().map(|entry| (entry.key.clone(), texts(reader, Some(&entry.value), "a profile"))).collect()
}

/// What is true of texted codes.
struct Code {
    length: u32,
    lifetime_ms: u64,
    kept: u32,
}

fn code(reader: &mut Reader<'_>, node: &Node) -> Option<Code> {
    let mut fields = reader.fields(node, "`code`");
    let length = fields.need(reader, "length").and_then(|node| reader.number(node, "`length`"));
    let lifetime = fields.need(reader, "lifetime").and_then(|node| reader.duration_ms(node, "`lifetime`"));
    let kept = fields.take("kept").and_then(|node| reader.number(node, "`kept`")).unwrap_or(0);
    fields.finish(reader);
    Some(Code { length: length?, lifetime_ms: lifetime?, kept })
}

/// What a run may ask for.
struct Budget {
    resets_per_hour: u32,
    codes_live: u32,
    failed_logins: u32,
}

fn budget(reader: &mut Reader<'_>, node: &Node) -> Option<Budget> {
    let mut fields: Fields<'_> = reader.fields(node, "`budget`");
    let resets = fields.need(reader, "resets-per-hour").and_then(|node| reader.number(node, "`resets-per-hour`"));
    let codes = fields.need(reader, "codes-live").and_then(|node| reader.number(node, "`codes-live`"));
    let logins = fields.need(reader, "failed-logins").and_then(|node| reader.number(node, "`failed-logins`"));
    fields.finish(reader);
    Some(Budget { resets_per_hour: resets?, codes_live: codes?, failed_logins: logins? })
}

fn sentences(reader: &mut Reader<'_>, node: &Node) -> Sentences {
    let mut fields = reader.fields(node, "`sentences`");
    let set_up = texts(reader, fields.take("set-up"), "`set-up`");
    let given_up = texts(reader, fields.take("given-up"), "`given-up`");
    let undelivered = texts(reader, fields.take("undelivered"), "`undelivered`");
    let mut text = |reader: &mut Reader<'_>, key| {
        fields.take(key).and_then(|node| reader.text(node, "a sentence").map(str::to_owned)).unwrap_or_default()
    };
    let found = Sentences {
        signed_out_elsewhere: text(reader, "signed-out-elsewhere"),
        signed_out: text(reader, "signed-out"),
        sign_in_refused: text(reader, "sign-in-refused"),
        code_refused: text(reader, "code-refused"),
        code_expired: text(reader, "code-expired"),
        set_up,
        trial: text(reader, "trial"),
        job_waits: text(reader, "job-waits"),
        job_sends: text(reader, "job-sends"),
        job_works: text(reader, "job-works"),
        job_done: text(reader, "job-done"),
        job_empty: text(reader, "job-empty"),
        job_gone: text(reader, "job-gone"),
        delivered: text(reader, "delivered"),
        given_up,
        undelivered,
    };
    fields.finish(reader);
    found
}
