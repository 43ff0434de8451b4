//! A kernel tree that means no good, under everything that only looks at one: nothing of it is run,
//! nothing outside of it is read or written.
//!
//! It has every place where a program could be named (Kconfig's and make's `$(shell …)`, scripts, git's
//! own configuration) and every way out (links, `..`, absolute paths). Each program leaves a file, and
//! each file outside has a word that must not be printed. SECURITY.md says what is promised.

mod support;

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};

use support::{have, hmmsize, run, scratch};

/// What is outside.
const SECRET: &str = "TOP_SECRET";

struct Trap {
    /// Holds everything, and is removed at the end.
    _dir: tempfile::TempDir,
    tree: PathBuf,
    /// Where whatever is run leaves a file.
    ran: PathBuf,
    outside: PathBuf,
}

fn trap() -> Trap {
    let dir = scratch();
    let [tree, ran, outside] = ["tree", "ran", "outside"].map(|name| dir.path().join(name));
    run(
        dir.path(),
        "cp",
        ["-r", support::fixtures("tree").to_str().unwrap(), tree.to_str().unwrap()],
    );
    for made in [&ran, &outside, &tree.join("include/linux"), &tree.join("trap")] {
        fs::create_dir_all(made).unwrap();
    }
    let touch = |name: &str| format!("touch {}/{name}", ran.display());
    let write = |name: &str, text: &str| fs::write(tree.join(name), text).unwrap();
    let secret = format!("int {SECRET};\nobj-y += {SECRET}.o\n");
    fs::write(outside.join("secret.c"), &secret).unwrap();
    fs::write(outside.join("Makefile"), &secret).unwrap();
    let (out, up) = (outside.display(), "../outside");

    let add = |name: &str, text: &str| {
        let before = fs::read_to_string(tree.join(name)).unwrap_or_default();
        write(name, &(before + text));
    };

    write("MAINTAINERS", "Maintainers List\n\nMM\nM:\tA <a@b.c>\nF:\t../outside/\nF:\tmm/\n");
    add("Makefile", &format!("X := $(shell {})\n-include {up}/Makefile\n", touch("top-makefile")));
    let kconfig = format!(
        "\nx := $(shell,{})\nconfig A\n\tbool \"a\"\n\tdefault y if \"$(shell,{})\" = \"y\"\n\tselect B\n\
         config B\n\tbool \"b\"\n\tdepends on C\nconfig C\n\tbool \"c\"\n\
         config TRAP_TEXT\n\tstring\n\tdefault \"$(shell,{})\"\n",
        touch("kconfig-shell"),
        touch("kconfig-success"),
        touch("kconfig-default"),
    );
    add("Kconfig", &kconfig);
    let kbuild = format!(
        "\nobj-y += trap/ {up}/ {out}/\nZ := $(shell {})\ninclude {out}/Makefile\n\
         include $(srctree)/{up}/Makefile\n",
        touch("kbuild")
    );
    add("Kbuild", &kbuild);
    let objects = "obj-$(CONFIG_A) += a.o link.o\nobj-y += linked/ ../../outside/secret.o more/\n";
    write("trap/Makefile", objects);
    write(
        "trap/a.c",
        &format!(
            "#include \"../{up}/secret.c\"\n#include \"{out}/secret.c\"\n#ifdef CONFIG_A\n\
             int a(void) {{ return 1; }}\n#endif\n"
        ),
    );
    symlink(outside.join("secret.c"), tree.join("trap/link.c")).unwrap();
    symlink(&outside, tree.join("trap/linked")).unwrap();
    fs::create_dir(tree.join("trap/more")).unwrap();
    symlink(outside.join("Makefile"), tree.join("trap/more/Makefile")).unwrap();
    for script in ["scripts/cc-version.sh", "scripts/ld-version.sh", "scripts/trap", "gcc"] {
        write(script, &format!("#!/bin/sh\n{}\n", touch("script")));
        fs::set_permissions(tree.join(script), fs::Permissions::from_mode(0o755)).unwrap();
    }
    run(&tree, "git", ["init", "-q", "."]);
    let config = [
        ("user.email", "a@b.c".to_owned()),
        ("user.name", "A".to_owned()),
        ("core.symlinks", "true".to_owned()),
    ];
    for (key, value) in config {
        run(&tree, "git", ["config", key, &value]);
    }
    write(".gitattributes", "*.c filter=evil diff=evil\nKconfig filter=evil\n");
    run(&tree, "git", ["add", "-A"]);
    run(&tree, "git", ["commit", "-qm", "all"]);
    let programs = ["core.fsmonitor", "diff.external", "diff.evil.command", "diff.evil.textconv"];
    let filters = ["filter.evil.clean", "filter.evil.smudge", "filter.evil.process", "core.pager"];
    for key in programs.into_iter().chain(filters) {
        run(&tree, "git", ["config", key, &touch(&key.replace('.', "-"))]);
    }
    // Something to compare, so that git has to look at contents.
    write("trap/a.c", "#ifdef CONFIG_A\nint a(void) { return 2; }\n#endif\n");
    add("Kconfig", "\n# changed\n");
    Trap { _dir: dir, tree, ran, outside }
}

