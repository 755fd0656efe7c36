//! What is said of the reset and the login besides the table.

use super::{RESET, smoke};
use crate::support::Desk;

#[test]
fn degraded_can_be_made_to_fail_and_is_a_warning_otherwise() {
    let desk = Desk::new();
    let (said, _) = smoke(&desk, &[RESET, "--fault", "ses=slow:5s", "--fail-on", "degraded"]);
    assert_eq!(said.code, 1);
    assert!(said.err.contains("warning: degraded"), "{}", said.err);
}
