//! The verbs and modifiers of a step: one table, read by the lowering, the schema and the docs.

/// A key of a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Key {
    pub name: &'static str,
    pub doc: &'static str,
}

/// What a step does; each step has exactly one.
pub const VERBS: [Key; 4] = [
    Key { name: "visit", doc: "Go to a path of the service, or to a captured link. May be repeated in a new browser." },
    Key { name: "fill", doc: "Type into the fields with these labels. May be repeated in a new browser." },
    Key { name: "press", doc: "Press the button with this text. Done once in a run, whatever happens." },
    Key { name: "expect", doc: "Look until this is so, or until its window has closed." },
];

/// What may stand beside `expect`.
pub const MODIFIERS: [Key; 3] = [
    Key { name: "within", doc: "The window of service.yaml that it must happen in; `page` unless said." },
    Key { name: "capture", doc: "A name for the link whose path begins with this, or for the code: `digits`." },
    Key { name: "proves", doc: "The components that have worked when this was seen." },
];

/// What can be expected.
pub const EXPECTATIONS: [Key; 6] = [
    Key { name: "heading", doc: "A heading with exactly this text." },
    Key { name: "field", doc: "A form field with exactly this label." },
    Key { name: "button", doc: "A button with exactly this text." },
    Key { name: "text", doc: "This text, somewhere on the page." },
    Key { name: "email", doc: "A mail with these properties, caused by the action before." },
    Key { name: "sms", doc: "A text message with these properties, caused by the action before." },
];

/// What describes a mail.
pub const EMAIL: [Key; 3] = [
    Key { name: "to", doc: "The address that it is sent to." },
    Key { name: "subject", doc: "Its subject; `*` stands for any text, case does not matter." },
    Key { name: "exactly", doc: "How many, counted by the provider's ids; 1 unless said." },
];

/// What describes a text message.
pub const SMS: [Key; 3] = [
    Key { name: "to", doc: "The number that it is sent to." },
    Key { name: "text", doc: "What it says; `*` stands for any text, case does not matter." },
    Key { name: "exactly", doc: "How many, counted by the provider's ids; 1 unless said." },
];

/// The names of a table.
pub fn names(keys: &[Key]) -> Vec<&'static str> {
    keys.iter().map(|key| key.name).collect()
}
