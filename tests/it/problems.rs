//! Bad files with the exact message: `tests/problems/NAME/` is laid over a good working folder, `expected.txt` is what
//! `check` says. `BLESS=1` writes them anew; then read them.

use crate::support::{Desk, root};

#[test]
fn every_bad_file_has_its_message() {
    let folder = root().join("tests/problems");
    let mut count = 0;
    for case in std::fs::read_dir(&folder).expect("cases").flatten().map(|entry| entry.path()) {
        let desk = Desk::new();
        overlay(&case, &case, &desk);
        let said = desk.run(&["check"]);
        assert_eq!(said.code, 2, "{}: {said:?}", case.display());
        let expected = case.join("expected.txt");
        if std::env::var_os("BLESS").is_some() {
            std::fs::write(&expected, &said.err).expect("a file");
        }
        let text = std::fs::read_to_string(&expected).unwrap_or_default();
        assert_eq!(said.err, text, "{}", case.display());
        // A run says the same, and touches nothing.
        let run = desk.run(&["smoke", "local"]);
        assert_eq!(run.code, 2, "{}", case.display());
        assert!(!desk.path().join("runs").exists(), "{}", case.display());
        count += 1;
    }
    assert!(count >= 8, "only {count} cases");
}

fn overlay(base: &std::path::Path, folder: &std::path::Path, desk: &Desk) {
    for path in std::fs::read_dir(folder).expect("a folder").flatten().map(|entry| entry.path()) {
        let name = path.strip_prefix(base).expect("inside").display().to_string();
        if path.is_dir() {
            overlay(base, &path, desk);
        } else if name != "expected.txt" {
            desk.write(&name, &std::fs::read(&path).expect("a file"));
        }
    }
}

#[test]
fn good_files_are_in_order() {
    let said = Desk::new().run(&["check"]);
    assert_eq!(said.code, 0, "{}", said.err);
    assert!(said.out.ends_with(" files are in order.\n"), "{}", said.out);
}
