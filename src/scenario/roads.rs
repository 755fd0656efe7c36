//! `roads`, `processes` and `likely` of `service.yaml`.

use crate::model::{Component, Road, Roads, Stage};
use crate::yaml::{Fields, Node, Reader, did_you_mean, quoted};

/// Reads the three.
pub(super) fn read(reader: &mut Reader<'_>, fields: &mut Fields<'_>) -> Roads {
    let all = fields.take("roads").map(|node| read_roads(reader, node)).unwrap_or_default();
    let processes = fields.take("processes").map(|node| read_processes(reader, node, &all)).unwrap_or_default();
    let likely = fields.take("likely").map(|node| read_likely(reader, node)).unwrap_or_default();
    Roads { all, processes, likely }
}

fn read_roads(reader: &mut Reader<'_>, node: &Node) -> Vec<Road> {
    let entries = reader.fields(node, "`roads`").rest();
    let road = |entry: &&crate::yaml::Entry, reader: &mut Reader<'_>| {
        let (stages, spared) = stages(reader, &entry.value, "a road");
        if stages.is_empty() {
            reader.problem(entry.key_mark, "a road without a stage", "Write its parts in order: [edge, admin, api].");
        }
        Road { id: entry.key.clone(), stages, spared }
    };
    entries.iter().map(|entry| road(entry, reader)).collect()
}

/// A process serves lanes that some road passes; any other word is misspelt.
fn read_processes(reader: &mut Reader<'_>, node: &Node, roads: &[Road]) -> Vec<Vec<Stage>> {
    let passed: Vec<String> = roads.iter().flat_map(|road| &road.stages).map(ToString::to_string).collect();
    let known: Vec<&str> = passed.iter().map(String::as_str).collect();
    let mut all = Vec::new();
    for entry in reader.fields(node, "`processes`").rest() {
        for item in reader.list(&entry.value, "a process") {
            if let Some(text) = reader.text(item, "a lane")
                && !known.contains(&text)
            {
                let mend = format!("Write `part/lane` as the roads have it.{}", did_you_mean(text, &known));
                reader.problem(item.mark, format!("no road passes `{text}`"), mend);
            }
        }
        all.push(stages(reader, &entry.value, "a process").0);
    }
    all
}

/// The stages, and those of them that have a question mark: a cache can spare the road these.
fn stages(reader: &mut Reader<'_>, node: &Node, what: &'static str) -> (Vec<Stage>, Vec<Stage>) {
    let names: Vec<&str> = Component::PROVABLE.into_iter().chain(Component::AROUND).map(Component::name).collect();
    let (mut found, mut spared) = (Vec::new(), Vec::new());
    for item in reader.list(node, what) {
        let Some(text) = reader.text(item, "a stage") else { continue };
        let (text, maybe) = text.strip_suffix('?').map_or((text, false), |text| (text, true));
        match Stage::parse(text) {
            Ok(stage) => {
                spared.extend(maybe.then(|| stage.clone()));
                found.push(stage);
            }
            Err(part) => {
                let mend = format!("The parts are {}.{}", quoted(&names), did_you_mean(&part, &names));
                reader.problem(item.mark, format!("unknown part `{part}`"), mend);
            }
        }
    }
    (found, spared)
}

/// Which causes there are is for those to say who know them all.
fn read_likely(reader: &mut Reader<'_>, node: &Node) -> Vec<String> {
    let items = reader.list(node, "`likely`");
    items.iter().filter_map(|item| reader.text(item, "a component or cause").map(str::to_owned)).collect()
}
