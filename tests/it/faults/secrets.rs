//! Nothing secret leaves: not in the journal, not in reports, not on the terminal.

use base64::Engine as _;

use super::{LOGIN, RESET};
use crate::support::{Desk, Sandbox, processes_with};

/// Everything that must not be written, in every encoding that could turn up.
fn forms(secret: &str) -> Vec<String> {
    let percent: String = secret
        .bytes()
        .map(|byte| if byte.is_ascii_alphanumeric() { char::from(byte).to_string() } else { format!("%{byte:02X}") })
        .collect();
    let quoted: String = secret
        .bytes()
        .map(|byte| {
            if (b'!'..=b'~').contains(&byte) && byte != b'=' {
                char::from(byte).to_string()
            } else {
                format!("={byte:02X}")
            }
        })
        .collect();
    let html = secret.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    let base64 = base64::engine::general_purpose::STANDARD.encode(secret);
    let url_safe = base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(secret);
    vec![
        secret.to_owned(),
        percent.clone(),
        lower_hex(&percent),
        quoted,
        html,
        base64,
        url_safe,
        secret.replace('.', "%2E"),
    ]
}

fn lower_hex(encoded: &str) -> String {
    let pieces = encoded.split('%').enumerate().map(|(index, piece)| match piece.split_at_checked(2) {
        Some((code, rest)) if index > 0 => format!("%{}{rest}", code.to_lowercase()),
        _ => piece.to_owned(),
    });
    pieces.collect()
}

#[test]
fn no_secret_is_written_or_said_by_good_and_bad_runs() {
    for fault in ["", "ses=slow:5s", "reset=other-host", "admin=500@new-password"] {
        let sandbox = Sandbox::start(&[]);
        let desk = Desk::new();
        let mut arguments = vec!["smoke", "local", "--sandbox", sandbox.control_url()];
        if !fault.is_empty() {
            arguments.extend([RESET, LOGIN, "--fault", fault]);
        }
        let said = desk.run(&arguments);
        let links = sandbox.entries("link-made");
        assert!(!links.is_empty(), "{fault}: no link was made: {}", said.out);
        let codes: Vec<String> = sandbox.codes();
        assert!(!codes.is_empty(), "{fault}: no code was texted: {}{}", said.out, said.err);
        let mut secrets = vec![
            sandbox.ready["user_password"].clone(),
            sandbox.ready["basic_auth_password"].clone(),
            sandbox.ready["s3_secret_access_key"].clone(),
        ];
        for link in &links {
            secrets.push(link["token"].as_str().expect("a token").to_owned());
            secrets.push(link["link"].as_str().expect("a link").to_owned());
            // The payload alone would say whose it is.
            secrets.push(link["token"].as_str().expect("a token").split('.').next().expect("a payload").to_owned());
        }
        let mut texts: Vec<(String, Vec<u8>)> =
            desk.written().into_iter().map(|(path, bytes)| (path.display().to_string(), bytes)).collect();
        assert!(texts.len() >= 3, "{texts:?}");
        texts.push(("stdout".to_owned(), said.out.clone().into_bytes()));
        texts.push(("stderr".to_owned(), said.err.clone().into_bytes()));
        for code in &codes {
            // Six digits can stand inside a digest or a time; as a word of their own they may stand nowhere.
            let is_word = |text: &str| text.split(|c: char| !c.is_ascii_alphanumeric()).any(|word| word == code);
            for (name, bytes) in &texts {
                assert!(!is_word(&String::from_utf8_lossy(bytes)), "{fault}: a code is in {name}");
            }
        }
        for form in secrets.iter().flat_map(|secret| forms(secret)) {
            for (name, bytes) in &texts {
                let found = bytes.windows(form.len()).any(|window| window == form.as_bytes());
                assert!(!found, "{fault}: {form} is in {name}");
            }
        }
    }
}

