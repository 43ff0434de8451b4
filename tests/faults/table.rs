//! The README's table of faults has a row for each test here, and a test for each row.

use std::collections::BTreeSet;

use super::*;

#[test]
fn every_row_of_the_readme_has_a_test_and_every_test_a_row() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let readme = fs::read_to_string(root.join("README.md")).unwrap();
    let from = readme.find("| fault | ").expect("the table of faults");
    let rows: Vec<&str> =
        readme[from..].lines().skip(2).take_while(|line| line.starts_with('|')).collect();
    let mut named = BTreeSet::new();
    for row in rows {
        let columns: Vec<&str> = row.trim_matches('|').split(" | ").map(str::trim).collect();
        assert_eq!(columns.len(), 6, "fault, seen, exit code, on disk, next run, test: {row}");
        let name = columns[5].trim_matches('`').to_owned();
        assert!(named.insert(name), "twice: {row}");
    }
    let mut tests = BTreeSet::new();
    for entry in fs::read_dir(root.join("tests/faults")).unwrap() {
        let path = entry.unwrap().path();
        if path.ends_with("table.rs") {
            continue;
        }
        let text = fs::read_to_string(path).unwrap();
        let mut lines = text.lines();
        while let Some(line) = lines.next() {
            if line == "#[test]" {
                let function = lines.next().unwrap().strip_prefix("fn ").unwrap();
                tests.insert(function.split('(').next().unwrap().to_owned());
            }
        }
    }
    assert!(tests.len() > 10, "{tests:?}");
    assert_eq!(named, tests);
}
