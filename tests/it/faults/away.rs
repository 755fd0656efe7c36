//! A shared store that answers wrongly, slowly or not at all: no verdict depends on it, and what it missed is written when it is back.

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use notify_smoke::port::{Away, Lease as _, Objects, Taken};
use notify_smoke::store::{Mirror, stored};

use super::machines::machine;
use super::{LOGIN, RESET};
use crate::ports::runtime;
use crate::store::{Moto, bucket_at, leases_on};
use crate::support::{Said, Sandbox, wait_until};

/// How the store answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mode {
    Well,
    /// It takes no connection up.
    Refuses,
    /// With this status and code of S3's, whatever is asked.
    Says(u16, &'static str),
    Slow(Duration),
}

const MODES: [Mode; 5] = [
    Mode::Refuses,
    Mode::Says(503, "SlowDown"),
    Mode::Says(403, "AccessDenied"),
    Mode::Says(507, "InsufficientStorage"),
    Mode::Slow(Duration::from_secs(8)),
];

#[derive(Clone)]
struct State {
    mode: Arc<Mutex<Mode>>,
    live: Arc<Mutex<Vec<TcpStream>>>,
}

/// Stands before a store, and lets it answer as it is told.
struct Front {
    url: String,
    state: State,
}

impl Front {
    fn before(moto: &Moto) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let behind: SocketAddr = moto.url.trim_start_matches("http://").parse().expect("an address");
        let state = State { mode: Arc::new(Mutex::new(Mode::Well)), live: Arc::default() };
        let shared = state.clone();
        // It ends with the test's process.
        std::thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let state = shared.clone();
                std::thread::spawn(move || state.serve(client, behind));
            }
        });
        Self { url, state }
    }

    /// From now on, also for those that are connected.
    fn is(&self, mode: Mode) {
        *self.state.mode.lock().expect("the mode") = mode;
        for stream in self.state.live.lock().expect("streams").drain(..) {
            // One that has ended is what was wanted.
            let _ = stream.shutdown(Shutdown::Both);
        }
    }
}

impl State {
    /// Whatever goes wrong here is a connection that ends.
    fn serve(&self, mut client: TcpStream, behind: SocketAddr) -> Option<()> {
        let mode = *self.mode.lock().expect("the mode");
        self.live.lock().expect("streams").push(client.try_clone().ok()?);
        match mode {
            Mode::Refuses => return client.shutdown(Shutdown::Both).ok(),
            Mode::Says(status, code) => {
                client.set_read_timeout(Some(Duration::from_millis(200))).ok()?;
                let mut bytes = vec![0; 65_536];
                while client.read(&mut bytes).is_ok_and(|read| read == bytes.len()) {}
                let body = format!("<Error><Code>{code}</Code><Message>as told</Message></Error>");
                let answer = format!(
                    "HTTP/1.1 {status} x\r\ncontent-type: application/xml\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
                    body.len()
                );
                return client.write_all(answer.as_bytes()).ok();
            }
            Mode::Slow(time) => std::thread::sleep(time),
            Mode::Well => {}
        }
        let server = TcpStream::connect(behind).ok()?;
        self.live.lock().expect("streams").push(server.try_clone().ok()?);
        let (mut from_server, mut to_client) = (server.try_clone().ok()?, client.try_clone().ok()?);
        std::thread::spawn(move || {
            // Either side may end first.
            let _ = std::io::copy(&mut from_server, &mut to_client);
            let _ = to_client.shutdown(Shutdown::Both);
        });
        let (mut from_client, mut to_server) = (client, server);
        std::io::copy(&mut from_client, &mut to_server).ok()?;
        to_server.shutdown(Shutdown::Both).ok()
    }
}

/// Each call ends within its bound, nobody is held up, and the journal is whole when the store is back.
#[test]
fn a_store_that_is_not_well_holds_nobody_up_and_is_caught_up_with() {
    let moto = Moto::start();
    runtime().block_on(async {
        let mut modes = tokio::task::JoinSet::new();
        for (number, mode) in MODES.into_iter().enumerate() {
            let front = Front::before(&moto);
            modes.spawn(async move { holds_nobody_up(mode, &format!("run-{number}"), &front).await });
        }
        while let Some(held) = modes.join_next().await {
            held.expect("a mode");
        }
    });
}

