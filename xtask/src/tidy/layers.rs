//! Rules about who may know what: imports between layers, and the few places that may touch object
//! files, processes, the file system, exit codes and `unsafe`.

use super::{Report, code, lines};

/// The layers of `src/`, and what each may import besides itself and `exit`, which all may.
const LAYERS: &[(&str, &[&str])] = &[
    ("model", &[]),
    ("exit", &[]),
    ("schema", &["model"]),
    ("elf", &["model"]),
    ("kconf", &["model"]),
    ("source", &["model"]),
    ("kbuild", &["model"]),
    ("logic", &["kconf", "source", "model"]),
    ("analyze", &["logic", "model"]),
    ("lint", &["logic", "kconf", "source", "model"]),
    ("explain", &["lint", "logic", "kconf", "source", "model"]),
    ("render", &["model"]),
    // xtask describes the command line without the rest of the program.
    ("cli", &[]),
    (
        "commands",
        &[
            "cli", "render", "explain", "lint", "analyze", "logic", "elf", "kconf", "source",
            "kbuild", "schema", "model",
        ],
    ),
];

/// Words that only some files of the program may contain.
struct Only {
    words: &'static [&'static str],
    /// Files below or equal to these may.
    files: &'static [&'static str],
    why: &'static str,
}

const ONLY: &[Only] = &[
    Only {
        words: &["object::", "memmap2::", "gimli::"],
        files: &["src/elf/"],
        why: "only src/elf reads object files",
    },
    Only {
        words: &["batsat::"],
        files: &["src/logic/solver.rs"],
        why: "only src/logic/solver.rs imports the SAT solver",
    },
    Only {
        words: &["process::Command", "process::Child", "Command::new("],
        files: &["src/kbuild/", "src/kbuild.rs"],
        why: "only src/kbuild starts processes",
    },
    Only {
        words: &["process::exit", "process::abort", "ExitCode"],
        files: &["src/exit.rs", "src/main.rs"],
        why: "exit codes are in src/exit.rs only",
    },
    Only {
        words: &["eprintln!(", "eprint!("],
        files: &[],
        why: "exit::say, which does not panic where nobody reads",
    },
    Only {
        words: &["unsafe ", "allow(unsafe_code)"],
        files: &["src/elf/map.rs", "src/elf/map/bus.rs"],
        why: "unsafe only in src/elf/map.rs and map/bus.rs",
    },
];

/// Layers that think and print: they get what they need and touch nothing.
const PURE: &[&str] = &["model", "analyze", "render"];
const IO: &[&str] = &[
    "std::fs",
    "fs::",
    "File::",
    "std::env",
    "env::var",
    "env::current",
    "std::net",
    "stdin()",
    "stdout()",
    "stderr()",
    "print!(",
    "println!(",
];

/// The layer of a file of `src/`.
fn layer(name: &str) -> Option<&str> {
    let inside = name.strip_prefix("src/")?;
    let first = inside.split('/').next().unwrap_or(inside);
    Some(first.strip_suffix(".rs").unwrap_or(first))
}

pub fn check(name: &str, text: &str, report: &mut Report) {
    let Some(layer) = layer(name) else {
        return;
    };
    let known = LAYERS.iter().find(|(name, _)| *name == layer);
    if known.is_none() && !matches!(layer, "main" | "lib") {
        report.add(name, 1, format!("{layer} is no layer of DESIGN.md"));
    }
    for (line, text, test) in lines(name, text) {
        let text = code(text);
        if test {
            continue;
        }
        if let Some((_, allowed)) = known {
            for import in imports(text) {
                let fine = import == layer || import == "exit" || allowed.contains(&import);
                // `crate::Item` names an item at the top of the library, not a layer.
                let is_layer = LAYERS.iter().any(|(name, _)| *name == import);
                if is_layer && !fine {
                    report.add(name, line, format!("{layer} may not import {import}"));
                }
            }
        }
        for only in ONLY {
            let here = only.files.iter().any(|file| name.starts_with(file));
            if let Some(word) = only.words.iter().find(|word| !here && has(text, word)) {
                report.add(name, line, format!("`{}`: {}", word.trim(), only.why));
            }
        }
        if PURE.contains(&layer)
            && let Some(word) = IO.iter().find(|word| has(text, word))
        {
            report.add(name, line, format!("`{word}`: {layer} does no input or output"));
        }
    }
}

/// Whether `word` stands in `text` and not at the end of a longer name.
fn has(text: &str, word: &str) -> bool {
    text.match_indices(word).any(|(at, _)| {
        let before = text[..at].chars().next_back();
        !before.is_some_and(|c| c.is_alphanumeric() || c == '_')
    })
}

