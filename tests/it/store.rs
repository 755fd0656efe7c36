//! The shared store: a folder and a bucket keep the same contract, and leases on it have one holder among real processes.

use std::io::Write as _;
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use notify_smoke::aws::{AwsSettings, s3};
use notify_smoke::guard::Leases;
use notify_smoke::model::Verdict;
use notify_smoke::model::line::RunLine;
use notify_smoke::port::{Away, Clock, LIST_MAX, Lease as _, Object, Objects, Only, Put, Taken};
use notify_smoke::process::Owner;
use notify_smoke::store::{BucketObjects, EVER, FolderObjects, Lines, stored};

use crate::ports::runtime;
use crate::support::{root, wait_until};

const BUCKET: &str = "smoke-store";

/// Amazon's S3 as moto plays it, ended with the test.
pub struct Moto {
    server: Child,
    pub url: String,
}

impl Moto {
    pub fn start() -> Self {
        let program = root().join("target/tools/moto/bin/moto_server");
        assert!(program.is_file(), "no moto: NOTIFY_SMOKE_MOTO=yes script/setup");
        // Freed just before the server takes it.
        let port = TcpListener::bind("127.0.0.1:0").and_then(|free| free.local_addr()).expect("a free port").port();
        let server = Command::new(program)
            .args(["-H", "127.0.0.1", "-p", &port.to_string()])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("moto");
        let moto = Self { server, url: format!("http://127.0.0.1:{port}") };
        let up = wait_until(Duration::from_secs(30), || std::net::TcpStream::connect(("127.0.0.1", port)).ok());
        assert!(up.is_some(), "moto does not answer");
        runtime().block_on(async {
            s3(&settings(&moto.url)).await.client.create_bucket().bucket(BUCKET).send().await.expect("a bucket");
        });
        moto
    }
}

impl Moto {
    /// From now on it answers nothing, and refuses nothing, or does again.
    pub fn hangs(&self, hangs: bool) {
        let signal = if hangs { rustix::process::Signal::STOP } else { rustix::process::Signal::CONT };
        let pid = i32::try_from(self.server.id()).ok().and_then(rustix::process::Pid::from_raw).expect("a process");
        rustix::process::kill_process(pid, signal).expect("a signal");
    }
}