async fn holds_nobody_up(mode: Mode, run: &str, front: &Front) {
    let folder = tempfile::tempdir().expect("a folder");
    let objects: Arc<dyn Objects> = Arc::new(bucket_at(&front.url).await);
    let journal = folder.path().join("journal.jsonl");
    std::fs::write(&journal, "{\"line\":0}\n").expect("a journal");
    let mut mirror = Mirror::new(objects.clone(), "local", run, folder.path(), 0);
    mirror.push().await.expect("a store");
    let lines = "{\"line\":0}\n{\"line\":1}\n";
    std::fs::write(&journal, lines).expect("a journal");
    front.is(mode);
    let begun = Instant::now();
    let Err(Away(why)) = mirror.push().await else { panic!("{mode:?}: it was written") };
    assert!(!why.is_empty() && begun.elapsed() < Duration::from_secs(7), "{mode:?}: {:?}, {why}", begun.elapsed());
    if let Mode::Says(_, code) = mode {
        assert!(why.contains(code), "{mode:?}: {why}");
    }
    let begun = Instant::now();
    let taken = leases_on(objects.clone(), run).take(60_000).await;
    assert!(matches!(&taken, Taken::Ours { unasked: Some(why), .. } if !why.is_empty()), "{mode:?}: {taken:?}");
    assert!(begun.elapsed() < Duration::from_secs(25), "{mode:?}: {:?}", begun.elapsed());
    front.is(Mode::Well);
    mirror.push().await.expect("it is back");
    let there = stored(objects.as_ref(), "local", "").await.expect("a store");
    let there = there.iter().find(|stored| stored.run == run).expect("the run");
    assert_eq!(there.bytes(), lines.len() as u64, "{mode:?}");
}

/// From the start, from the middle, from the end of a run.
#[test]
#[ignore = "long: script/test --full"]
fn a_store_that_is_not_well_at_any_time_changes_no_verdict() {
    let (moto, sandbox) = (Moto::start(), Sandbox::start(&[]));
    let front = Front::before(&moto);
    for mode in MODES {
        for (when, what) in [("start", ""), ("middle", "reset-requested"), ("end", "signed-in")] {
            let desk = machine(&front.url);
            desk.edit("scenarios/us-notify/service.yaml", "resets-per-hour: 12", "resets-per-hour: 1000");
            let before = sandbox.entries(what).len();
            front.is(if when == "start" { mode } else { Mode::Well });
            let run = desk.start(&["smoke", "local", RESET, LOGIN, "--sandbox", sandbox.control_url()]);
            if when != "start" {
                let come = wait_until(Duration::from_mins(1), || (sandbox.entries(what).len() > before).then_some(()));
                assert!(come.is_some(), "{mode:?} at the {when}: nothing came");
                front.is(mode);
            }
            let said = Said::of(&run.wait_with_output().expect("the run"));
            let told = format!("{mode:?} at the {when}: {}{}", said.out, said.err);
            assert_eq!((said.code, desk.report()["verdict"].as_str()), (0, Some("passed")), "{told}");
            let unknown = said.out.contains("is not known") || said.err.contains("has not all of this run yet");
            assert!(unknown, "nothing is said of it: {told}");
            // The next run of this machine writes what is missing; another one finds nothing to go on with.
            front.is(Mode::Well);
            let said = desk.run(&["smoke", "local", RESET, "--sandbox", sandbox.control_url()]);
            assert_eq!((said.code, said.err.as_str()), (0, ""), "{mode:?} at the {when}: {}", said.out);
            let elsewhere = machine(&moto.url);
            let said = elsewhere.run(&["resume", "--due", "local", "--sandbox", sandbox.control_url()]);
            assert!(said.out.contains("local: nothing is due"), "{mode:?} at the {when}: {}{}", said.out, said.err);
        }
    }
}
