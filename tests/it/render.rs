//! Reports of recorded runs, held as golden files beside the journals. `BLESS=1` writes them anew; then read them.

use notify_smoke::history::History;
use notify_smoke::journal::replay;
use notify_smoke::render::{json, junit, text};

use crate::replay::journals;
use crate::support::root;

#[test]
fn reports_do_not_change() {
    for (name, bytes) in journals() {
        let history = History::of(&replay(&bytes).expect("a journal").events).expect("a history");
        let pretty = serde_json::to_string_pretty(&json::json(&history)).expect("JSON");
        let reports =
            [("txt", text::text(&history, "runs/local/X")), ("json", pretty), ("xml", junit::junit(&history))];
        for (end, report) in reports {
            let golden = root().join(format!("tests/journals/v1/{name}.{end}"));
            if std::env::var_os("BLESS").is_some() {
                std::fs::write(&golden, &report).expect("a file");
            }
            assert_eq!(report, std::fs::read_to_string(&golden).unwrap_or_default(), "{name}.{end}");
        }
    }
}

#[test]
fn a_failure_reads_in_the_order_of_use() {
    let (_, bytes) = journals().into_iter().find(|(name, _)| name.starts_with("failed")).expect("a failed journal");
    let history = History::of(&replay(&bytes).expect("a journal").events).expect("a history");
    let text = text::text(&history, "runs/local/X");
    let places: Vec<usize> = [
        "Expected",
        "Last seen",
        "Because",
        "To decide",
        "Next",
        "Password reset: failed",
        "hop by hop",
        "Journal and evidence",
    ]
    .iter()
    .map(|word| text.find(word).unwrap_or_else(|| panic!("no {word} in\n{text}")))
    .collect();
    assert!(places.is_sorted(), "{text}");
}
