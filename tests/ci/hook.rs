//! `.pre-commit-hooks.yaml`: the entry as pre-commit runs it, on what is about to be committed.

use std::fs;

use regex::Regex;

use super::{Repository, support, text, yaml};

#[test]
fn the_hook_stops_what_a_commit_would_add() {
    let Some(repository) = Repository::new() else { return };
    let hooks = yaml(".pre-commit-hooks.yaml");
    let hook = &hooks.as_vec().expect("hooks")[0];
    assert_eq!(hook["id"].as_str(), Some("hmmsize-lint"));
    // Built by pre-commit itself; asked once, not for each file.
    assert_eq!(hook["language"].as_str(), Some("rust"));
    assert_eq!(hook["pass_filenames"].as_bool(), Some(false));
    let entry = hook["entry"].as_str().expect("entry");
    let words: Vec<&str> = entry.split_whitespace().collect();
    assert_eq!(words[0], "hmmsize");
    let run = || {
        let output = repository.command(words[0], &words[1..]).output().unwrap();
        (output.status.code().unwrap(), text(&output))
    };
    assert_eq!(run(), (0, String::new()));
    let kconfig = repository.place.tree().join("mm/Kconfig");
    let old = fs::read_to_string(&kconfig).unwrap();
    let new = format!("{old}\nconfig TWICE\n\tbool \"Twice\"\n\tselect MMU\n\tselect MMU\n");
    support::rewrite(&kconfig, new.as_bytes());
    repository.place.git(&["add", "-A"]);
    let line = new.lines().count();
    let expected = format!(
        "mm/Kconfig:{line}:2: warning: `select MMU` repeats line {} of this file [K001]\n",
        line - 1
    );
    assert_eq!(run(), (1, expected));

    let files = Regex::new(hook["files"].as_str().expect("files")).unwrap();
    for name in [
        "Kconfig",
        "mm/Kconfig.debug",
        "mm/Makefile",
        "kernel/fork.c",
        "arch/arm/configs/a_defconfig",
    ] {
        assert!(files.is_match(name), "{name}");
    }
    for name in ["README", "Documentation/mm/hmm.rst", "mm/Kconfig/x.txt", "a.cpp"] {
        assert!(!files.is_match(name), "{name}");
    }
}
