//! The sandbox against the facts, over HTTP as a browser speaks it: its rules and words, not its looks.

mod csv;

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::Value;

use crate::support::{Sandbox, http, wait_until};

/// A browser without a face: keeps its cookie, follows nothing.
pub struct Visitor<'a> {
    sandbox: &'a Sandbox,
    cookie: String,
}

pub struct Page {
    status: u16,
    location: String,
    text: String,
}

impl Page {
    /// The token of its form.
    fn csrf_token(&self) -> String {
        let token = self.text.split("name=\"csrf_token\" value=\"").nth(1).and_then(|rest| rest.split('"').next());
        token.unwrap_or_else(|| panic!("no form: {} {}", self.status, self.location)).to_owned()
    }
}

impl<'a> Visitor<'a> {
    pub fn new(sandbox: &'a Sandbox) -> Self {
        Self { sandbox, cookie: String::new() }
    }

    fn ask(&mut self, method: &str, path: &str, body: &str) -> Page {
        self.ask_with(method, path, body, "application/x-www-form-urlencoded")
    }

    fn ask_with(&mut self, method: &str, path: &str, body: &str, kind: &str) -> Page {
        use base64::Engine as _;
        use std::io::{Read as _, Write as _};
        let ready = &self.sandbox.ready;
        let host = ready["admin_url"].trim_start_matches("http://");
        let credentials = format!("{}:{}", ready["basic_auth_username"], ready["basic_auth_password"]);
        let door = base64::engine::general_purpose::STANDARD.encode(credentials);
        let mut socket = std::net::TcpStream::connect(host).expect("a connection");
        let request = format!(
            "{method} {path} HTTP/1.0\r\nHost: {host}\r\nAuthorization: Basic {door}\r\nCookie: {}\r\nContent-Type: \
             {kind}\r\nContent-Length: {}\r\n\r\n{body}",
            self.cookie,
            body.len()
        );
        socket.write_all(request.as_bytes()).expect("a request");
        let mut answer = String::new();
        socket.read_to_string(&mut answer).expect("an answer");
        let (head, text) = answer.split_once("\r\n\r\n").expect("a body");
        let header =
            |name: &str| head.lines().find_map(|line| line.strip_prefix(&format!("{name}: ")).map(str::to_owned));
        if let Some(cookie) = header("set-cookie") {
            assert!(cookie.contains("; Secure; HttpOnly; Path=/; SameSite=Lax"), "{cookie}");
            self.cookie = cookie.split(';').next().expect("a pair").to_owned();
        }
        let status = head.split(' ').nth(1).and_then(|code| code.parse().ok()).expect("a status");
        Page { status, location: header("location").unwrap_or_default(), text: text.to_owned() }
    }

    fn get(&mut self, path: &str) -> Page {
        self.ask("GET", path, "")
    }

    /// Fills the form at `path` and sends it.
    fn send(&mut self, path: &str, fields: &[(&str, &str)]) -> Page {
        let token = self.get(path).csrf_token();
        let mut body = url::form_urlencoded::Serializer::new(String::new());
        body.append_pair("csrf_token", &token).extend_pairs(fields);
        self.ask("POST", path, &body.finish())
    }

    pub fn give_password(&mut self) -> Page {
        let (email, password) = (self.sandbox.ready["user_email"].clone(), self.sandbox.ready["user_password"].clone());
        self.send("/sign-in", &[("email_address", &email), ("password", &password)])
    }

    /// Signs in to the end with the newest code.
    pub fn sign_in(&mut self) -> Page {
        let before = texts(self.sandbox).len();
        assert_eq!(self.give_password().location, "/two-factor-sms");
        let code = next_code(self.sandbox, before);
        self.send("/two-factor-sms", &[("sms_code", &code)])
    }
}

/// The texts at the gateway, newest first.
fn texts(sandbox: &Sandbox) -> Vec<BTreeMap<String, Value>> {
    use base64::Engine as _;
    use std::io::{Read as _, Write as _};
    let ready = &sandbox.ready;
    let host = ready["sms_gateway_url"].trim_start_matches("http://");
    let door = format!("{}:{}", ready["sms_gateway_account"], ready["sms_gateway_token"]);
    let door = base64::engine::general_purpose::STANDARD.encode(door);
    let to = ready["user_mobile"].replace('+', "%2B");
    let path = format!("/2010-04-01/Accounts/{}/Messages.json?To={to}", ready["sms_gateway_account"]);
    let mut socket = std::net::TcpStream::connect(host).expect("a connection");
    let request = format!("GET {path} HTTP/1.0\r\nHost: {host}\r\nAuthorization: Basic {door}\r\n\r\n");
    socket.write_all(request.as_bytes()).expect("a request");
    let mut answer = String::new();
    socket.read_to_string(&mut answer).expect("an answer");
    let body: Value = serde_json::from_str(answer.split_once("\r\n\r\n").expect("a body").1).expect("JSON");
    let texts: Vec<BTreeMap<String, Value>> = serde_json::from_value(body["messages"].clone()).expect("messages");
    let is_its_own = |text: &BTreeMap<String, Value>| text["from"] == ready["sms_sender"].as_str();
    texts.into_iter().filter(is_its_own).collect()
}

fn next_code(sandbox: &Sandbox, before: usize) -> String {
    let arrived = wait_until(Duration::from_secs(10), || {
        let texts = texts(sandbox);
        (texts.len() > before).then(|| texts[0].clone())
    });
    let text = arrived.expect("a text");
    let body = text["body"].as_str().expect("a body");
    assert!(body.ends_with(" is your U.S. Notify authentication code"), "{body}");
    body[..6].to_owned()
}

