//! `reproduce.sh`: repeats one cell by hand, with nothing but make, the compiler and a shell.
//!
//! It carries its fragments, clears the environment and configures as hmmsize does, and stops if the
//! `.config` differs from the cell's, which lies beside it. Without ccache and without our linker wrapper: neither
//! changes a byte of what is built.

use std::fmt::Write as _;
use std::fs;

use super::configure::{self, Step};
use super::plan::CellPlan;
use super::process::quote;
use super::source::Origin;
use super::toolchain::Toolchain;
use crate::exit::{Error, Result};
use crate::model::run::Target;

/// The text of the script.
///
/// # Errors
/// The file that the configuration starts from cannot be read.
pub fn script(cell: &CellPlan, toolchain: &Toolchain, goals: &[String]) -> Result<String> {
    let mut text = String::from("#!/bin/sh\n");
    let source = &cell.source;
    let _ = writeln!(
        text,
        "# Repeats the cell {}, built by hmmsize {}.",
        cell.id,
        env!("CARGO_PKG_VERSION")
    );
    let _ = writeln!(text, "# Source: {}, digest {}", source.label, source.digest);
    if let Some(revision) = &source.revision {
        let _ = writeln!(text, "# Commit: {}", revision.hash);
    }
    if let (Origin::Commit { repo, .. }, Some(revision)) = (&source.origin, &source.revision) {
        let repo = quote(&repo.display().to_string());
        let hash = &revision.hash;
        let _ =
            writeln!(text, "# Unpack it first: git -C {repo} archive {hash} | tar -x -C \"$SRC\"");
    }
    let _ = writeln!(text, "# Compiler: {}", toolchain.compiler);
    let _ = writeln!(text, "# Linker: {}", toolchain.linker);
    text.push_str(
        "# SRC, OUT and JOBS may be set to use another copy of the source, another build\n",
    );
    text.push_str("# directory, or fewer processors.\nset -eu\n");
    text.push_str("here=$(cd \"$(dirname \"$0\")\" && pwd)\n");
    let _ = writeln!(text, "src=${{SRC:-{}}}", quote(&source.tree.display().to_string()));
    text.push_str("out=${OUT:-\"$here/reproduce\"}\njobs=${JOBS:-$(nproc)}\n\n");
    text.push_str("clean() {\n    env -i PATH=\"$PATH\" HOME=\"${HOME:-/}\"");
    for (key, value) in &toolchain.env {
        let (key, value) = (key.to_string_lossy(), value.to_string_lossy());
        if fixed(&key) {
            let _ = write!(text, " \\\n        {}", quote(&format!("{key}={value}")));
        }
    }
    text.push_str(" \\\n        \"$@\"\n}\n\nkmake() {\n    clean make -C \"$src\" O=\"$out\"");
    for word in toolchain.words.to_words() {
        let _ = write!(text, " {}", quote(&word));
    }
    text.push_str(" \"$@\"\n}\n\n");
    configuration(&mut text, cell)?;
    let goals: Vec<String> = goals.iter().map(|goal| quote(goal)).collect();
    let _ = writeln!(text, "kmake -j\"$jobs\" {}", goals.join(" "));
    text.push_str(match &cell.target {
        Target::Vmlinux | Target::Image => "size \"$out/vmlinux\"\n",
        Target::Modules | Target::Scope(_) => "",
    });
    Ok(text)
}

/// The steps that lead to `.config`, as `configure` does them.
fn configuration(text: &mut String, cell: &CellPlan) -> Result<()> {
    let _ = writeln!(text, "# The configuration: {}", parts(cell));
    text.push_str("mkdir -p \"$out\"\n");
    let assignments = configure::assignments(cell);
    if !assignments.is_empty() {
        let lines: String = assignments.iter().map(|a| a.line() + "\n").collect();
        here_document(text, &format!("$out/{}", configure::FRAGMENT), &lines);
    }
    for step in configure::steps(cell) {
        match step {
            Step::Make(goals) => {
                let ours = cell.build_dir.join(configure::FRAGMENT).display().to_string();
                text.push_str("kmake");
                for goal in goals {
                    let _ = match goal.strip_suffix(&ours) {
                        Some(key) => write!(text, " {key}\"$out/{}\"", configure::FRAGMENT),
                        None => write!(text, " {}", quote(&goal)),
                    };
                }
                text.push('\n');
            }
            Step::Copy(file) => {
                let bytes = fs::read(&file).map_err(|e| Error::io(&file, e))?;
                here_document(text, "$out/.config", &String::from_utf8_lossy(&bytes));
            }
            Step::Merge => {
                text.push_str("clean \"$src/scripts/kconfig/merge_config.sh\" -m -O \"$out\" \\\n");
                let _ = writeln!(text, "    \"$out/.config\" \"$out/{}\"", configure::FRAGMENT);
            }
        }
    }
    text.push_str("# What was built then; alone, the script does without.\n");
    text.push_str("[ ! -e \"$here/.config\" ] || cmp \"$here/.config\" \"$out/.config\"\n\n");
    Ok(())
}

/// Writes `lines` into `file`, whatever they say.
fn here_document(text: &mut String, file: &str, lines: &str) {
    let mut end = "END".to_owned();
    while lines.lines().any(|line| line == end) {
        end.push('_');
    }
    let newline = if lines.is_empty() || lines.ends_with('\n') { "" } else { "\n" };
    let _ = writeln!(text, "cat >\"{file}\" <<'{end}'\n{lines}{newline}{end}");
}

/// What the environment says about the build, as opposed to where programs are on this machine.
fn fixed(key: &str) -> bool {
    key.starts_with("KBUILD_") || matches!(key, "SOURCE_DATE_EPOCH" | "LC_ALL" | "TZ" | "GIT_DIR")
}

/// What the configuration is made of, in one line.
fn parts(cell: &CellPlan) -> String {
    let mut text = cell.base.name();
    for fragment in &cell.fragments {
        let _ = write!(text, " + {}", fragment.name);
    }
    let requests: Vec<String> = cell.variant.requests.iter().map(ToString::to_string).collect();
    if !requests.is_empty() {
        let _ = write!(text, " + {}", requests.join(" "));
    }
    // Comments end with the line.
    text.replace(['\n', '\r'], " ")
}
