//! A service that answers with anything but the page.

use super::server::{Answer, Server};
use super::{one_page, says, scenario, smoke};
use crate::support::Said;

const HEALTH: &str = "{\"status\": \"ok\", \"git_commit\": \"abc\", \"api\": {\"git_commit\": \"def\"}}";

fn health() -> Answer {
    Answer::With("200 OK\r\nContent-Type: application/json", HEALTH)
}

/// A run against a server that is well but for `/page`.
fn run(page: impl Fn() -> Answer + Send + Sync + 'static) -> Said {
    let server = Server::start(move |path| match path {
        "/page" => page(),
        "/next" => Answer::Page("<h1>Hello</h1>"),
        _ => health(),
    });
    smoke(&one_page(&format!("http://localhost:{}", server.port)))
}

#[test]
fn a_page_as_it_should_be_passes() {
    says(&run(|| Answer::Page("<h1>Hello</h1>")), 0, "One page: passed");
}

#[test]
fn a_page_that_redirects_for_ever() {
    let said = run(|| Answer::With("302 Found\r\nLocation: /page", ""));
    says(&said, 1, "the browser could not open the page: ERR_TOO_MANY_REDIRECTS");
}

#[test]
fn a_connection_that_is_closed_without_an_answer() {
    says(&run(|| Answer::Close), 1, "the browser could not open the page: ERR_EMPTY_RESPONSE");
}

#[test]
fn an_answer_that_is_no_http() {
    says(
        &run(|| Answer::Raw(b"\x00\x01\x02\x03nonsense\r\n\r\n")),
        1,
        "the browser could not open the page: ERR_INVALID_HTTP_RESPONSE",
    );
}

#[test]
#[ignore = "the browser takes its time: --full"]
fn a_page_of_fifty_megabytes_does_not_swell_the_journal() {
    let server = Server::start(|path| if path == "/page" { Answer::Large(50 << 20) } else { health() });
    let desk = one_page(&format!("http://localhost:{}", server.port));
    let said = smoke(&desk);
    assert!([0, 1].contains(&said.code), "{}{}", said.out, said.err);
    assert!(said.out.contains("“Hello” at /page"), "{}", said.out);
    let journal = std::fs::read(desk.path().join("runs/hostile/latest/journal.jsonl")).expect("a journal");
    assert!(journal.len() < 500_000, "{} bytes", journal.len());
}

#[test]
fn a_dialog_in_the_way_is_dismissed() {
    says(&run(|| Answer::Page("<script>alert('Welcome')</script><h1>Hello</h1>")), 0, "One page: passed");
}

#[test]
fn a_download_instead_of_a_page() {
    let said = run(|| {
        Answer::With("200 OK\r\nContent-Type: application/zip\r\nContent-Disposition: attachment; filename=a.zip", "PK")
    });
    says(&said, 1, "the browser shows a blank page: nothing came, or something that is no page");
}

/// A run that follows “Go on” from this page to the next one.
fn follow(page: &'static str) -> Said {
    let server = Server::start(move |path| match path {
        "/page" => Answer::Page(page),
        "/next" => Answer::Page("<h1>Hello</h1>"),
        _ => health(),
    });
    let desk = one_page(&format!("http://localhost:{}", server.port));
    scenario(
        &desk,
        "  - visit: /page\n  - expect: { heading: First }\n    proves: [admin]\n  - follow: Go on\n  - expect: { heading: Hello }\n    proves: [admin]\n",
    );
    smoke(&desk)
}

#[test]
fn a_link_that_opens_a_new_tab() {
    says(&follow("<h1>First</h1><a href=/next target=_blank>Go on</a>"), 0, "One page: passed");
}

#[test]
fn an_error_page_of_the_edge() {
    let said = run(|| Answer::With("502 Bad Gateway\r\nContent-Type: text/html", "<h1>502 Bad Gateway</h1>"));
    says(&said, 1, "the page “502 Bad Gateway” at /page came with HTTP 502: router or app cannot serve it");
    says(&said, 1, "\nedge: the router has no way to the admin app; or it is admin\n");
}

