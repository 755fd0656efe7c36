//! The wrapper of `docs/adopt`, as somebody has copied it: up to a green job.

use std::collections::BTreeMap;

use super::COMMIT;
use super::runner::{Runner, expanded};
use crate::support::{Desk, Sandbox, copy, root};

/// What the wrapper hands on to the action, where its own inputs are these.
fn handed_on(inputs: &[(&str, &str)]) -> Vec<(String, String)> {
    let text = std::fs::read_to_string(root().join("docs/adopt/smoke-test/action.yml")).expect("the wrapper");
    let wrapper: serde_json::Value = serde_saphyr::from_str(&text).expect("YAML");
    let known = wrapper["inputs"].as_object().expect("inputs");
    let mut given: BTreeMap<String, String> = known.keys().map(|name| (name.clone(), String::new())).collect();
    for (name, value) in inputs {
        assert!(given.insert((*name).to_owned(), (*value).to_owned()).is_some(), "the wrapper has no input {name}");
    }
    let steps = wrapper["runs"]["steps"].as_array().expect("steps");
    let smoke = steps.iter().find(|step| step["id"] == "smoke").expect("the step that tests");
    assert!(smoke["uses"].as_str().is_some_and(|uses| uses.contains("/.github/actions/smoke@")), "{smoke}");
    let with = smoke["with"].as_object().expect("inputs").iter();
    with.map(|(name, value)| (name.clone(), expanded(value.as_str().expect("a text"), &given, &BTreeMap::new())))
        .collect()
}

#[test]
fn the_wrapper_with_the_files_of_its_page_is_green() {
    let sandbox = Sandbox::start(&[]);
    let desk = Desk::new();
    // "Copy `scenarios/` and `environments/` into `smoke/` of each repository."
    for part in ["scenarios", "environments"] {
        copy(&root().join(part), &desk.path().join("smoke").join(part));
    }
    let runner = Runner::of("GSA/notifications-admin", "public", desk, &sandbox);
    let inputs = [("environment", "local"), ("because", "restage"), ("deployed", "admin"), ("commit", COMMIT)];
    let handed = handed_on(&inputs);
    let mut handed: Vec<(&str, &str)> = handed.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    assert!(handed.contains(&("files", "smoke")), "{handed:?}");
    // The wrapper leaves two minutes for what was deployed; here it is there at once.
    handed.push(("settle", "1s"));
    let job = runner.run(&handed, |_| {});
    assert_eq!((job.code, job.outputs["verdict"].as_str()), (0, "passed"), "{}", job.log);
    let states: Vec<(String, String)> =
        runner.api.states().into_iter().map(|(state, context, _)| (state, context)).collect();
    let told: Vec<(&str, &str)> = states.iter().map(|(state, context)| (state.as_str(), context.as_str())).collect();
    assert_eq!(told, [("pending", "smoke/local"), ("success", "smoke/local")], "{}", job.log);
}
