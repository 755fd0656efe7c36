//! Mailboxes that refuse, drop, flood, or hold what is no mail.

use std::collections::BTreeSet;
use std::sync::Arc;

use notify_smoke::aws::{AwsSettings, s3};
use notify_smoke::inbox::{ExecInbox, SesS3Inbox};
use notify_smoke::port::{Inbox, Which};
use notify_smoke::process::Keeper;

use super::server::{Answer, Server};
use super::{one_page, says};
use crate::ports::{refusal, runtime};
use crate::support::{Sandbox, program, root};

const FIX_BUCKET: &str = "Look at the bucket's name, region and credentials in the environment file";

/// What the first look at the mailbox of this shell script says.
fn script(text: &str) -> Result<usize, String> {
    let command = ["sh", "-c", text].map(str::to_owned).to_vec();
    runtime().block_on(async {
        let inbox = ExecInbox::new(&Keeper::at(&program()), command, vec!["smoke@notify.gov".to_owned()]);
        inbox.mark().await.map(|mark| mark.ids.len()).map_err(|failure| failure.text)
    })
}

#[test]
fn programs_that_do_not_do_what_is_written() {
    let mail = |id: &str| format!("{{\"id\":\"{id}\",\"kind\":\"email\",\"arrived_at\":\"2026-11-22T00:00:00Z\"}}");
    let cases = [
        ("exit 7".to_owned(), "the mailbox program sh ended with exit code 7. Start it by hand to see what it says"),
        ("kill -9 $$".to_owned(), "the mailbox program sh ended with exit code 137. Start it by hand to see what it says"),
        ("echo hello".to_owned(), "the mailbox program sh printed a line that is no message (column 1): see docs/exec-mailbox.md"),
        ("printf '\\377\\376\\n'".to_owned(), "the mailbox program sh printed something that is not UTF-8"),
        ("head -c 3000000 /dev/zero".to_owned(), "the mailbox program sh printed a line of more than 2 MiB"),
        (format!("echo '{}'", mail("").replace("email", "letter")), "the mailbox program sh printed a message whose kind is neither email nor sms"),
        (format!("echo '{}'", mail("")), "the mailbox program sh printed a message without an id"),
        ("echo '{\"id\":\"a\",\"kind\":\"email\"}'".to_owned(), "the mailbox program sh printed a message without arrived_at"),
        ("echo '{\"id\":\"a\",\"kind\":\"email\",\"arrived_at\":\"yesterday\"}'".to_owned(), "the mailbox program sh printed a line that is no message (column 49): see docs/exec-mailbox.md"),
        (
            "i=0; while [ $i -le 10000 ]; do echo \"{\\\"id\\\":\\\"$i\\\",\\\"kind\\\":\\\"sms\\\",\\\"arrived_at\\\":\\\"2026-11-22T00:00:00Z\\\"}\"; i=$((i+1)); done".to_owned(),
            "the mailbox program sh printed more than 10000 messages; let it honour --since-ids",
        ),
    ];
    for (text, sentence) in cases {
        assert_eq!(script(&text), Err(sentence.to_owned()), "{text}");
    }
    assert_eq!(script(&format!("echo '{}'", mail("a"))), Ok(1));
}

/// A program that says more often that it is alive than anybody looks is read up to now at each look.
#[test]
fn a_program_that_talks_much_is_never_behind() {
    let mail = "{\"id\":\"late\",\"kind\":\"email\",\"arrived_at\":\"2026-11-22T00:00:00Z\"}";
    let talk = "for i in $(seq 40); do echo '{\"kind\":\"alive\"}'; sleep 0.02; done";
    let text = format!("{talk}; echo '{mail}'; while sleep 0.02; do echo '{{\"kind\":\"alive\"}}'; done");
    let command = ["sh", "-c", &text].map(str::to_owned).to_vec();
    runtime().block_on(async {
        let inbox = ExecInbox::new(&Keeper::at(&program()), command, vec!["smoke@notify.gov".to_owned()]);
        let known = inbox.mark().await.expect("a mark").ids.into_iter().collect();
        tokio::time::sleep(std::time::Duration::from_millis(1_500)).await;
        let seen = inbox.look(Which::NotIn(&known)).await.expect("a look").messages;
        assert_eq!(seen.iter().map(|mail| mail.id.as_str()).collect::<Vec<_>>(), ["late"]);
    });
}