/// The first names after `crate::`, also those of a `use crate::{a, b::c}` on one line.
fn imports(text: &str) -> Vec<&str> {
    let mut found = Vec::new();
    for (at, start) in text.match_indices("crate::") {
        let rest = &text[at + start.len()..];
        match rest.strip_prefix('{') {
            Some(list) => {
                let mut depth = 0;
                for part in list.split(',') {
                    if depth == 0 {
                        found.push(name_at(part.trim_start()));
                    }
                    depth += part.matches('{').count();
                    depth = depth.saturating_sub(part.matches('}').count());
                }
            }
            None => found.push(name_at(rest)),
        }
    }
    found
}

fn name_at(text: &str) -> &str {
    let end = text.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(text.len());
    &text[..end]
}

#[cfg(test)]
mod tests {
    use super::super::tests::found;

    /// What is found in a file with a proper first line.
    fn rules(name: &str, line: &str) -> Vec<String> {
        found(name, &format!("//! A file.\n{line}\n"))
    }

    #[test]
    fn layers_import_only_what_is_to_their_right() {
        for (name, line, message) in [
            ("src/model/a.rs", "use crate::elf::Map;", "model may not import elf"),
            ("src/elf/a.rs", "use crate::kconf::read;", "elf may not import kconf"),
            ("src/kbuild/a.rs", "let x = crate::elf::open();", "kbuild may not import elf"),
            (
                "src/render/a.rs",
                "use crate::{exit::Error, analyze::diff};",
                "render may not import analyze",
            ),
            ("src/analyze/a.rs", "use crate::render::table;", "analyze may not import render"),
            ("src/elf/a.rs", "use crate::commands;", "elf may not import commands"),
            ("src/exit.rs", "use crate::cli::Cli;", "exit may not import cli"),
        ] {
            assert_eq!(rules(name, line), [format!("{name}:2: {message}")]);
        }
        assert_eq!(rules("src/render/a.rs", "use crate::{exit::{Error, At}, model::a};"), [""; 0]);
        assert_eq!(rules("src/commands/a.rs", "use crate::{elf, kbuild};"), [""; 0]);
        assert_eq!(rules("src/elf/a.rs", "// not crate::kbuild"), [""; 0]);
    }

    #[test]
    fn a_new_directory_needs_a_place_in_the_design() {
        assert_eq!(
            rules("src/util/a.rs", "fn a() {}"),
            ["src/util/a.rs:1: util is no layer of DESIGN.md"]
        );
    }

    #[test]
    fn only_elf_reads_object_files() {
        let line = "use object::elf::FileHeader64;";
        assert_eq!(
            rules("src/analyze/a.rs", line),
            ["src/analyze/a.rs:2: `object::`: only src/elf reads object files"]
        );
        assert_eq!(rules("src/elf/a.rs", line), [""; 0]);
        assert_eq!(rules("src/render/a.rs", "my_object::of(x)"), [""; 0]);
    }

    #[test]
    fn only_kbuild_starts_processes() {
        let line = "use std::process::Command;";
        assert_eq!(
            rules("src/commands/a.rs", line),
            ["src/commands/a.rs:2: `process::Command`: only src/kbuild starts processes"]
        );
        assert_eq!(rules("src/kbuild/run.rs", line), [""; 0]);
        assert_eq!(rules("tests/a.rs", line), [""; 0]);
        let test = format!("//! A file.\n#[cfg(test)]\nmod tests {{\n{line}\n}}\n");
        assert_eq!(found("src/elf/a.rs", &test), [""; 0]);
    }

    #[test]
    fn exit_codes_have_one_place() {
        for line in ["std::process::exit(3);", "return ExitCode::from(3);"] {
            let found = rules("src/commands/a.rs", line);
            assert_eq!(found.len(), 1, "{found:?}");
            assert!(found[0].ends_with("exit codes are in src/exit.rs only"), "{found:?}");
            assert_eq!(rules("src/main.rs", line), [""; 0]);
        }
    }

    #[test]
    fn unsafe_has_one_place() {
        for line in ["let x = unsafe { y };", "#[allow(unsafe_code)]"] {
            let found = rules("src/elf/a.rs", line);
            assert_eq!(found.len(), 1, "{found:?}");
            assert!(found[0].ends_with("src/elf/map.rs and map/bus.rs"), "{found:?}");
            assert_eq!(rules("src/elf/map.rs", line), [""; 0]);
            assert_eq!(rules("src/elf/map/bus.rs", line), [""; 0]);
        }
    }

    #[test]
    fn who_thinks_or_prints_touches_nothing() {
        for line in ["std::fs::read(p)", "File::open(p)", "println!(\"x\")", "std::env::var(\"X\")"]
        {
            for layer in ["model", "analyze", "render"] {
                let found = rules(&format!("src/{layer}/a.rs"), line);
                assert!(
                    found.len() == 1 && found[0].contains("does no input or output"),
                    "{found:?}"
                );
            }
            assert_eq!(rules("src/commands/a.rs", line), [""; 0]);
        }
    }
}