impl Drop for Moto {
    fn drop(&mut self) {
        // Both fail only where it has ended already.
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

fn settings(url: &str) -> AwsSettings {
    AwsSettings {
        region: "us-east-1".to_owned(),
        endpoint: Some(url.to_owned()),
        credentials: Some(("id".to_owned(), "secret".to_owned())),
    }
}

pub async fn bucket_at(url: &str) -> BucketObjects {
    BucketObjects::new(s3(&settings(url)).await, BUCKET.to_owned(), "here")
}

fn done(put: Put) -> String {
    match put {
        Put::Done(tag) => tag,
        Put::Changed => panic!("it was not written"),
    }
}

/// What each kind of store promises.
async fn contract(store: &dyn Objects) {
    let text = |text: &str| text.as_bytes().to_vec();
    assert_eq!(store.get("a/b").await, Ok(None));
    assert_eq!(store.put("a/b", text("0"), Only::IfTag("none")).await, Ok(Put::Changed), "it is not there");
    let first = done(store.put("a/b", text("1"), Only::IfNew).await.expect("a store"));
    assert_eq!(store.put("a/b", text("2"), Only::IfNew).await, Ok(Put::Changed), "it is there");
    let second = done(store.put("a/b", text("2"), Only::IfTag(&first)).await.expect("a store"));
    assert_ne!(first, second);
    assert_eq!(store.put("a/b", text("3"), Only::IfTag(&first)).await, Ok(Put::Changed), "it has changed");
    let found = store.get("a/b").await.expect("a store").expect("an object");
    assert_eq!((found.bytes, found.tag), (text("2"), second));
    assert!(found.age_ms < 10_000, "{} ms", found.age_ms);
    store.put("a/b", text("4"), Only::Always).await.expect("a store");
    for key in ["a/c/d", "a/c2", "b"] {
        store.put(key, text(key), Only::Always).await.expect("a store");
    }
    assert_eq!(store.list("a/", "").await, Ok(vec!["a/b".to_owned(), "a/c/d".to_owned(), "a/c2".to_owned()]));
    assert_eq!(store.list("a/c", "a/c/d").await, Ok(vec!["a/c2".to_owned()]));
    assert_eq!(store.list("none/", "").await, Ok(Vec::new()));
    store.delete("a/b").await.expect("a store");
    store.delete("a/b").await.expect("a second time");
    assert_eq!(store.get("a/b").await, Ok(None));
    for key in ["", "/a", "../a", "a//b", "a/../b", "a b", ".lock", "a/.b"] {
        assert!(store.get(key).await.is_err() && store.put(key, Vec::new(), Only::Always).await.is_err(), "{key:?}");
    }
    tokio::time::sleep(Duration::from_millis(2_100)).await;
    let age_ms = store.get("b").await.expect("a store").expect("an object").age_ms;
    assert!((1_000..20_000).contains(&age_ms), "{age_ms} ms by the store's clock");
}

#[test]
fn a_folder_keeps_the_contract() {
    let folder = tempfile::tempdir().expect("a folder");
    runtime().block_on(async {
        let store = FolderObjects::new(&folder.path().join("store"));
        contract(&store).await;
        for number in 0..LIST_MAX + 5 {
            store.put(&format!("many/{number:05}"), Vec::new(), Only::IfNew).await.expect("a store");
        }
        let first = store.list("many/", "").await.expect("a list");
        let rest = store.list("many/", &first[first.len() - 1]).await.expect("a list");
        assert_eq!((first.len(), rest.len()), (LIST_MAX, 5));
    });
}

#[test]
fn a_bucket_keeps_the_contract_and_says_when_it_is_away() {
    let moto = Moto::start();
    runtime().block_on(async {
        contract(&bucket_at(&moto.url).await).await;
        let missing = BucketObjects::new(s3(&settings(&moto.url)).await, "no-such-bucket".to_owned(), "");
        let Err(Away(why)) = missing.get("a").await else { panic!("there is no such bucket") };
        assert!(why.starts_with("s3://no-such-bucket/: NoSuchBucket"), "{why}");
        let nobody = bucket_at("http://127.0.0.1:9").await;
        let Err(Away(why)) = nobody.put("a", Vec::new(), Only::Always).await else { panic!("nobody is there") };
        assert!(why.starts_with("s3://smoke-store/here/: "), "{why}");
    });
}

struct Ticking(std::time::Instant);

impl Clock for Ticking {
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }

    fn elapsed_ms(&self) -> u64 {
        u64::try_from(self.0.elapsed().as_millis()).expect("short")
    }

    fn held_ms(&self) -> u64 {
        0
    }

    fn starved_ms(&self) -> Option<u64> {
        None
    }
}

pub fn leases_on(store: Arc<dyn Objects>, who: &str) -> Leases {
    let keys = vec!["leases/user/one".to_owned(), "leases/number/two".to_owned()];
    let clock = Arc::new(Ticking(std::time::Instant::now()));
    Leases::new(vec![store], keys, format!("run {who}"), Owner::this(), who.to_owned(), clock)
}

#[test]
fn a_holder_of_this_machine_that_is_gone_holds_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    runtime().block_on(async {
        let store: Arc<dyn Objects> = Arc::new(FolderObjects::new(folder.path()));
        let alive = leases_on(store.clone(), "alive");
        assert!(matches!(alive.take(0).await, Taken::Ours { behind: None, .. }));
        let second = leases_on(store.clone(), "second").take(0).await;
        let Taken::Held { by, left_ms } = second else { panic!("two hold it: {second:?}") };
        assert_eq!((by.as_str(), left_ms.div_ceil(1_000)), ("run alive", 90));
        // Written by a process that is none any more.
        let key = "leases/user/one";
        let says = store.get(key).await.expect("a store").expect("a lease").bytes;
        let mut says: serde_json::Value = serde_json::from_slice(&says).expect("JSON");
        let words: Vec<String> = says["owner"].as_str().expect("an owner").split(' ').map(str::to_owned).collect();
        says["owner"] = format!("{} 1 {} {}", words[0], words[2], words[3]).into();
        store.put(key, says.to_string().into_bytes(), Only::Always).await.expect("a store");
        assert_eq!(alive.sure().await, Ok(None), "it has not looked: its time is not half over");
        alive.give_back().await;
        assert!(matches!(leases_on(store, "second").take(0).await, Taken::Ours { .. }));
    });
}

