//! What a service's run book says: what to do next, and what does not work for its users meanwhile.

use std::collections::BTreeMap;

/// `runbook.yaml`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Runbook {
    /// What to do next, by component or by the id of a cause.
    pub steps: BTreeMap<String, String>,
    /// What does not work while a component is broken, in the run book's words: by component or by the id of a cause.
    pub impact: BTreeMap<String, String>,
    /// The look that tells a cause from its neighbours, in the service's words, by cause.
    pub decides: BTreeMap<String, String>,
}
