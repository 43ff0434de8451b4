//! `reproduce.sh`: repeats one cell by hand, with nothing but make, the compiler and a shell.
//!
//! It lies beside the cell's `.config`, clears the environment as hmmsize does, and stops if the
//! tree makes another configuration of it. Without ccache and without our linker wrapper: neither
//! changes a byte of what is built.

use std::fmt::Write as _;

use super::plan::CellPlan;
use super::process::quote;
use super::toolchain::Toolchain;
use crate::model::run::Target;

/// The text of the script.
pub fn script(cell: &CellPlan, toolchain: &Toolchain, goals: &[String]) -> String {
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
    let _ = writeln!(text, "# Compiler: {}", toolchain.compiler);
    let _ = writeln!(text, "# Linker: {}", toolchain.linker);
    text.push_str(
        "# SRC, OUT and JOBS may be set to use another copy of the source, another build\n",
    );
    text.push_str("# directory, or fewer processors.\nset -eu\n");
    text.push_str("here=$(cd \"$(dirname \"$0\")\" && pwd)\n");
    let _ = writeln!(text, "src=${{SRC:-{}}}", quote(&source.tree.display().to_string()));
    text.push_str("out=${OUT:-\"$here/reproduce\"}\njobs=${JOBS:-$(nproc)}\n\n");
    text.push_str("kmake() {\n    env -i PATH=\"$PATH\" HOME=\"${HOME:-/}\"");
    for (key, value) in &toolchain.env {
        let (key, value) = (key.to_string_lossy(), value.to_string_lossy());
        if fixed(&key) {
            let _ = write!(text, " \\\n        {}", quote(&format!("{key}={value}")));
        }
    }
    text.push_str(" \\\n        make -C \"$src\" O=\"$out\"");
    for word in toolchain.words.to_words() {
        let _ = write!(text, " {}", quote(&word));
    }
    text.push_str(" \"$@\"\n}\n\n");
    let _ = writeln!(text, "# The configuration came from {}", configuration(cell));
    text.push_str("mkdir -p \"$out\"\ncp \"$here/.config\" \"$out/.config\"\nkmake olddefconfig\n");
    text.push_str("cmp \"$here/.config\" \"$out/.config\"\n\n");
    let goals: Vec<String> = goals.iter().map(|goal| quote(goal)).collect();
    let _ = writeln!(text, "kmake -j\"$jobs\" {}", goals.join(" "));
    text.push_str(match &cell.target {
        Target::Vmlinux | Target::Image => "size \"$out/vmlinux\"\n",
        Target::Modules | Target::Scope(_) => "",
    });
    text
}

/// What the environment says about the build, as opposed to where programs are on this machine.
fn fixed(key: &str) -> bool {
    key.starts_with("KBUILD_") || matches!(key, "SOURCE_DATE_EPOCH" | "LC_ALL" | "TZ" | "GIT_DIR")
}

fn configuration(cell: &CellPlan) -> String {
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
