//! The verbs and modifiers of a step: one table, read by the lowering, the schema and the docs.

use crate::yaml::Key;

/// What a step does; each step has exactly one.
pub const VERBS: [Key; 7] = [
    Key { name: "visit", doc: "Go to a path of the service, or to a captured link. May be repeated in a new browser." },
    Key { name: "fill", doc: "Type into the fields with these labels. May be repeated in a new browser." },
    Key { name: "press", doc: "Press the button with this text. Done once in a run, whatever happens." },
    Key { name: "follow", doc: "Follow the link with this text. Done once in a run, whatever happens." },
    Key { name: "attach", doc: "Give a file input a list of recipients. Done once in a run, whatever happens." },
    Key { name: "schedule", doc: "`soonest`: choose the first time that is farther away than the service's lead." },
    Key { name: "expect", doc: "Look until this is so, or until its window has closed." },
];

/// What may stand beside `expect`.
pub const MODIFIERS: [Key; 6] = [
    Key { name: "within", doc: "The window of service.yaml that it must happen in; `page` unless said." },
    Key {
        name: "capture",
        doc: "A name for the link whose path begins with this, for the code (`digits`), or for the page's own address (`page`).",
    },
    Key { name: "proves", doc: "The components that have worked when this was seen." },
    Key {
        name: "road",
        doc: "The road of service.yaml that it came by; without one it is edge, admin and what the step proves.",
    },
    Key { name: "assumes", doc: "What is not as the test needs it where this does not hold; then nothing was tested." },
    Key {
        name: "second-try",
        doc: "What is done once when it is not met by its window's `second-try`: links to follow.",
    },
];

/// What can be expected.
pub const EXPECTATIONS: [Key; 10] = [
    Key { name: "heading", doc: "A heading with exactly this text." },
    Key { name: "field", doc: "A form field with exactly this label." },
    Key { name: "button", doc: "A button with exactly this text." },
    Key { name: "link", doc: "A link with exactly this text." },
    Key { name: "text", doc: "This text, somewhere on the page." },
    Key { name: "table", doc: "`file`: a table with the rows of the attached list." },
    Key { name: "time", doc: "`checked`: the chosen time's radio is checked. `named`: the page names that time." },
    Key { name: "email", doc: "A mail with these properties, caused by the action before." },
    Key { name: "sms", doc: "A text message with these properties, caused by the action before." },
    Key { name: "rows", doc: "Messages of the attached list: `first`, or `all`, each once and right." },
];

/// What describes a list of recipients.
pub const ATTACHMENT: [Key; 4] = [
    Key { name: "field", doc: "The label of the file input." },
    Key { name: "file", doc: "The file's name; with the run's token in it, since a name is taken once a day." },
    Key { name: "template", doc: "Which of the environment's templates it is for: `email` or `sms`." },
    Key { name: "rows", doc: "One mapping of column to value for each row; all with the same columns." },
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
