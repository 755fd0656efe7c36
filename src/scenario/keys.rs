//! The keys of `service.yaml`: read by the schema, and held against what the lowering asks for by a test.

use crate::yaml::Key;

/// Of the file itself.
pub const SERVICE: [Key; 18] = [
    Key { name: "name", doc: "What people call the service." },
    Key {
        name: "error-headings",
        doc: "Headings of pages that say that something went wrong: seeing one ends the wait.",
    },
    Key {
        name: "windows",
        doc: "How long each thing may take. Scenarios name them; no duration stands in a scenario.",
    },
    Key { name: "links", doc: "Links whose last piece is a secret that says when it was made." },
    Key {
        name: "profiles",
        doc: "Which scenarios a profile runs, in order. `runbook` is run unless another is asked for.",
    },
    Key {
        name: "roads",
        doc: "What each kind of page and message passes, in order: parts, and after a slash the lane of one.",
    },
    Key { name: "processes", doc: "Lanes that one process serves: it is well or sick in all of them." },
    Key { name: "likely", doc: "Components and causes, likeliest first: what decides where nothing seen does." },
    Key { name: "sentences", doc: "Sentences of the pages that mean something by themselves." },
    Key { name: "user-domains", doc: "Domains that users may have, such as `.gov`; any unless said." },
    Key { name: "parts", doc: "What people of the service call its parts: `files`, `mail`, `text`." },
    Key { name: "text-providers", doc: "How many providers share the texts, by chance." },
    Key { name: "times", doc: "How a job's time is chosen on a page, and how pages name one." },
    Key { name: "lead", doc: "A time that is nearer than this is not chosen; 2m unless said." },
    Key { name: "budget", doc: "What runs may ask the service for." },
    Key { name: "code", doc: "The texted code." },
    Key {
        name: "alive-within",
        doc: "A mailbox or number that got nothing for longer may be deaf, and an absence there proves nothing; 8d unless said.",
    },
    Key { name: "run-longest", doc: "The longest that a run may take; 115m unless said." },
];

/// Of a window; `from` is the service's to say, the rest may be changed by an environment.
pub const WINDOW_FROM: Key = Key {
    name: "from",
    doc: "What it counts from: `press` (unless said), `slot` (the chosen time), `pickup` (the first row).",
};

/// Of a link's shape.
pub const LINK: [Key; 3] = [
    Key { name: "path", doc: "What the link's path begins with." },
    Key { name: "issued-at", doc: "How the link says when it was made: `itsdangerous`, `fernet`, or piece by piece." },
    Key { name: "lifetime", doc: "How long it is good for." },
];

/// Under `issued-at`, where no library's name fits: the secret is base64url, and the time is in seconds since 1970.
pub const ISSUED_AT: [Key; 4] = [
    Key { name: "cut-at", doc: "The one character that cuts the secret into pieces, if one does." },
    Key { name: "from-end", doc: "Which piece says it, counted from the end: 1 is the last one." },
    Key { name: "first-byte", doc: "The first byte that says it, counted from 0; all of them unless said." },
    Key { name: "bytes", doc: "How many bytes say it, eight at most; the most significant one comes first." },
];

/// Under `sentences`.
pub const SENTENCES: [Key; 16] = [
    Key { name: "set-up", doc: "Pages that a smoke user should not meet." },
    Key { name: "signed-out-elsewhere", doc: "Somebody else has signed in with the same user." },
    Key { name: "signed-out", doc: "The session is over." },
    Key { name: "sign-in-refused", doc: "The password was not taken." },
    Key { name: "code-refused", doc: "The code was not taken." },
    Key { name: "code-expired", doc: "The code was used before, or is too old." },
    Key { name: "trial", doc: "The service is in trial mode and does not send to us." },
    Key { name: "job-waits", doc: "The button of a job's page whose time has not come." },
    Key { name: "job-sends", doc: "What stands on that page before the time that it waits for." },
    Key { name: "job-works", doc: "How the page of a job that is being sent says so." },
    Key { name: "job-done", doc: "How the page of a job that was sent says so." },
    Key { name: "job-empty", doc: "How its counts read where the job is done and no message was made of it." },
    Key { name: "job-gone", doc: "The heading where a cancelled job was." },
    Key { name: "delivered", doc: "The status of a message whose receipt has come." },
    Key { name: "given-up", doc: "What stands beside a message that the service has given up." },
    Key { name: "undelivered", doc: "What stands beside a message that the provider could not deliver." },
];

/// Under `times`.
pub const TIMES: [Key; 7] = [
    Key {
        name: "control",
        doc: "The name of the form's control that sends the time; its value is UTC where it names no zone.",
    },
    Key { name: "opens", doc: "Buttons that open the choice." },
    Key { name: "confirms", doc: "Buttons that take what was chosen." },
    Key { name: "back", doc: "Buttons that lead back from the times of a day to the days." },
    Key { name: "zone", doc: "The zone that pages name times in, such as `Europe/London`; UTC unless said." },
    Key {
        name: "named",
        doc: "How pages name a time of the day: `%H`, `%-H`, `%I`, `%-I`, `%M`, `%S`, `%P`; in brackets what stands there only with seconds.",
    },
    Key { name: "words", doc: "Words that stand for a time, such as `12:00am: midnight`." },
];

/// Under `budget`.
pub const BUDGET: [Key; 3] = [
    Key { name: "resets-per-hour", doc: "Reset mails that runs may ask for in an hour." },
    Key { name: "codes-live", doc: "Codes of ours that may be live and unused, this run's own among them." },
    Key { name: "failed-logins", doc: "Logins that may be refused one after another before no run starts any more." },
];

/// Under `code`.
pub const CODE: [Key; 3] = [
    Key { name: "length", doc: "How many digits it has." },
    Key { name: "lifetime", doc: "How long it can be used." },
    Key {
        name: "kept",
        doc: "How many unused ones the service keeps of a user: it sends no more, and does not say so.",
    },
];