#[test]
fn an_error_without_a_page() {
    says(&run(|| Answer::With("503 Service Unavailable", "")), 1, "the address answered with HTTP 503 and no page");
    says(&run(|| Answer::With("404 Not Found", "")), 1, "the address answered with HTTP 404 and no page");
}

/// A survey or a chat that opens beside the page is nobody's next step.
#[test]
fn a_window_of_somebody_else_is_left_alone() {
    let page = "<h1>First</h1><a href=/next onclick=\"window.open('http://127.0.0.1:9/survey')\">Go on</a>";
    says(&follow(page), 0, "One page: passed");
}

#[test]
fn a_page_of_somebody_else() {
    let said = run(|| Answer::With("302 Found\r\nLocation: http://127.0.0.1:9/elsewhere", ""));
    says(&said, 1, "\nedge: the address does not answer\n");
}

#[test]
#[ignore = "the browser gives a page 30 s: --full"]
fn a_page_that_never_comes() {
    says(&run(|| Answer::Silence), 1, "the page did not finish within the browser's limit");
}

#[test]
fn nobody_listens() {
    let port = Server::start(|_| health()).port;
    let said = smoke(&one_page(&format!("http://localhost:{port}")));
    says(&said, 1, "the browser could not open the page: ERR_CONNECTION_REFUSED");
}

#[test]
fn a_name_that_does_not_resolve() {
    let said = smoke(&one_page("https://notify.invalid"));
    says(&said, 1, "the browser could not open the page: ERR_NAME_NOT_RESOLVED");
}

#[test]
fn a_health_page_of_fifty_megabytes_tells_no_version_and_is_not_read_to_its_end() {
    let server = Server::start(|path| match path {
        "/page" => Answer::Page("<h1>Hello</h1>"),
        _ => Answer::Large(50 << 20),
    });
    says(&smoke(&one_page(&format!("http://localhost:{}", server.port))), 0, "One page: passed");
}

/// What stands beside all that is expected decides nothing.
#[test]
fn a_banner_beside_the_page_is_a_note() {
    let page = "<section class=banner-dangerous><div><h2>Planned work</h2><p>Texts may come late.</p></div></section><h1>Hello</h1>";
    let said = run(move || Answer::Page(page));
    says(&said, 0, "One page: passed");
    says(&said, 0, "note       the page also says “Planned work Texts may come late.”");
}

#[test]
fn a_page_is_named_by_its_first_heading() {
    let said = run(|| Answer::Page("<h2>A banner</h2><h1>Something else</h1>"));
    says(&said, 1, "the page “Something else” at /page has no heading “Hello”");
}

#[test]
fn the_right_words_with_a_wrong_status_are_no_page() {
    let wrong = |status: &'static str| run(move || Answer::With(status, "<h1>Hello</h1>"));
    says(
        &wrong("500 Internal Server Error\r\nContent-Type: text/html"),
        1,
        "came with HTTP 500, though it shows what it should",
    );
    says(&wrong("404 Not Found\r\nContent-Type: text/html"), 1, "came with HTTP 404, though it shows what it should");
}

#[test]
fn a_page_that_asks_something_is_named_by_it() {
    let page = "<h1>First</h1><a href=/next onclick=\"return confirm('Leave now?')\">Go on</a>";
    says(&follow(page), 1, "the page “First” at /page asked “Leave now?”, which nobody answered");
    says(&follow(page), 1, "\nadmin: the page asks something in a dialog before it goes on");
}

