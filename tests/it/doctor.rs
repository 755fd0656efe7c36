//! `doctor`: what a run will need, told without touching anything.

use serde_json::Value;

use crate::support::{Desk, Said};

/// The line of one look.
fn line<'s>(said: &'s Said, name: &str) -> &'s str {
    let found = said.out.lines().find(|line| line.split_whitespace().nth(1) == name.split(' ').next());
    found.unwrap_or_else(|| panic!("no {name} in\n{}{}", said.out, said.err))
}

#[test]
fn a_sandbox_has_everything_and_nothing_is_touched() {
    let desk = Desk::new();
    let said = desk.run(&["doctor", "local"]);
    assert_eq!(said.code, 0, "{said:?}");
    assert!(said.out.starts_with("local: a run can be made\n"), "{}", said.out);
    for name in ["files", "browser", "admin", "api", "clock", "certificate", "aws", "mailbox", "number", "disk"] {
        assert!(line(&said, name).starts_with("  ok  "), "{}", said.out);
    }
    assert!(line(&said, "trial").ends_with("no run kept here has signed in"), "{}", said.out);
    assert!(!desk.path().join("runs").exists());
}

#[test]
fn what_a_run_would_fail_on_is_told_all_at_once() {
    let desk = Desk::new().with("WRONG", "wrong password");
    let file = "environments/local.yaml";
    desk.edit(file, "endpoint: \"{{ sandbox.s3_url }}\"", "endpoint: http://127.0.0.1:9");
    desk.edit(file, "token: \"{{ sandbox.sms_gateway_token }}\"", "token: \"{{ env.WRONG }}\"");
    desk.edit(file, "password: \"{{ sandbox.basic_auth_password }}\"", "password: \"{{ env.WRONG }}\"");
    desk.edit(file, "email: \"{{ sandbox.user_email }}\"", "email: smoke@notify.example");
    let said = desk.run(&["doctor", "local"]);
    assert_eq!(said.code, 2, "{said:?}");
    assert!(said.out.starts_with("local: a run would not do\n"), "{}", said.out);
    let door = "  fail     basic-auth      the service refuses it (HTTP 401). Look at `basic-auth` in the environment file and its variables.";
    assert_eq!(line(&said, "basic-auth"), door);
    assert!(line(&said, "mailbox").starts_with("  fail     mailbox         the mailbox s3://"), "{}", said.out);
    let number = "  fail     number          the test number +12025550123 cannot be read: Twilio refuses account and token; look at `number` in the environment file. A run would be inconclusive.";
    assert_eq!(line(&said, "number"), number);
    let user = "  warn     smoke user      smoke@notify.example is no .gov address. The service lets only such addresses register; ask whether this user was added by hand.";
    assert_eq!(line(&said, "smoke"), user);
}

#[test]
fn scripts_read_it_as_json() {
    let said = Desk::new().run(&["doctor", "local", "--format", "json"]);
    assert_eq!(said.code, 0, "{said:?}");
    let value: Value = serde_json::from_str(&said.out).expect("JSON");
    assert_eq!((&value["version"], &value["environment"]), (&Value::from(1), &Value::from("local")));
    let looks = value["looks"].as_array().expect("a list");
    let browser = looks.iter().find(|look| look["name"] == "browser").expect("a browser");
    assert_eq!(browser["finding"], "ok");
    assert!(browser["said"].as_str().is_some_and(|said| said.starts_with("Chrom")), "{browser}");
}

/// The mailbox may not answer for as long as it likes.
#[test]
fn a_look_has_five_seconds() {
    let desk = Desk::new();
    let file = "environments/local.yaml";
    let text = std::fs::read_to_string(desk.path().join(file)).expect(file);
    let (before, after) = text.split_once("mailbox:\n").expect("a mailbox");
    let after = after.split_once("sms-sender:").expect("a sender").1;
    let slow = format!("{before}mailbox:\n  kind: exec\n  command: [sh, -c, \"sleep 60\"]\nsms-sender:{after}");
    desk.write(file, slow.as_bytes());
    let began = std::time::Instant::now();
    let said = desk.run(&["doctor", "local"]);
    // A run would wait for it, so it is not for doctor to say that it would not do.
    assert_eq!(said.code, 0, "{said:?}");
    let expected =
        "  warn     mailbox         no answer within 5 s. A run waits longer; look whether it answers at all.";
    assert_eq!(line(&said, "mailbox"), expected);
    assert!(began.elapsed().as_secs() < 25, "{:?}", began.elapsed());
}