/// Driver, browser, database, sandbox and keepers are given none of our variables but the plain ones, and no secret as an argument.
#[test]
fn children_get_no_secret_by_variable_or_argument() {
    let mark = format!("children-{}", std::process::id());
    let secret = format!("correct-horse-{}", std::process::id());
    let mut desk = Desk::new().with("LC_NOTIFY_SMOKE_TEST_MARK", &mark);
    for name in [
        "AWS_SECRET_ACCESS_KEY",
        "AWS_SESSION_TOKEN",
        "NOTIFY_SMOKE_USER_PASSWORD",
        "NOTIFY_SMOKE_TWILIO_TOKEN",
        "GITHUB_TOKEN",
        "MY_OWN",
    ] {
        desk = desk.with(name, &secret);
    }
    let mut run = desk.start(&["smoke", "local", RESET, LOGIN]);
    let mut kinds = std::collections::BTreeSet::new();
    while run.try_wait().expect("a run").is_none() {
        for process in processes_with(&mark) {
            let pid = process.split(' ').next().expect("a pid").to_owned();
            // Itself it has what its shell gave it, and so has what is to become a child for a moment, between fork and exec.
            if pid == run.id().to_string() || process.contains(" smoke local ") {
                continue;
            }
            let read = |name: &str| std::fs::read(format!("/proc/{pid}/{name}")).unwrap_or_default();
            for name in ["environ", "cmdline"] {
                assert!(!String::from_utf8_lossy(&read(name)).contains(&secret), "{name} of {process}");
            }
            let limits = String::from_utf8_lossy(&read("limits")).into_owned();
            let core = limits.lines().find(|line| line.starts_with("Max core file size"));
            let core = core.map(|line| line.split_whitespace().rev().nth(1).expect("a limit").to_owned());
            assert!(core.is_none_or(|most| most == "0"), "{process} may leave a core file:\n{limits}");
            kinds.extend(
                ["chromedriver", "--type=renderer", "postgres", " keeper ", " sandbox "]
                    .into_iter()
                    .filter(|kind| process.contains(kind)),
            );
        }
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    assert!(kinds.len() >= 4, "only {kinds:?} were seen");
    assert_eq!(run.wait().expect("a run").code(), Some(0));
}

/// Nobody else on the machine can read what a run keeps, nor what it needs meanwhile.
#[test]
fn folders_and_files_are_their_owners_alone() {
    use std::os::unix::fs::PermissionsExt as _;
    let tmp = tempfile::tempdir().expect("a folder");
    let desk = Desk::new().with("TMPDIR", &tmp.path().display().to_string());
    let mut run = desk.start(&["smoke", "local", RESET]);
    let mode = |path: &std::path::Path| std::fs::metadata(path).map(|metadata| metadata.permissions().mode() & 0o777);
    let mut seen = 0;
    while run.try_wait().expect("a run").is_none() {
        for folder in std::fs::read_dir(tmp.path()).expect("a folder").flatten() {
            let Ok(mode) = mode(&folder.path()) else { continue };
            seen += 1;
            // Where the database runs as another user, it may walk through.
            assert_eq!(mode & 0o066, 0, "{} can be read by others", folder.path().display());
        }
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    assert!(seen > 0, "no private folder was seen");
    let written: Vec<std::path::PathBuf> = desk.written().into_iter().map(|(path, _)| path).collect();
    let of_run: Vec<_> = written.iter().filter(|path| path.starts_with(desk.path().join("runs"))).collect();
    assert!(of_run.len() >= 3, "{written:?}");
    for file in of_run {
        assert_eq!(mode(file).expect("a file") & 0o077, 0, "{} can be read by others", file.display());
    }
    let runs = desk.path().join("runs/local");
    assert_eq!(mode(&runs).expect("a folder") & 0o077, 0, "{}", runs.display());
}

/// In a public log nobody's address or number is shown; the journal, which is not for it, has them.
#[test]
fn in_a_public_place_people_are_handles() {
    const PEOPLE: [&str; 3] = ["smoke@notify-sandbox.gov", "+12025550123", "smoke%40notify-sandbox.gov"];
    let desk = Desk::new();
    let said = desk.run(&["smoke", "local", RESET, LOGIN, "--public", "--verbose", "--timings"]);
    assert_eq!(said.code, 0, "{said:?}");
    let report = desk.run(&["report", "latest", "--public", "--all"]);
    let plan = desk.run(&["plan", "local", "--public"]);
    let doctor = desk.run(&["doctor", "local", "--public"]);
    assert!(
        plan.out.contains("recipients: ⟨address 1⟩, ⟨address 2⟩") && doctor.out.contains("ok "),
        "{plan:?}\n{doctor:?}"
    );
    let file = |name: &str| std::fs::read_to_string(desk.path().join("runs/local/latest").join(name)).expect(name);
    for (place, text) in [
        ("plan", format!("{}{}", plan.out, plan.err)),
        ("doctor", format!("{}{}", doctor.out, doctor.err)),
        ("output", format!("{}{}", said.out, said.err)),
        ("report", report.out),
        ("report.json", file("report.json")),
        ("junit.xml", file("junit.xml")),
    ] {
        let shown = PEOPLE.into_iter().find(|one| text.to_lowercase().contains(one));
        assert_eq!(shown, None, "{place}: {text}");
    }
    assert!(said.out.contains("1 mail to ⟨address 1⟩") && said.out.contains("1 text to ⟨number 1⟩"), "{}", said.out);
    assert!(file("journal.jsonl").contains(PEOPLE[0]));
    serde_json::from_str::<serde_json::Value>(&file("report.json")).expect("JSON");
}