/// Dialogs that open while something is typed: what is typed is all there.
#[test]
fn typing_under_a_dialog_keeps_what_is_typed() {
    const FORM: &str = "<script>for (let at = 20; at < 600; at += 40) { setTimeout(() => alert('Still here'), at); }</script>\
        <h1>First</h1><form action=/next><label>Name <input name=q></label><button>Go on</button></form>";
    let server = Server::start(move |path| match path {
        "/page" => Answer::Page(FORM),
        path if path.starts_with("/next?q=all-that-was-typed-here-is-kept") => Answer::Page("<h1>Hello</h1>"),
        path if path.starts_with("/next") => Answer::Page("<h1>Something was lost</h1>"),
        _ => health(),
    });
    let desk = one_page(&format!("http://localhost:{}", server.port));
    let once = "  - visit: /page\n  - fill: { Name: all-that-was-typed-here-is-kept }\n  - press: Go on\n  - expect: { heading: Hello }\n    proves: [admin]\n";
    scenario(&desk, &once.repeat(20));
    says(&smoke(&desk), 0, "One page: passed");
}

/// A page that eats what is typed is told, and not taken for one that was filled in.
#[test]
fn a_field_that_does_not_keep_what_is_typed() {
    let page = "<h1>First</h1><label>Name <input oninput=\"this.value = ''\"></label>";
    let server = Server::start(move |path| if path == "/page" { Answer::Page(page) } else { health() });
    let desk = one_page(&format!("http://localhost:{}", server.port));
    scenario(
        &desk,
        "  - visit: /page\n  - fill: { Name: something }\n  - expect: { heading: Hello }\n    proves: [admin]\n",
    );
    says(&smoke(&desk), 1, "the field “Name” does not keep what is typed into it");
}

/// A page for maintenance in the place of `/_status` says nothing of the admin app.
#[test]
fn a_health_page_that_is_none() {
    let server = Server::start(|_| Answer::Page("<h1>Hello</h1>"));
    let said = smoke(&one_page(&format!("http://localhost:{}", server.port)));
    says(&said, 0, "DEGRADED");
    says(&said, 0, "HTTP 200, which is not its JSON");
}

/// Whatever a page is made of: the log of a build machine has no command but the program's own, and its summary no markup.
#[test]
fn a_page_commands_no_build_machine() {
    let attack = "<h1>&#10;::error::pwned&#10;::set-output name=x::y&#10;##[error]pwned %0A::warning::pwned &#27;[31m \
                  | a | [x](https://evil.example) &lt;img src=x&gt; &lt;!channel&gt; @team</h1>";
    let server = Server::start(move |path| if path == "/page" { Answer::Page(attack) } else { health() });
    let files = tempfile::tempdir().expect("a folder");
    let file = |name: &str| files.path().join(name).display().to_string();
    let desk = one_page(&format!("http://localhost:{}", server.port))
        .with("GITHUB_ACTIONS", "true")
        .with("GITHUB_OUTPUT", &file("output"))
        .with("GITHUB_STEP_SUMMARY", &file("summary"));
    std::fs::write(file("event"), "{\"repository\":{\"visibility\":\"private\"}}").expect("an event");
    let said = smoke(&desk.with("GITHUB_EVENT_PATH", &file("event")));
    // On a busy machine it could not be judged; what is shown is made of the same page.
    assert!([1, 3].contains(&said.code), "{}{}", said.out, said.err);
    let own = ["::add-mask::", "::group::", "::endgroup::", "::error title=hostile%3A "];
    for line in said.out.lines().chain(said.err.lines()) {
        let is_ours = own.iter().any(|own| line.starts_with(own));
        assert!(is_ours || !line.trim_start().starts_with("::"), "{line}");
        assert!(!line.contains("##[") && !line.contains('\u{1b}'), "{line}");
    }
    assert_eq!(said.out.lines().filter(|line| line.starts_with("::error")).count(), 1, "{}", said.out);
    let summary = std::fs::read_to_string(file("summary")).expect("a summary");
    assert!(summary.contains("pwned"), "in a private repository what was seen is told: {summary}");
    for markup in ["](", "<img", "<!", "@team", "https://evil", "| a |", "\u{1b}", "\n::"] {
        assert!(!summary.contains(markup), "{markup}: {summary}");
    }
    let outputs = std::fs::read_to_string(file("output")).expect("outputs");
    assert!(outputs.starts_with("verdict<<") && !outputs.contains("pwned"), "{outputs}");
}