#[test]
fn signing_in_takes_a_password_and_a_texted_code() {
    let sandbox = Sandbox::start(&[]);
    let mut visitor = Visitor::new(&sandbox);
    assert_eq!(visitor.get("/two-factor-sms").location, "/sign-in");
    let landed = visitor.sign_in();
    assert_eq!((landed.status, landed.location.as_str()), (302, "/accounts-or-dashboard"));
    let dashboard = visitor.get("/accounts-or-dashboard").location;
    assert!(visitor.get(&dashboard).text.contains("<title>Dashboard – Smoke Service – Notify.gov</title>"));
    assert_eq!(visitor.get("/sign-out").location, "/");
    assert!(visitor.get(&dashboard).location.starts_with("/sign-in?next="));
}

#[test]
fn wrong_passwords_and_codes_have_their_words_and_lock_at_ten() {
    let sandbox = Sandbox::start(&[]);
    let email = sandbox.ready["user_email"].clone();
    let mut visitor = Visitor::new(&sandbox);
    let wrong = visitor.send("/sign-in", &[("email_address", &email), ("password", "wrong password")]);
    assert!(wrong.text.contains("The email address or password you entered is incorrect."));
    assert!(visitor.send("/sign-in", &[]).text.contains("Enter your password"));
    visitor.give_password();
    let code = next_code(&sandbox, 0);
    let other = if code == "000000" { "000001" } else { "000000" };
    for (given, said) in [
        ("", "Cannot be empty"),
        ("12", "Not enough numbers"),
        ("1234567", "Too many numbers"),
        ("12345x", "Numbers only"),
        (other, "Code not found"),
    ] {
        assert!(visitor.send("/two-factor-sms", &[("sms_code", given)]).text.contains(said), "{given}");
    }
    assert_eq!(visitor.send("/two-factor-sms", &[("sms_code", &code)]).location, "/accounts-or-dashboard");
    let mut again = Visitor::new(&sandbox);
    again.give_password();
    assert!(again.send("/two-factor-sms", &[("sms_code", &code)]).text.contains("Code has expired"), "used before");
    for _ in 0..10 {
        again.send("/two-factor-sms", &[("sms_code", other)]);
    }
    let locked = again.give_password();
    assert!(locked.text.contains("The email address or password you entered is incorrect."), "not locked");
}

#[test]
fn the_sixth_code_is_not_sent_and_the_page_says_the_same() {
    let sandbox = Sandbox::start(&[]);
    let mut visitor = Visitor::new(&sandbox);
    for _ in 0..7 {
        assert_eq!(visitor.give_password().location, "/two-factor-sms");
    }
    assert!(visitor.get("/two-factor-sms").text.contains("We’ve sent you a text message with a security code."));
    let made = |made: bool| sandbox.entries("code-requested").iter().filter(|entry| entry["made"] == made).count();
    assert_eq!((made(true), made(false)), (5, 2));
    assert!(wait_until(Duration::from_secs(5), || (texts(&sandbox).len() == 5).then_some(())).is_some());
}

#[test]
fn a_user_has_one_session() {
    let sandbox = Sandbox::start(&[]);
    let (mut first, mut second) = (Visitor::new(&sandbox), Visitor::new(&sandbox));
    first.sign_in();
    second.sign_in();
    let dashboard = second.get("/accounts-or-dashboard").location;
    let thrown_out = first.get(&dashboard).location;
    assert!(thrown_out.starts_with("/sign-in?next="), "{thrown_out}");
    let page = first.get(&thrown_out).text;
    assert!(page.contains("You need to sign in again") && page.contains("logged in to Notify on another device"));
}

#[test]
fn links_expire_are_used_up_and_cannot_be_touched() {
    let sandbox = Sandbox::start(&[]);
    let email = sandbox.ready["user_email"].clone();
    let mut visitor = Visitor::new(&sandbox);
    let unknown = visitor.send("/forgot-password", &[("email_address", "nobody@notify-sandbox.gov")]);
    assert!(unknown.status == 200 && unknown.text.contains("Check your email"));
    assert!(visitor.send("/forgot-password", &[("email_address", "x")]).text.contains("Enter a valid email address"));
    visitor.send("/forgot-password", &[("email_address", &email)]);
    let link = sandbox.entries("link-made")[0]["token"].as_str().expect("a token").to_owned();
    let path = format!("/new-password/{link}");
    assert!(visitor.get(&path).text.contains("You can now create a new password for your account."));
    let touched = visitor.get(&path.replace('.', "x"));
    assert!(touched.status == 404 && touched.text.contains("There’s something wrong with the link you’ve used."));
    http("PUT", &format!("{}/control/clock", sandbox.control_url()), "{\"offset_ms\":3700000}");
    let expired = visitor.get(&path);
    assert_eq!((expired.status, expired.location.as_str()), (302, "/forgot-password"));
    let banner = "The link in the email we sent you has expired. Enter your email address to resend.";
    assert!(visitor.get("/forgot-password").text.contains(banner));
    assert!(!visitor.get("/forgot-password").text.contains(banner), "it is said once");
}

#[test]
fn forms_without_their_token_are_sent_to_sign_in() {
    let sandbox = Sandbox::start(&[]);
    let mut visitor = Visitor::new(&sandbox);
    let refused = visitor.ask("POST", "/forgot-password", "email_address=a%40b.gov");
    assert_eq!((refused.status, refused.location.as_str()), (302, "/sign-in?next=%2Fforgot-password"));
    assert!(sandbox.entries("reset-requested").is_empty());
}
