//! `--timings`: where the time of a run went, one line for each lane.

use std::fmt::Write as _;

use super::seconds;
use crate::history::History;
use crate::model::Lane;

/// A heading and a line for each lane.
pub fn timings(history: &History) -> String {
    let mut out = String::from("Where the time went (lanes run beside each other):\n");
    // A control is run beside the others only to tell what is broken.
    let judged = |lane: &Lane| history.plan.judged().any(|scenario| scenario.lane == *lane);
    for (lane, timings) in history.timings.iter().filter(|(lane, _)| judged(lane)) {
        let parts: Vec<String> = timings.parts().iter().map(|(part, ms)| format!("{part} {}", seconds(*ms))).collect();
        // Writing to a String cannot fail.
        let _ = writeln!(
            out,
            "  {:>8}  {}: {}",
            seconds(timings.whole_ms()),
            history.plan.lane_name(*lane),
            parts.join(", ")
        );
    }
    out
}
