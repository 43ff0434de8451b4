//! `build --range A..B`: every commit of a series, with a row each, and no disk full of build trees.

use super::*;

/// A git repository with the small tree and these changes of one file, a commit each.
fn repository(place: &Place, changes: &[(&str, &str)]) -> PathBuf {
    let tree = place.path("linux");
    let git = |args: &[&str]| {
        let identity = ["-c", "user.name=Test", "-c", "user.email=test@example.org"];
        support::run(&tree, "git", identity.iter().chain(args));
    };
    let fixture = fixtures("tree");
    support::run(Path::new("/"), "cp", ["-r".as_ref(), fixture.as_os_str(), tree.as_os_str()]);
    git(&["init", "-q"]);
    for (subject, text) in changes {
        let file = tree.join("mm/gup.c");
        let old = fs::read_to_string(&file).unwrap();
        fs::write(&file, format!("{old}{text}")).unwrap();
        git(&["add", "-A"]);
        git(&["commit", "-q", "-m", subject]);
    }
    tree
}

#[test]
fn every_commit_has_a_row_and_only_results_stay() {
    let Some(place) = Place::new() else { return };
    if !have("git") {
        return;
    }
    let changes = [
        ("the base", "/* base */\n"),
        ("mm: a table of 400 bytes", "const char hmmsize_table[400] = { 1 };\n"),
        ("mm: say why", "/* why */\n"),
    ];
    let tree = repository(&place, &changes);
    let before = snapshot(&tree);
    let words = ["--range=HEAD~2..HEAD", "--target=mm/"];
    let output = place.command_in(&tree, &words).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    assert!(snapshot(&tree) == before, "nothing is written into the user's repository");
    let run = place.result();
    let size = |at: usize| run.cells[at].measured.as_ref().unwrap().size.dec();
    assert_eq!(run.cells.len(), changes.len(), "{:?}", ids(&run));
    assert_eq!((size(1) - size(0), size(2) - size(1)), (400, 0));
    for (cell, (subject, _)) in run.cells.iter().zip(changes) {
        assert_eq!(cell.status, Status::Built, "a comment is another source");
        assert_eq!(cell.source.revision.as_ref().unwrap().subject, subject);
        assert!(!place.out().join(&cell.id).join("build").exists(), "no build tree stays");
        let file = place.out().join(cell.measured.as_ref().unwrap().file.as_ref().unwrap());
        assert!(file.is_file(), "what was measured does");
    }
    let table = String::from_utf8_lossy(&output.stdout);
    let rows = table.lines().filter(|line| changes[1..].iter().any(|(s, _)| line.contains(s)));
    let deltas: Vec<_> = rows.map(|row| row.contains("+400")).collect();
    assert_eq!(deltas, [true, true], "own delta, and the total since the base\n{table}");
    // Nothing is built twice.
    let output = place.command_in(&tree, &words).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    assert!(place.result().cells.iter().all(|cell| cell.status == Status::Reused));
    // Two revisions are a comparison, not a series.
    let words = ["--base=HEAD~1", "--head=HEAD", "--target=mm/"];
    let output = place.command_in(&tree, &words).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    let run = place.result();
    assert!(run.cells.iter().all(|cell| place.out().join(&cell.id).join("build").exists()));
}
