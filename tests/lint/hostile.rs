//! Trees that mean no good: nothing of them is run, nothing outside is read, and it is said why.

use std::path::Path;

use assert_cmd::Command;

fn lint(dir: &Path) -> (i32, String, String) {
    let mut command = Command::cargo_bin("hmmsize").expect("the binary");
    let output = command.arg("lint").arg("-C").arg(dir).output().expect("it runs");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (output.status.code().expect("a code"), text(&output.stdout), text(&output.stderr))
}

#[test]
fn nothing_outside_of_the_tree_is_read_and_nothing_is_run() {
    let dir = tempfile::tempdir().expect("a directory");
    let outside = tempfile::tempdir().expect("a directory");
    let secret = outside.path().join("secret");
    std::fs::write(&secret, "TOP_SECRET is no statement\n").expect("written");
    let tree = dir.path();
    std::os::unix::fs::symlink(&secret, tree.join("link")).expect("a link");
    std::os::unix::fs::symlink(outside.path(), tree.join("directory")).expect("a link");
    let up = format!("../{}/secret", outside.path().file_name().unwrap().display());
    let absolute = secret.display().to_string();
    for name in ["link", "directory/secret", up.as_str(), absolute.as_str()] {
        std::fs::write(tree.join("Kconfig"), format!("source \"{name}\"\n")).expect("written");
        let (code, out, err) = lint(tree);
        assert_eq!((code, &*out), (2, ""), "{name}: {err}");
        assert!(err.contains("Kconfig:1") && !err.contains("TOP_SECRET"), "{name}: {err}");
    }
    let ran = outside.path().join("ran");
    let text = format!("config A\n\tbool \"a\"\n\tdefault $(shell,touch {})\n", ran.display());
    std::fs::write(tree.join("Kconfig"), text).expect("written");
    assert_eq!(lint(tree).0, 0);
    assert!(!ran.exists());
    // A link within the tree is as good as a file.
    std::fs::write(tree.join("Kconfig.real"), "config B\n\tbool \"b\"\n").expect("written");
    std::os::unix::fs::symlink("Kconfig.real", tree.join("Kconfig.link")).expect("a link");
    std::fs::write(tree.join("Kconfig"), "source \"Kconfig.link\"\n").expect("written");
    assert_eq!(lint(tree).0, 0);
}

#[test]
fn what_is_no_tree_is_said() {
    let dir = tempfile::tempdir().expect("a directory");
    let (code, _, err) = lint(dir.path());
    assert!(code == 2 && err.contains("can't find file Kconfig"), "{err}");
    std::fs::create_dir(dir.path().join("Kconfig")).expect("made");
    assert_eq!(lint(dir.path()).0, 2);
    let (code, _, err) = lint(&dir.path().join("gone"));
    assert!(code == 2 && err.contains("No such file or directory"), "{err}");
}
