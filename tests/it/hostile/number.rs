//! A gateway that is busy, broken, slow, or not one at all.

use notify_smoke::http;
use notify_smoke::inbox::TwilioInbox;
use notify_smoke::port::Inbox as _;

use super::server::{Answer, Server};
use crate::ports::{refusal, runtime};

/// What a look at the number says while the gateway answers like this.
fn says(answer: impl Fn() -> Answer + Send + Sync + 'static) -> String {
    let server = Server::start(move |_| answer());
    let endpoint = Some(format!("http://127.0.0.1:{}", server.port));
    runtime().block_on(async {
        let client = http::client(std::time::Duration::from_secs(30), None).expect("a client");
        let number = ["AC1", "token", "+12025550123"].map(str::to_owned);
        let [account, token, mobile] = number;
        refusal(TwilioInbox::new(client, endpoint, account, token, mobile, crate::ports::WEEK).mark().await).text
    })
}

/// What is answered, and what is said then.
type Case = (fn() -> Answer, &'static str);

#[test]
fn a_gateway_that_does_not_answer_as_documented() {
    let cases: [Case; 8] = [
        (
            || Answer::With("401 Unauthorized", ""),
            "Twilio refuses account and token; look at `number` in the environment file",
        ),
        (|| Answer::With("429 Too Many Requests", "{}"), "Twilio says that it is asked too often; set a longer `poll`"),
        (|| Answer::With("500 Internal Server Error", "{}"), "Twilio answers HTTP 500"),
        (|| Answer::With("302 Found\r\nLocation: http://127.0.0.1:9/", ""), "Twilio answers HTTP 302"),
        (|| Answer::With("200 OK", "<h1>Hello</h1>"), "Twilio's answer is not what its documentation says"),
        (|| Answer::With("200 OK", "{\"messages\": 3}"), "Twilio's answer is not what its documentation says"),
        (|| Answer::Large(50 << 20), "Twilio's answer is larger than a list of messages can be"),
        (|| Answer::Close, "Twilio cannot be reached"),
    ];
    for (answer, why) in cases {
        assert_eq!(says(answer), format!("the test number +12025550123 cannot be read: {why}"));
    }
}

#[test]
fn a_gateway_that_breaks_off() {
    let said = says(|| Answer::Raw(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"messages\": ["));
    assert_eq!(said, "the test number +12025550123 cannot be read: Twilio's answer breaks off");
}

#[test]
fn a_gateway_that_is_too_slow() {
    let said = says(|| Answer::Silence);
    assert_eq!(said, "the test number +12025550123 cannot be read: Twilio does not answer in time");
}