#[test]
fn a_program_that_is_not_there() {
    let inbox = ExecInbox::new(&Keeper::at(&program()), vec!["/nonexistent".to_owned()], vec!["a@b.gov".to_owned()]);
    let failure = runtime().block_on(async { refusal(inbox.mark().await) });
    assert_eq!(
        failure.text,
        "the mailbox program /nonexistent ended with exit code 127 (“The keeper cannot start /nonexistent: No such file or directory (os error 2).”). Start it by hand to see what it says"
    );
}

#[test]
#[ignore = "takes the 20 s that a look has: --full"]
fn a_program_that_hangs_is_given_up_after_its_limit() {
    let began = std::time::Instant::now();
    let said = script("sleep 300");
    assert_eq!(said, Err("the mailbox program sh neither ends nor says that it is alive within 20 s".to_owned()));
    assert!(began.elapsed().as_secs() < 25, "{:?}", began.elapsed());
}

/// A mailbox in a bucket of the S3 server at `endpoint`.
async fn bucket(endpoint: &str) -> SesS3Inbox {
    let s3 = s3(&AwsSettings {
        region: "us-west-2".to_owned(),
        endpoint: Some(endpoint.to_owned()),
        credentials: Some(("AKIDEXAMPLE".to_owned(), "secret".to_owned())),
    })
    .await;
    SesS3Inbox::new(s3, "mail".to_owned(), "in/".to_owned(), crate::ports::WEEK)
}

