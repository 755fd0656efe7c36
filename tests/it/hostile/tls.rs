//! Certificates that may not be trusted are never ignored; an authority of one's own can be named.

use std::sync::Arc;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, date_time_ymd};
use rustls::ServerConfig;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};

use super::server::{Answer, Server};
use super::{one_page, says, smoke};

/// What is wrong with a certificate.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Wrong {
    Nothing,
    Expired,
    Host,
}

/// How long the server's certificate is good for.
const GOOD_FOR_DAYS: i64 = 200;

/// The day in so many days: no test may know today's date.
fn in_days(days: i64) -> Date {
    let today = Timestamp::now().to_zoned(TimeZone::UTC).date();
    today.checked_add(days.days()).expect("a date")
}

/// An authority, and a server of this machine whose certificate it has signed.
fn server(wrong: Wrong) -> (Server, String) {
    server_for(wrong, "localhost")
}

/// The same for another name.
pub fn server_for(wrong: Wrong, host: &str) -> (Server, String) {
    let mut authority = CertificateParams::new(Vec::<String>::new()).expect("parameters");
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    authority.distinguished_name.push(DnType::CommonName, "An authority of our own");
    let authority = CertifiedIssuer::self_signed(authority, KeyPair::generate().expect("a key")).expect("an authority");
    let name = if wrong == Wrong::Host { "somewhere-else.gov" } else { host };
    let mut parameters = CertificateParams::new(vec![name.to_owned()]).expect("parameters");
    parameters.distinguished_name.push(DnType::CommonName, name);
    let at = |days: i64| {
        let day = in_days(days);
        let part = |number: i8| u8::try_from(number).expect("a date");
        date_time_ymd(day.year().into(), part(day.month()), part(day.day()))
    };
    let (from, until) = if wrong == Wrong::Expired { (-60, -30) } else { (-30, GOOD_FOR_DAYS) };
    parameters.not_before = at(from);
    parameters.not_after = at(until);
    let key = KeyPair::generate().expect("a key");
    let certificate = parameters.signed_by(&key, &authority).expect("a certificate");
    let chain: Vec<CertificateDer<'static>> = vec![certificate.der().clone()];
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let _ = rustls::crypto::ring::default_provider().install_default();
    let config = ServerConfig::builder().with_no_client_auth().with_single_cert(chain, key).expect("a configuration");
    let server = Server::with_tls(Some(Arc::new(config)), |path| match path {
        "/page" => Answer::Page("<h1>Hello</h1>"),
        _ => Answer::With("200 OK\r\nContent-Type: application/json", "{\"status\": \"ok\", \"git_commit\": \"abc\"}"),
    });
    (server, authority.pem())
}

/// A run, with the authority named or not.
fn run(wrong: Wrong, named: bool) -> crate::support::Said {
    let (server, pem) = server(wrong);
    let desk = one_page(&format!("https://localhost:{}", server.port));
    desk.write("ca.pem", pem.as_bytes());
    if named {
        desk.edit("environments/hostile.yaml", "poll: 100ms", "poll: 100ms\nca-file: ca.pem");
    }
    smoke(&desk)
}

#[test]
fn an_authority_that_nobody_named() {
    says(&run(Wrong::Nothing, false), 1, "the browser could not open the page: ERR_CERT_AUTHORITY_INVALID");
}

#[test]
fn an_authority_of_our_own_that_was_named_is_trusted() {
    says(&run(Wrong::Nothing, true), 0, "One page: passed");
}

#[test]
fn an_expired_certificate_of_a_named_authority() {
    says(&run(Wrong::Expired, true), 1, "the browser could not open the page: ERR_CERT_DATE_INVALID");
}

#[test]
fn a_certificate_for_another_host_of_a_named_authority() {
    says(&run(Wrong::Host, true), 1, "the browser could not open the page: ERR_CERT_COMMON_NAME_INVALID");
}

#[test]
fn a_ca_file_that_is_none() {
    let desk = one_page("https://localhost:9");
    desk.edit("environments/hostile.yaml", "poll: 100ms", "poll: 100ms\nca-file: missing.pem");
    says(&smoke(&desk), 3, "The ca-file missing.pem cannot be used: No such file or directory (os error 2).");
    desk.write("missing.pem", b"nothing");
    says(&smoke(&desk), 3, "The ca-file missing.pem cannot be used: it holds no certificate in PEM form.");
}

#[test]
fn doctor_tells_how_long_a_certificate_is_good_for_and_why_it_is_not_trusted() {
    let (server, pem) = server(Wrong::Nothing);
    let desk = one_page(&format!("https://localhost:{}", server.port));
    let said = desk.run(&["doctor", "hostile", "one-page"]);
    says(&said, 2, "fail     certificate     not trusted: ");
    desk.write("ca.pem", pem.as_bytes());
    desk.edit("environments/hostile.yaml", "poll: 100ms", "poll: 100ms\nca-file: ca.pem");
    let said = desk.run(&["doctor", "hostile", "one-page"]);
    // Under another date (`script/test --full`) the browser keeps the machine's: children get plain variables only.
    assert!(!said.out.lines().any(|line| line.starts_with("  fail ")), "{}", said.out);
    says(&said, 0, &format!("(until {})", in_days(GOOD_FOR_DAYS)));
}
