//! A machine behind a proxy: one policy for browser and HTTP, and loopback never goes through one.

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use super::tls::{Wrong, server_for};
use super::{one_page, says};
use crate::support::Desk;

/// A name that no resolver of this machine knows.
const HOST: &str = "notify-smoke-behind-a-proxy.test";

/// A proxy that leads every `CONNECT` to one port of this machine, and notes where it was asked to lead.
struct Proxy {
    port: u16,
    asked: Arc<Mutex<Vec<String>>>,
    count: Arc<AtomicUsize>,
}

impl Proxy {
    fn to(target: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let (asked, count) = (Arc::new(Mutex::new(Vec::new())), Arc::new(AtomicUsize::new(0)));
        let (noted, counted) = (Arc::clone(&asked), Arc::clone(&count));
        std::thread::spawn(move || {
            for socket in listener.incoming().flatten() {
                let noted = Arc::clone(&noted);
                counted.fetch_add(1, Ordering::SeqCst);
                // A client that goes away is none of the proxy's business.
                std::thread::spawn(move || lead(socket, target, &noted));
            }
        });
        Self { port, asked, count }
    }

    /// A machine whose variables name it.
    fn machine(&self, desk: Desk) -> Desk {
        let url = format!("http://127.0.0.1:{}", self.port);
        ["HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy"]
            .into_iter()
            .fold(desk, |desk, name| desk.with(name, &url))
    }
}

fn lead(mut client: TcpStream, target: u16, asked: &Mutex<Vec<String>>) -> Option<()> {
    let mut head = Vec::new();
    let mut byte = [0_u8; 1];
    while !head.ends_with(b"\r\n\r\n") && head.len() < 8_192 {
        client.read_exact(&mut byte).ok()?;
        head.push(byte[0]);
    }
    let line = String::from_utf8_lossy(&head).lines().next()?.to_owned();
    asked.lock().expect("the list").push(line.clone());
    if !line.starts_with(&format!("CONNECT {HOST}:")) {
        return client.write_all(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n").ok();
    }
    let mut server = TcpStream::connect(("127.0.0.1", target)).ok()?;
    client.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n").ok()?;
    let (mut back, mut forth) = (server.try_clone().ok()?, client.try_clone().ok()?);
    std::thread::spawn(move || {
        let _ = std::io::copy(&mut back, &mut forth);
        let _ = forth.shutdown(Shutdown::Both);
    });
    let _ = std::io::copy(&mut client, &mut server);
    server.shutdown(Shutdown::Both).ok()
}

#[test]
fn what_is_on_this_machine_goes_through_no_proxy() {
    let page = super::server::Server::start(|path| match path {
        "/page" => super::server::Answer::Page("<h1>Hello</h1>"),
        _ => super::server::Answer::With("200 OK\r\nContent-Type: application/json", "{\"status\": \"ok\"}"),
    });
    let proxy = Proxy::to(9);
    let desk = proxy.machine(one_page(&format!("http://localhost:{}", page.port)));
    says(&desk.run(&["smoke", "hostile", "one-page"]), 0, "One page: passed");
    says(
        &desk.run(&["doctor", "hostile", "one-page"]),
        0,
        "ok       proxy           none: what is on this machine goes through none",
    );
    assert_eq!(proxy.count.load(Ordering::SeqCst), 0, "{:?}", proxy.asked.lock());
}

#[test]
fn a_service_behind_a_proxy_is_reached_by_browser_and_looks_alike() {
    let (server, pem) = server_for(Wrong::Nothing, HOST);
    let proxy = Proxy::to(server.port);
    let desk = proxy.machine(one_page(&format!("https://{HOST}")));
    desk.write("ca.pem", pem.as_bytes());
    desk.edit("environments/hostile.yaml", "poll: 100ms", "poll: 100ms\nca-file: ca.pem");
    says(&desk.run(&["smoke", "hostile", "one-page"]), 0, "One page: passed");
    let said = desk.run(&["doctor", "hostile", "one-page"]);
    says(&said, 0, &format!("ok       proxy           http://127.0.0.1:{} stands between", proxy.port));
    let own = format!("CONNECT {HOST}:443 HTTP/1.1");
    let asked = proxy.asked.lock().expect("the list").clone();
    assert!(asked.len() >= 2 && asked.iter().all(|line| *line == own), "{asked:?}");
}

#[test]
fn a_proxy_that_the_browser_cannot_use_is_named_before_anything_is_touched() {
    let proxy = Proxy::to(9);
    let kinds = [
        (
            "http://name:password@",
            "HTTPS_PROXY",
            "asks for a name and a password, and the browser has nobody to type them.",
        ),
        ("socks5://", "ALL_PROXY", "speaks SOCKS, which the AWS client cannot. Name an HTTP proxy in HTTPS_PROXY"),
        ("socks4a://", "HTTPS_PROXY", "speaks SOCKS, which the AWS client cannot."),
    ];
    for (scheme, variable, why) in kinds {
        let url = format!("{scheme}127.0.0.1:{}", proxy.port);
        let desk = one_page(&format!("https://{HOST}")).with(variable, &url).with(&variable.to_lowercase(), &url);
        let before = proxy.count.load(Ordering::SeqCst);
        let said = desk.run(&["smoke", "hostile", "one-page"]);
        says(&said, 2, why);
        assert_eq!(proxy.count.load(Ordering::SeqCst), before, "it was touched");
        assert!(!said.err.contains("name:password") && !said.out.contains("name:password"), "{said:?}");
        let doctor = desk.run(&["doctor", "hostile", "one-page"]);
        assert!(doctor.out.contains(why.split('.').next().expect("words")), "{doctor:?}");
    }
}

#[test]
fn hosts_that_go_through_no_proxy_are_named_by_its_variable() {
    let proxy = Proxy::to(9);
    let desk = proxy.machine(one_page(&format!("https://{HOST}"))).with("NO_PROXY", HOST).with("no_proxy", HOST);
    says(&desk.run(&["smoke", "hostile", "one-page"]), 1, "the browser could not open the page: ERR_NAME_NOT_RESOLVED");
    assert_eq!(proxy.count.load(Ordering::SeqCst), 0);
}