/// What is answered, given the body of a refusal, and what is said then.
type Case = (fn(&'static str) -> Answer, &'static str);

#[test]
fn buckets_that_refuse_drop_or_talk_nonsense() {
    let denied = "<?xml version=\"1.0\"?><Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>";
    let cases: [Case; 4] = [
        (|body| Answer::With("403 Forbidden\r\nContent-Type: application/xml", body), "AccessDenied, Access Denied. "),
        (|_| Answer::Close, "dispatch failure"),
        (
            |_| Answer::With("200 OK\r\nContent-Type: application/xml", "no xml at all"),
            "service error: unhandled error: error parsing XML",
        ),
        (|_| Answer::With("503 Slow Down\r\nContent-Type: application/xml", ""), "service error: unhandled error"),
    ];
    for (answer, why) in cases {
        let server = Server::start(move |_| answer(denied));
        let failure = runtime().block_on(async {
            let inbox = bucket(&format!("http://127.0.0.1:{}", server.port)).await;
            refusal(inbox.mark().await)
        });
        let begins = format!("the mailbox s3://mail/in/ cannot be listed: {why}");
        assert!(failure.text.starts_with(&begins), "{why}: {}", failure.text);
        assert!(failure.text.ends_with(FIX_BUCKET), "{}", failure.text);
    }
}

/// What is listed, and cannot be read: somebody else's object, one that is gone by now, one that the server cannot give.
#[test]
fn an_object_that_cannot_be_read_blinds_nobody() {
    const LIST: &str = "<?xml version=\"1.0\"?><ListBucketResult><Name>mail</Name><IsTruncated>false</IsTruncated>\
        <Contents><Key>in/foreign</Key><LastModified>2026-11-27T08:00:00.000Z</LastModified></Contents>\
        <Contents><Key>in/ours</Key><LastModified>2026-11-27T08:00:00.000Z</LastModified></Contents></ListBucketResult>";
    const OURS: &str = "From: a@b.gov\r\nTo: c@d.gov\r\nSubject: Ours\r\n\r\nbody\r\n";
    let cases = [
        (
            "403 Forbidden",
            "<Error><Code>InvalidObjectState</Code><Message>It is in an archive</Message></Error>",
            "InvalidObjectState",
        ),
        ("403 Forbidden", "<Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>", "AccessDenied"),
        ("404 Not Found", "<Error><Code>NoSuchKey</Code><Message>It is gone</Message></Error>", "NoSuchKey"),
        (
            "500 Internal Server Error",
            "<Error><Code>InternalError</Code><Message>Sorry</Message></Error>",
            "InternalError",
        ),
    ];
    for (status, body, code) in cases {
        let head: &'static str = Box::leak(format!("{status}\r\nContent-Type: application/xml").into_boxed_str());
        let server = Server::start(move |path| match path {
            path if path.starts_with("/mail/in/foreign") => Answer::With(head, body),
            path if path.starts_with("/mail/in/ours") => Answer::With("200 OK", OURS),
            _ => Answer::With("200 OK\r\nContent-Type: application/xml", LIST),
        });
        runtime().block_on(async {
            let inbox = bucket(&format!("http://127.0.0.1:{}", server.port)).await;
            for _ in 0..2 {
                let seen = inbox.look(Which::NotIn(&BTreeSet::new())).await.expect("a look");
                assert_eq!(
                    seen.messages.iter().map(|mail| mail.subject.as_str()).collect::<Vec<_>>(),
                    ["Ours"],
                    "{code}"
                );
                assert_eq!(seen.unreadable.len(), 1, "{code}");
                assert!(
                    seen.unreadable[0].starts_with("in/foreign: ") && seen.unreadable[0].contains(code),
                    "{:?}",
                    seen.unreadable
                );
            }
        });
    }
}

#[test]
fn mails_that_are_large_malformed_or_in_strange_letters_are_read_as_far_as_they_go() {
    let sandbox = Sandbox::start(&[]);
    runtime().block_on(async {
        let (s3, bucket, prefix) = crate::ports::bucket(&sandbox).await;
        let client = s3.client.clone();
        let inbox = SesS3Inbox::new(s3, bucket.clone(), prefix.clone(), crate::ports::WEEK);
        let known = inbox.mark().await.expect("a mark").ids.into_iter().collect();
        let mut large = b"From: a@b.gov\r\nTo: c@d.gov\r\nSubject: Large\r\n\r\nfirst line\r\n".to_vec();
        large.resize(50 << 20, b'x');
        let mails: [(&str, Vec<u8>); 5] = [
            ("large", large),
            (
                "charset",
                b"Subject: Letters\r\nContent-Type: text/plain; charset=klingon\r\n\r\nnuqneH \xff\xfe\r\n".to_vec(),
            ),
            (
                "latin",
                b"Subject: =?iso-8859-1?q?Caf=E9?=\r\nContent-Type: text/plain; charset=iso-8859-1\r\n\r\nCaf\xe9\r\n"
                    .to_vec(),
            ),
            (
                "cut",
                b"Subject: Cut\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: multi".to_vec(),
            ),
            ("binary", vec![0, 159, 146, 150, 0, 255]),
        ];
        for (name, raw) in mails {
            let put = client.put_object().bucket(&bucket).key(format!("{prefix}{name}")).body(raw.into());
            put.send().await.expect("stored");
        }
        let seen = inbox.look(Which::NotIn(&known)).await.expect("a look").messages;
        let by = |name: &str| seen.iter().find(|mail| mail.id.ends_with(name)).unwrap_or_else(|| panic!("no {name}"));
        assert_eq!(by("large").subject, "Large");
        assert!(by("large").text.starts_with("first line") && by("large").text.chars().count() <= 200_000);
        assert_eq!((by("latin").subject.as_str(), by("latin").text.trim()), ("Café", "Café"));
        assert!(by("charset").text.starts_with("nuqneH"), "{:?}", by("charset").text);
        assert_eq!(by("cut").subject, "Cut");
    });
}

#[test]
#[ignore = "puts 10,001 objects: --full"]
fn a_bucket_of_ten_thousand_mails_wants_a_lifecycle_rule() {
    let sandbox = Sandbox::start(&[]);
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("a runtime");
    let _ = rustls::crypto::ring::default_provider().install_default();
    runtime.block_on(async {
        let (s3, bucket, prefix) = crate::ports::bucket(&sandbox).await;
        let client = s3.client.clone();
        let free = Arc::new(tokio::sync::Semaphore::new(32));
        let mut puts = tokio::task::JoinSet::new();
        for number in 0..10_001 {
            let place = Arc::clone(&free).acquire_owned().await.expect("a place");
            let put = client.put_object().bucket(&bucket).key(format!("{prefix}{number:05}")).body(vec![b'x'].into());
            puts.spawn(async move {
                put.send().await.expect("stored");
                drop(place);
            });
        }
        puts.join_all().await;
        let inbox = SesS3Inbox::new(s3, bucket, prefix, crate::ports::WEEK);
        let failure = refusal(inbox.look(Which::NotIn(&BTreeSet::new())).await);
        let sentence = "holds too much: more than 10000 objects; give it a lifecycle rule of a few days";
        assert!(failure.text.contains(sentence), "{}", failure.text);
    });
}

/// The example program lives through any mail: broken ones of strangers hide nothing.
#[test]
fn the_example_program_survives_any_mail() {
    let folder = tempfile::tempdir().expect("a folder");
    let strangers: [&[u8]; 8] = [
        b"From: S <s@example.net>\r\nTo: smoke@notify.gov\r\nContent-Type: text/plain; charset=\"uft-8\"\r\n\r\nhello",
        b"\xff\xfe\x00garbage",
        b"",
        b"To: undisclosed-recipients:;\r\nSubject: =?x?y?z?=\r\n\r\n\xe4",
        b"From: \xe4\xf6 <s@example.net>\r\nTo: Smoke\xfc <SMOKE@notify.gov>\r\nSubject: \xe4\r\n\r\nx",
        b"From: a@b (comment\r\nTo: \"unclosed <x@y>\r\nContent-Type: multipart/mixed\r\n\r\n--",
        b"Content-Type: multipart/alternative; boundary=x\r\n\r\n--x\r\nContent-Transfer-Encoding: base64\r\n\r\n!!!!\r\n--x--",
        b"To: smoke@notify.gov\r\nContent-Type: message/rfc822\r\nContent-Transfer-Encoding: base64\r\n\r\n////",
    ];
    for (number, mail) in strangers.iter().enumerate() {
        std::fs::write(folder.path().join(format!("stranger-{number}")), mail).expect("written");
    }
    let ours = "From: n@notify.gov\r\nTo: SMOKE@Notify.gov\r\nSubject: Ours\r\nMessage-ID: <m1>\r\n\r\nhello\r\n";
    std::fs::write(folder.path().join("ours"), ours).expect("written");
    let script = root().join("docs/examples/mailbox-folder.py").display().to_string();
    let command = ["python3".to_owned(), script, "--folder".to_owned(), folder.path().display().to_string()];
    let inbox = ExecInbox::new(&Keeper::at(&program()), command.to_vec(), vec!["smoke@notify.gov".to_owned()]);
    runtime().block_on(async {
        let seen = inbox.look(Which::NotIn(&BTreeSet::new())).await.expect("a look");
        let own: Vec<_> = seen.messages.iter().filter(|mail| mail.subject == "Ours").collect();
        assert_eq!(own.len(), 1);
        assert_eq!((own[0].to.as_slice(), own[0].text.trim()), (["smoke@notify.gov".to_owned()].as_slice(), "hello"));
    });
}

/// A program gets the variables that are named, and plain ones; what is not named, and what is an argument, it does not get.
#[test]
fn a_program_gets_what_its_env_names() {
    let desk = one_page("http://127.0.0.1:9");
    let file = "environments/hostile.yaml";
    let text = std::fs::read_to_string(desk.path().join(file)).expect(file);
    let (before, after) = text.split_once("  command:").expect("a command");
    let after = after.split_once('\n').expect("a line").1;
    let program = "  command: [sh, show.sh]\n  env: [MY_NAMED, MY_PASSWORD, PLACE]\n";
    let show =
        "env | grep -E '^(MY_|AWS_|PATH=)' >> \"$PLACE/seen\"\necho '{\"kind\": \"alive\", \"detail\": \"empty\"}'\n";
    desk.write("show.sh", show.as_bytes());
    desk.write(file, format!("{before}{program}{after}").as_bytes());
    let folder = desk.path().display().to_string();
    let desk = [
        ("PLACE", folder.as_str()),
        ("MY_NAMED", "named"),
        ("MY_PASSWORD", "correct horse battery"),
        ("MY_OTHER", "other"),
        ("AWS_SECRET_ACCESS_KEY", "wJalrXUtnFEMIK7MDENGbPxRfiCYEXAMPLEKEY"),
    ]
    .into_iter()
    .fold(desk, |desk, (name, value)| desk.with(name, value));
    desk.run(&["doctor", "hostile", "one-page"]);
    let seen = std::fs::read_to_string(desk.path().join("seen")).expect("what it saw");
    let names: BTreeSet<&str> = seen.lines().filter_map(|line| line.split('=').next()).collect();
    assert_eq!(names, BTreeSet::from(["MY_NAMED", "MY_PASSWORD", "PATH"]), "{seen}");
    // Not set, in an argument by its name, and in an argument by its value.
    for (from, to, why) in [
        ("env: [MY_NAMED", "env: [MY_MISSING", "the variable MY_MISSING is not set"),
        ("command: [sh", "command: [sh, \"{{ env.MY_PASSWORD }}\"", "the secret MY_PASSWORD in a program's arguments"),
        (
            "command: [sh",
            "command: [sh, \"--password=correct horse battery\"",
            "the secret env.MY_PASSWORD stands in a program's arguments",
        ),
    ] {
        let before = std::fs::read(desk.path().join(file)).expect(file);
        desk.edit(file, from, to);
        let said = desk.run(&["smoke", "hostile", "one-page"]);
        says(&said, 2, why);
        assert!(!said.err.contains("correct horse battery"), "{said:?}");
        desk.write(file, &before);
    }
}