/// A renewal that was written and whose answer was lost leaves another tag; the lease is given back all the same.
#[test]
fn a_lease_is_given_back_though_the_last_answer_was_lost() {
    let folder = tempfile::tempdir().expect("a folder");
    runtime().block_on(async {
        let store: Arc<dyn Objects> = Arc::new(FolderObjects::new(folder.path()));
        let first = leases_on(store.clone(), "first");
        assert!(matches!(first.take(0).await, Taken::Ours { .. }));
        let key = "leases/user/one";
        let says = store.get(key).await.expect("a store").expect("a lease").bytes;
        store.put(key, [says, b"\n".to_vec()].concat(), Only::Always).await.expect("a store");
        first.give_back().await;
        assert!(matches!(leases_on(store, "second").take(0).await, Taken::Ours { behind: None, .. }));
    });
}

/// One of several processes that want the same lease: holds it for a moment three times, and writes down from when to when.
/// It is this very program, started by the test below.
#[test]
fn racer() {
    let Some((url, file)) = std::env::var("RACER_URL").ok().zip(std::env::var("RACER_FILE").ok()) else { return };
    runtime().block_on(async {
        let leases = leases_on(Arc::new(bucket_at(&url).await), &format!("racer-{}", std::process::id()));
        let mut log = std::fs::OpenOptions::new().append(true).create(true).open(Path::new(&file)).expect("a file");
        for _ in 0..2 {
            let taken = leases.take(120_000).await;
            assert!(matches!(taken, Taken::Ours { unasked: None, .. }), "{taken:?}");
            assert_eq!(leases.sure().await, Ok(None));
            let begun = Timestamp::now();
            tokio::time::sleep(Duration::from_millis(5)).await;
            writeln!(log, "{} {}", begun.as_microsecond(), Timestamp::now().as_microsecond()).expect("a line");
            leases.give_back().await;
        }
    });
}

fn race(races: usize) {
    let moto = Moto::start();
    for _ in 0..races {
        let file = tempfile::NamedTempFile::new().expect("a file");
        let start = |_| {
            Command::new(std::env::current_exe().expect("this program"))
                .args(["--exact", "store::racer", "--nocapture"])
                .env("RACER_URL", &moto.url)
                .env("RACER_FILE", file.path())
                .stdout(Stdio::null())
                .spawn()
                .expect("a racer")
        };
        let children: Vec<Child> = (0..4).map(start).collect();
        for mut child in children {
            assert!(child.wait().expect("an end").success());
        }
        let log = std::fs::read_to_string(file.path()).expect("a log");
        let mut held: Vec<(i64, i64)> = log
            .lines()
            .map(|line| line.split_once(' ').expect("two times"))
            .map(|(from, to)| (from.parse().expect("a time"), to.parse().expect("a time")))
            .collect();
        held.sort_unstable();
        assert_eq!(held.len(), 8);
        assert!(held.windows(2).all(|two| two[0].1 <= two[1].0), "two hold it at once: {held:?}");
    }
}

/// A store that counts what it is asked.
struct Counted(Arc<dyn Objects>, AtomicUsize);

impl Counted {
    fn count(&self) {
        self.1.fetch_add(1, Ordering::Relaxed);
    }
}

#[async_trait::async_trait]
impl Objects for Counted {
    async fn get(&self, key: &str) -> Result<Option<Object>, Away> {
        self.count();
        self.0.get(key).await
    }

    async fn put(&self, key: &str, bytes: Vec<u8>, only: Only<'_>) -> Result<Put, Away> {
        self.count();
        self.0.put(key, bytes, only).await
    }