/// All files below a directory with their contents; links are not followed.
fn contents(dir: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut found = Vec::new();
    let mut dirs = vec![dir.to_owned()];
    while let Some(dir) = dirs.pop() {
        for entry in fs::read_dir(&dir).unwrap() {
            let path = entry.unwrap().path();
            if path.is_symlink() {
                found.push((
                    path.clone(),
                    fs::read_link(&path).unwrap().into_os_string().into_encoded_bytes(),
                ));
            } else if path.is_dir() {
                dirs.push(path);
            } else {
                found.push((path.clone(), fs::read(&path).unwrap()));
            }
        }
    }
    found.sort();
    found
}

#[test]
fn a_tree_that_is_looked_at_runs_nothing_and_leads_nowhere() {
    if !have("git") {
        return;
    }
    let trap = trap();
    let before = [&trap.tree, &trap.outside].map(|dir| contents(dir));
    let cache = scratch();
    let asked: [&[&str]; 16] = [
        &["lint"],
        &["lint", "--gating"],
        &["lint", "--arch", "all", "--format", "json"],
        &["lint", "--diff", "HEAD"],
        &["lint", "--symbol", "A"],
        &["lint", "--path", "trap/**"],
        &["explain", "CONFIG_A"],
        &["explain", "a"],
        &["explain", "trap/a.c:2"],
        &["explain", "trap/link.c"],
        &["audit", "--option", "A", "--arch", "x86_64"],
        &["config", "--arch", "x86_64", "--probe=never", "allyesconfig", "-o", "-"],
        &["config", "--arch", "x86_64", "--probe=never", "defconfig", "-o", "-"],
        &["config", "--arch", "x86_64", "allyesconfig", "-o", "-"],
        &["config", "--arch", "x86_64", "--probe=never", "why", "A=y"],
        &["build", "--arch", "x86_64", "--option", "A", "--dry-run"],
    ];
    let mut answered = 0;
    for words in asked {
        let mut command = hmmsize();
        command.current_dir(cache.path()).env("XDG_CACHE_HOME", cache.path().join("cache"));
        command.args(words).arg("-C").arg(&trap.tree);
        // A program of the tree may lie on nobody's PATH.
        let output = command.output().unwrap();
        let code = output.status.code().unwrap_or(-1);
        let said =
            [output.stdout, output.stderr].map(|text| String::from_utf8_lossy(&text).into_owned());
        assert!((0..=3).contains(&code), "{words:?}: {code} {said:?}");
        assert!(!said.concat().contains("panicked"), "{words:?}: {said:?}");
        let told = said.concat().replace(&format!("{SECRET}.o"), "");
        assert!(!told.contains(SECRET), "{words:?} reads outside: {said:?}");
        let ran = contents(&trap.ran);
        assert!(ran.is_empty(), "{words:?} ran {:?}\n{said:?}", ran[0].0);
        answered += usize::from(code < 2);
    }
    let after = [&trap.tree, &trap.outside].map(|dir| contents(dir));
    assert!(before == after, "something was written");
    assert!(answered >= 10, "only {answered} commands had an answer");
    // The traps are set: who asks git without care runs them.
    let _ =
        std::process::Command::new("git").arg("-C").arg(&trap.tree).args(["diff", "HEAD"]).output();
    assert!(!contents(&trap.ran).is_empty(), "no trap works");
}
