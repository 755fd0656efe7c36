//! Lists of recipients: upload, what is wrong with a file, the choice of a time, jobs and what becomes of them.

use std::time::Duration;

use super::{Page, Visitor};
use crate::support::{Sandbox, http, wait_until};

const SERVICE: &str = "/services/5c5c9b1e-2f0a-4a57-9a0e-5d1f5a3c8e21";
const EMAIL: &str = "0b9c6a52-6c2f-4a0e-9d0b-0d6f3f0a51e1";
const SMS: &str = "0b9c6a52-6c2f-4a0e-9d0b-0d6f3f0a51e2";
const BOUNDARY: &str = "a-boundary";

impl Visitor<'_> {
    fn form_data(&mut self, path: &str, parts: &[(&str, Option<&str>, &str)]) -> Page {
        let part = |(name, file, value): &(&str, Option<&str>, &str)| {
            let file = file.map(|file| format!("; filename=\"{file}\"")).unwrap_or_default();
            format!("--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"{name}\"{file}\r\n\r\n{value}\r\n")
        };
        let body: String = parts.iter().map(part).chain([format!("--{BOUNDARY}--\r\n")]).collect();
        self.ask_with("POST", path, &body, &format!("multipart/form-data; boundary={BOUNDARY}"))
    }

    /// Uploads a file and gives the page that comes of it.
    fn upload(&mut self, template: &str, name: &str, csv: &str) -> Page {
        let path = format!("{SERVICE}/send/{template}/csv");
        let token = self.get(&path).csrf_token();
        let answer = self.form_data(&path, &[("file", Some(name), csv), ("csrf_token", None, &token)]);
        if answer.location.is_empty() {
            return answer;
        }
        let location = answer.location;
        Page { location: location.clone(), ..self.get(&location) }
    }

    /// Presses the button of a check page. Gives the job's path.
    fn start(&mut self, check: &Page, scheduled_for: &str) -> Page {
        let upload = check.location.rsplit('/').next().expect("an id").to_owned();
        let token = check.csrf_token();
        self.form_data(
            &format!("{SERVICE}/start-job/{upload}"),
            &[("csrf_token", None, &token), ("scheduled_for", None, scheduled_for)],
        )
    }
}

fn rows(sandbox: &Sandbox) -> String {
    let email = &sandbox.ready["user_email"];
    format!("email address,run,row\n{email},r1,one\n{email},r1,two\n")
}

/// The second choice of a check page, after "Now".
fn soonest(check: &Page) -> String {
    let radios: Vec<&str> = check.text.split("name=\"scheduled_for\" type=\"radio\" value=\"").skip(1).collect();
    radios[1].split('"').next().expect("a value").to_owned()
}

fn mails(sandbox: &Sandbox) -> Vec<String> {
    let subjects = sandbox.entries("mail-delivered");
    subjects.iter().map(|mail| mail["subject"].as_str().expect("text").to_owned()).collect()
}

#[test]
fn a_scheduled_file_is_sent_at_its_time_and_its_page_says_so() {
    let sandbox = Sandbox::start(&["--slots", "4s"]);
    let mut visitor = Visitor::new(&sandbox);
    visitor.sign_in();
    assert!(visitor.get(&format!("{SERVICE}/templates")).text.contains(&format!("{SERVICE}/templates/{EMAIL}")));
    let template = visitor.get(&format!("{SERVICE}/templates/{EMAIL}")).text;
    assert!(template.contains("<span class='placeholder'>((row))</span>"), "{template}");
    let check = visitor.upload(EMAIL, "list.csv", &rows(&sandbox));
    for words in ["Preview of Smoke test by email", "This is row one of smoke test r1.", "Send 2 emails", "list.csv"] {
        assert!(check.text.contains(words), "no {words} in {}", check.text);
    }
    let slot = soonest(&check);
    let job = visitor.start(&check, &slot).location;
    assert!(job.starts_with(&format!("{SERVICE}/jobs/")), "{job}");
    let page = visitor.get(&job).text;
    for words in ["Uploaded by Smoke Test on ", "Cancel sending", " today at ", "Sending <a"] {
        assert!(page.contains(words), "no {words} in {page}");
    }
    assert!(mails(&sandbox).is_empty(), "sent before its time");
    let again = visitor.get(&check.location);
    assert_eq!((again.status, again.location), (301, format!("{SERVICE}/send/{EMAIL}/csv")));
    assert!(wait_until(Duration::from_secs(10), || (mails(&sandbox).len() == 2).then_some(())).is_some());
    assert_eq!(mails(&sandbox), ["Smoke test r1", "Smoke test r1"]);
    let done = wait_until(Duration::from_secs(5), || {
        let page = visitor.get(&job).text;
        (page.matches("Delivered").count() == 2).then_some(page)
    });
    assert!(done.is_some_and(|page| page.contains("Sent by Smoke Test on ") && page.contains("Download this report")));
    let news = visitor.get(&format!("{job}.json?status=")).text;
    for key in ["\"status\"", "\"counts\"", "\"notifications\""] {
        assert!(news.contains(key), "{news}");
    }
}

#[test]
fn a_job_can_be_cancelled_before_its_time_and_has_no_page_then() {
    let sandbox = Sandbox::start(&["--slots", "1h"]);
    let mut visitor = Visitor::new(&sandbox);
    visitor.sign_in();
    let check = visitor.upload(EMAIL, "list.csv", &rows(&sandbox));
    let job = visitor.start(&check, &soonest(&check)).location;
    let refused = visitor.upload(EMAIL, "list.csv", &rows(&sandbox)).text;
    assert!(refused.contains("These messages have already been sent today"), "{refused}");
    assert_eq!(visitor.send(&job, &[]).location, SERVICE);
    assert_eq!(visitor.get(&job).status, 404);
    assert!(visitor.upload(EMAIL, "list.csv", &rows(&sandbox)).text.contains("Preview of"), "cancelled does not count");
    assert_eq!(sandbox.entries("job-cancelled").len(), 1);
}