    async fn list(&self, prefix: &str, after: &str) -> Result<Vec<String>, Away> {
        self.count();
        self.0.list(prefix, after).await
    }

    async fn delete(&self, key: &str) -> Result<(), Away> {
        self.count();
        self.0.delete(key).await
    }
}

fn line(number: i64, verdict: Verdict) -> RunLine {
    // A run every twelve minutes, the newest one first.
    let started_at = Timestamp::now() - SignedDuration::from_mins(12 * number);
    RunLine {
        v: 1,
        run: format!("{}-abcdef", started_at.strftime("%Y%m%dT%H%M%SZ")),
        environment: "staging".to_owned(),
        verdict,
        started_at,
        ended_at: started_at + SignedDuration::from_mins(3),
        because: notify_smoke::model::Because::Hand,
        builds: std::collections::BTreeMap::new(),
        seen: std::collections::BTreeMap::new(),
        scenarios: vec!["password-reset".to_owned(), "login".to_owned()],
        facets: [("api".to_owned(), format!("build {number}"))].into(),
    }
}

/// Of many runs in a store one passed, long ago; what a run asks before it begins takes few requests and no time.
async fn many_runs(objects: Arc<dyn Objects>, runs: i64, longest: Duration) {
    let lines = Arc::new(Lines::new(objects.clone(), "staging"));
    let passed = runs - 7;
    let mut writes = tokio::task::JoinSet::new();
    for number in 0..runs {
        let (lines, objects) = (lines.clone(), objects.clone());
        writes.spawn(async move {
            let verdict = if number == passed { Verdict::Passed } else { Verdict::Failed };
            let line = line(number, verdict);
            lines.write(&line).await.expect("a store");
            let folder = format!("runs/staging/{}", line.run);
            objects
                .put(&format!("{folder}/journal-000000000000-000000000001.jsonl"), vec![b'x'], Only::Always)
                .await
                .expect("a store");
            objects.put(&format!("{folder}/ended"), Vec::new(), Only::Always).await.expect("a store");
        });
        if writes.len() >= 16 {
            writes.join_next().await;
        }
    }
    writes.join_all().await;
    let counted = Arc::new(Counted(objects, AtomicUsize::new(0)));
    let begun = std::time::Instant::now();
    let two_days = (Timestamp::now() - SignedDuration::from_hours(48)).strftime("%Y%m%dT%H%M%SZ").to_string();
    let lately = stored(counted.as_ref(), "staging", &two_days).await.expect("a store");
    assert_eq!(lately.len(), usize::try_from(runs.min(240)).expect("few"), "a run every twelve minutes");
    let wanted = |line: &RunLine| line.scenarios.iter().any(|scenario| scenario == "login");
    let found = Lines::new(counted.clone(), "staging").newest(Verdict::Passed, EVER, wanted).await;
    let found = found.expect("a store").expect("the one that passed");
    assert_eq!(found.facets["api"], format!("build {passed}"));
    let (took, asked) = (begun.elapsed(), counted.1.load(Ordering::Relaxed));
    // Beside this, each run of the last two days that is not here yet is fetched once, sixty at the most.
    assert!(took < longest && asked < 40, "{took:?}, {asked} requests");
}

#[test]
fn what_a_run_asks_of_thousands_of_others_takes_few_requests() {
    let folder = tempfile::tempdir().expect("a folder");
    runtime().block_on(many_runs(Arc::new(FolderObjects::new(folder.path())), 2_000, Duration::from_secs(2)));
}

#[test]
#[ignore = "long: script/test --full"]
fn ten_thousand_runs_in_a_bucket() {
    let moto = Moto::start();
    runtime().block_on(async {
        many_runs(Arc::new(bucket_at(&moto.url).await), 10_000, Duration::from_secs(2)).await;
    });
}

#[test]
fn four_processes_race_for_a_lease_and_one_has_it() {
    race(20);
}

#[test]
#[ignore = "long: script/test --full"]
fn four_processes_race_two_hundred_times() {
    race(200);
}