/// With the usual AWS variables; STS and S3 are on this machine.
#[test]
fn it_says_whose_keys_the_mailbox_is_read_with() {
    use crate::hostile::server::{Answer, Server};
    let answer = "<GetCallerIdentityResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><GetCallerIdentityResult>\
                  <Arn>arn:aws:iam::123456789012:user/smoke</Arn><UserId>AIDA</UserId><Account>123456789012</Account>\
                  </GetCallerIdentityResult></GetCallerIdentityResponse>";
    let refusal = "<ErrorResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><Error><Type>Sender</Type>\
                   <Code>InvalidClientTokenId</Code><Message>The security token included in the request is invalid.</Message>\
                   </Error></ErrorResponse>";
    let cases = [
        ("200 OK", answer, "  ok       aws identity    arn:aws:iam::123456789012:user/smoke"),
        (
            "403 Forbidden",
            refusal,
            "  fail     aws identity    AWS does not know us: InvalidClientTokenId, The security token included in the request is invalid. Look at the AWS variables or the role of this machine.",
        ),
    ];
    for (status, body, expected) in cases {
        let head: &'static str = Box::leak(format!("{status}\r\nContent-Type: text/xml").into_boxed_str());
        let sts = Server::start(move |_| Answer::With(head, body));
        let url = format!("http://127.0.0.1:{}", sts.port);
        let desk = Desk::new()
            .with("AWS_ENDPOINT_URL_STS", &url)
            .with("AWS_ENDPOINT_URL_S3", &url)
            .with("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
            .with("AWS_SECRET_ACCESS_KEY", "secret");
        let file = "environments/local.yaml";
        let text = std::fs::read_to_string(desk.path().join(file)).expect(file);
        let own = ["  endpoint: \"{{ sandbox.s3_url }}\"", "  access-key-id:", "  secret-access-key:"];
        let kept: Vec<&str> = text.lines().filter(|line| !own.iter().any(|begin| line.starts_with(begin))).collect();
        desk.write(file, kept.join("\n").as_bytes());
        let said = desk.run(&["doctor", "local"]);
        assert_eq!(line(&said, "aws"), expected, "{}", said.out);
    }
}

/// A browser that is there and does not start: its own last line says why, to `doctor` and to a run alike.
#[test]
fn a_browser_that_does_not_start_says_why() {
    use std::os::unix::fs::PermissionsExt as _;
    let desk = Desk::new();
    let version = notify_smoke_browser_version();
    let script = format!(
        "#!/bin/sh\ncase \"$1\" in --version) echo '{version}'; exit;; esac\necho 'first words' >&2\necho 'FATAL: No room in /dev/shm' >&2\nkill -TRAP $$\n"
    );
    desk.write("bin/chromium", script.as_bytes());
    let file = desk.path().join("bin/chromium");
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o755)).expect("a program");
    let path = format!("{}:{}", desk.path().join("bin").display(), std::env::var("PATH").expect("a PATH"));
    let desk = desk.with("PATH", &path);
    let said = desk.run(&["doctor", "local"]);
    assert_eq!(said.code, 2, "{said:?}");
    assert!(line(&said, "browser").contains("It says: “FATAL: No room in /dev/shm”."), "{}", said.out);
    let said = desk.run(&["smoke", "local", "login"]);
    assert_eq!(said.code, 3, "{said:?}");
    assert!(said.out.contains("It says: “FATAL: No room in /dev/shm”."), "{}", said.out);
}

/// What the browser of this machine calls itself.
fn notify_smoke_browser_version() -> String {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let found = runtime.block_on(notify_smoke::browser::find()).expect("a browser");
    let output = std::process::Command::new(found.browser).arg("--version").output().expect("it runs");
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}
