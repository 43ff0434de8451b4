//! `--diff`: what a patch makes wrong, where it is and elsewhere, and nothing that was wrong before.

use std::path::Path;

use assert_cmd::Command;

use crate::support;

fn git(dir: &Path, args: &[&str]) {
    let name =
        ["-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "commit.gpgsign=false"];
    support::run(dir, "git", name.iter().chain(args).copied());
}

fn lint(dir: &Path, args: &[&str]) -> (i32, String, String) {
    let mut command = Command::cargo_bin("hmmsize").expect("the binary");
    let cache = support::scratch();
    command.env("HMMSIZE_CACHE", cache.path());
    let output = command.arg("lint").arg("-C").arg(dir).args(args).output().expect("it runs");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (output.status.code().expect("a code"), text(&output.stdout), text(&output.stderr))
}

#[test]
fn only_what_is_new_wherever_it_is() {
    if !support::have("git") {
        return;
    }
    let dir = tempfile::tempdir().expect("a directory");
    let write = |name: &str, text: &str| {
        let path = dir.path().join(name);
        std::fs::create_dir_all(path.parent().expect("a parent")).expect("made");
        std::fs::write(path, text).expect("written");
    };
    let root = "source \"drivers/Kconfig\"\n\nconfig OLD\n\tbool \"old\"\n\tdepends on WRONG\n";
    write("Kconfig", root);
    write(
        "drivers/Kconfig",
        "config PCI\n\tbool \"pci\"\n\nconfig USB\n\tbool \"usb\"\n\tselect PCI\n",
    );
    git(dir.path(), &["init", "-q"]);
    git(dir.path(), &["add", "."]);
    git(dir.path(), &["commit", "-q", "-m", "base"]);
    let since = ["--diff", "HEAD", "--format", "short"];
    assert_eq!(lint(dir.path(), &since).0, 0, "nothing changed");
    // Blank lines above what was wrong already change nothing.
    write("Kconfig", &format!("\n\n{root}"));
    assert_eq!(lint(dir.path(), &since), (0, String::new(), String::new()));
    // The definition goes: the selecting line, which did not change, is wrong now.
    let gone = "config USB\n\tbool \"usb\"\n\tselect PCI\n";
    write("drivers/Kconfig", gone);
    let expected = "drivers/Kconfig:3:9: warning: `select PCI` does nothing: no Kconfig file defines it [K004]\n";
    assert_eq!(lint(dir.path(), &since), (1, expected.to_owned(), String::new()));
    // A new file, not known to git yet.
    write("drivers/net/Kconfig", "config NET\n\tbool \"net\"\n\tdepends on ETHER\n");
    write("drivers/Kconfig", &format!("{gone}\nsource \"drivers/net/Kconfig\"\n"));
    let (_, out, _) = lint(dir.path(), &since);
    assert!(
        out.contains("drivers/net/Kconfig:3:13: warning: no Kconfig file defines ETHER"),
        "{out}"
    );
    let (code, _, err) = lint(dir.path(), &["--diff", "no-such-revision"]);
    assert!(code == 2 && err.contains("unknown revision `no-such-revision`"), "{err}");
    let outside = tempfile::tempdir().expect("a directory");
    std::fs::write(outside.path().join("Kconfig"), "config A\n\tbool \"a\"\n").expect("written");
    let (code, _, err) = lint(outside.path(), &["--diff", "HEAD"]);
    assert!(code == 2 && err.contains("not in a git repository"), "{err}");
}

#[test]
fn a_patch_of_code_is_asked_about_its_own_files() {
    if !support::have("git") {
        return;
    }
    let dir = tempfile::tempdir().expect("a directory");
    let write = |name: &str, text: &str| {
        std::fs::write(dir.path().join(name), text).expect("written");
    };
    write("Kconfig", "config A\n\tbool \"a\"\n\tdepends on WRONG\n");
    write("Makefile", "obj-y += a.o b.o\n");
    write("a.c", "#ifdef CONFIG_TYPO\nint a;\n#endif\n");
    write("b.c", "#ifdef CONFIG_OTHER_TYPO\nint b;\n#endif\n");
    git(dir.path(), &["init", "-q"]);
    git(dir.path(), &["add", "."]);
    git(dir.path(), &["commit", "-q", "-m", "base"]);
    let since = ["--diff", "HEAD", "--format", "short"];
    write("a.c", "\n#ifdef CONFIG_TYPO\nint a;\n#endif\n\n#ifdef CONFIG_NEW_TYPO\n#endif\n");
    let expected = "a.c:6:8: warning: nothing defines CONFIG_NEW_TYPO [G001]\n";
    assert_eq!(lint(dir.path(), &since), (1, expected.to_owned(), String::new()));
    // A file that goes makes a makefile wrong that nobody touched.
    std::fs::remove_file(dir.path().join("b.c")).expect("removed");
    let (code, out, _) = lint(dir.path(), &since);
    assert!(code == 1 && out.contains("Makefile:1:") && out.contains("[B004]"), "{out}");
    write("b.c", "#ifdef CONFIG_OTHER_TYPO\nint b;\n#endif\n");
    // A makefile decides about other files: the whole tree is looked at.
    write("Makefile", "obj-y += a.o b.o\nobj-$(CONFIG_C) += c.o\n");
    let (code, out, _) = lint(dir.path(), &since);
    assert!(code == 1 && out.contains("Makefile:2:") && !out.contains("OTHER_TYPO"), "{out}");
}

#[test]
fn the_index_of_a_new_revision_is_made_from_one_that_is_known() {
    if !support::have("git") {
        return;
    }
    let dir = tempfile::tempdir().expect("a directory");
    let write = |name: &str, text: &str| {
        std::fs::write(dir.path().join(name), text).expect("written");
    };
    write("Kconfig", "config A\n\tbool \"a\"\n");
    write("a.c", "#ifdef CONFIG_A\n#endif\n");
    write("gone.c", "#ifdef CONFIG_GONE\n#endif\n");
    git(dir.path(), &["init", "-q"]);
    git(dir.path(), &["add", "."]);
    git(dir.path(), &["commit", "-q", "-m", "first"]);
    let lint = |cache: &Path| {
        let mut command = Command::cargo_bin("hmmsize").expect("the binary");
        command.env("HMMSIZE_CACHE", cache).arg("lint").arg("-C").arg(dir.path());
        command.args(["--diff", "HEAD", "--deny", "never"]).assert().success();
        let entries = std::fs::read_dir(cache.join("lint")).expect("a directory");
        let kept = entries.map(|entry| entry.expect("an entry").path());
        let newest = kept.max_by_key(|path| path.metadata().expect("a file").modified().ok());
        let newest = newest.expect("an index");
        let text = std::fs::read_to_string(&newest).expect("read");
        (newest, text)
    };
    let (cache, fresh) = (support::scratch(), support::scratch());
    write("new.c", "#ifdef CONFIG_A\n#endif\n");
    let (first, text) = lint(cache.path());
    assert!(text.contains("gone.c\n") && !text.contains("new.c\n"), "{text}");
    // What is in no tree shows where the next one comes from.
    std::fs::write(&first, format!("0.c\n\n\nZERO\n{text}")).expect("written");
    std::fs::remove_file(dir.path().join("gone.c")).expect("removed");
    write("a.c", "#ifdef CONFIG_A_MODULE\n#endif\n");
    git(dir.path(), &["add", "-A"]);
    git(dir.path(), &["commit", "-q", "-m", "second"]);
    write("a.c", "int a;\n");
    let (second, made) = lint(cache.path());
    assert_ne!(first, second);
    let (_, whole) = lint(fresh.path());
    assert!(whole.contains("a.c\n\n\nA\tA_MODULE\n") && !whole.contains("gone.c"), "{whole}");
    assert_eq!(made, format!("0.c\n\n\nZERO\n{whole}"));
}

#[test]
fn what_a_makefile_defines_is_no_option_of_a_configuration() {
    if !support::have("git") {
        return;
    }
    let dir = tempfile::tempdir().expect("a directory");
    let write = |name: &str, text: &str| {
        let path = dir.path().join(name);
        std::fs::create_dir_all(path.parent().expect("a parent")).expect("made");
        std::fs::write(path, text).expect("written");
    };
    write("Kconfig", "config A\n\tbool \"a\"\n");
    write("Kbuild", "obj-y += a.o\nccflags-y += -DCONFIG_MADE\n");
    write("a.c", "#ifdef CONFIG_MADE\nint a;\n#endif\n");
    write("configs/x_defconfig", "CONFIG_A=y\n");
    git(dir.path(), &["init", "-q"]);
    git(dir.path(), &["add", "."]);
    git(dir.path(), &["commit", "-q", "-m", "base"]);
    write("configs/x_defconfig", "CONFIG_A=y\nCONFIG_MADE=y\n");
    let expected = "configs/x_defconfig:2:1: warning: nothing defines CONFIG_MADE [B002]\n";
    for args in [&["--diff", "HEAD"][..], &[], &["--rule", "B002"], &["--path", "configs/*"]] {
        let (_, out, err) = lint(dir.path(), &[args, &["--format", "short"]].concat());
        assert_eq!((&*out, &*err), (expected, ""), "{args:?}");
    }
}