#[test]
fn a_time_in_the_past_is_an_error_page_and_now_is_now() {
    let sandbox = Sandbox::start(&["--slots", "1h"]);
    let mut visitor = Visitor::new(&sandbox);
    visitor.sign_in();
    let check = visitor.upload(EMAIL, "list.csv", &rows(&sandbox));
    for wrong in ["2023-01-01T00:00:00", "soon", "2099-01-01T00:00:00"] {
        let page = visitor.start(&check, wrong);
        assert!(page.status == 500 && page.text.contains("Sorry, there’s a problem with Notify.gov"), "{wrong}");
    }
    let job = visitor.start(&check, "").location;
    assert!(wait_until(Duration::from_secs(10), || (mails(&sandbox).len() == 2).then_some(())).is_some());
    assert!(visitor.get(&job).text.contains("Sent by Smoke Test on "));
    assert_eq!(visitor.start(&check, "").location, job, "the same job, once");
    assert_eq!(sandbox.entries("job-made").len(), 1);
}

#[test]
fn every_bad_file_has_its_heading() {
    let sandbox = Sandbox::start(&["--slots", "1h"]);
    let mut visitor = Visitor::new(&sandbox);
    visitor.sign_in();
    let number = sandbox.ready["user_mobile"].clone();
    let many = vec![format!("{number},r,x"); 51].join("\n");
    let cases: &[(&str, &str, &[&str])] = &[
        ("a.csv", "phone number,run,row\n", &["Your file is missing some rows", "It needs at least one row of data."]),
        (
            "a.csv",
            "run,row\nr,x\n",
            &["There’s a problem with your column names", "Your file needs a column called ‘phone number’."],
        ),
        (
            "a.csv",
            "phone number,Phone Number,run,row\n1,2,r,x\n",
            &["We found more than one column called ‘phone number’."],
        ),
        (
            "a.csv",
            "phone number,run\n2025550123,r\n",
            &[
                "Your column names need to match the double brackets in your template",
                "Your file is missing a column called ‘row’.",
            ],
        ),
        (
            "a.csv",
            "phone number,run,row\n202,r,x\n",
            &["There’s a problem with a.csv", "You need to fix 1 phone number.", "Not enough digits"],
        ),
        ("a.csv", "phone number,run,row\n2025550123,r,\n", &["You need to enter missing data in 1 row.", "Missing"]),
        (
            "a.csv",
            "phone number,run,row\n2025550199,r,x\n",
            &["You cannot send to this phone number", "In trial mode you can only send to yourself"],
        ),
        (
            "a.csv",
            &format!("phone number,run,row\n{many}"),
            &["Too many recipients", "You can only send 50 messages per day"],
        ),
        ("a.txt", "x", &["a.txt is not a spreadsheet that Notify can read"]),
        ("a.csv", "x\0y", &["Could not read a.csv. Try using a different file format."]),
    ];
    for (name, csv, words) in cases {
        let page = visitor.upload(SMS, name, csv);
        assert_eq!(page.status, 200);
        for words in *words {
            assert!(page.text.contains(words), "no {words} for {csv}: {}", page.text);
        }
    }
    assert!(
        visitor
            .upload(SMS, "a.csv", "\u{feff}Phone number,RUN,row\n(202) 555-0123,r,x\n")
            .text
            .contains("Send 1 text message")
    );
}

#[test]
fn in_trial_mode_a_strangers_row_is_dropped_and_the_job_says_finished() {
    let sandbox = Sandbox::start(&["--slots", "1h"]);
    let mut visitor = Visitor::new(&sandbox);
    visitor.sign_in();
    let trial = |on: bool| {
        http("PUT", &format!("{}/control/service", sandbox.control_url()), &format!("{{\"restricted\":{on}}}"));
    };
    trial(false);
    let own = &sandbox.ready["user_email"];
    let check =
        visitor.upload(EMAIL, "list.csv", &format!("email address,run,row\nsomebody@else.gov,r1,one\n{own},r1,two\n"));
    trial(true);
    let job = visitor.start(&check, "").location;
    assert!(wait_until(Duration::from_secs(10), || (!mails(&sandbox).is_empty()).then_some(())).is_some());
    let page = visitor.get(&job).text;
    assert!(!page.contains("somebody@else.gov") && page.contains("% complete…"), "a row is still missing");
    assert_eq!(sandbox.entries("mail-accepted").len(), 1);
}

#[test]
fn the_first_hour_of_a_day_begins_with_yesterday() {
    let sandbox = Sandbox::start(&["--clock", "2026-11-22T00:30:00Z"]);
    let mut visitor = Visitor::new(&sandbox);
    visitor.sign_in();
    let check = visitor.upload(EMAIL, "list.csv", &rows(&sandbox));
    assert!(check.text.contains("data-categories=\"Saturday,Later today,Tomorrow,Tuesday\""), "the days are others");
    assert_eq!(soonest(&check), "2026-11-22T01:00:00");
    // The clock goes on from there, and can be moved to the slot.
    let job = visitor.start(&check, "2026-11-22T01:00:00").location;
    http("PUT", &format!("{}/control/clock", sandbox.control_url()), "{\"time\":\"2026-11-22T00:59:59.900Z\"}");
    assert!(wait_until(Duration::from_secs(5), || (mails(&sandbox).len() == 2).then_some(())).is_some());
    assert!(visitor.get(&job).text.contains("Sent by Smoke Test on 22 November at 01:00"));
}
