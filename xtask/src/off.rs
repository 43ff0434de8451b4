//! Off costs nothing, on a real kernel: the proof of the gate's rule of that name.
//!
//! A pristine tree is copied twice (hard links, so in seconds; a file that changes is replaced, never
//! written through). Both copies get a new option `HMMSIZE_PROOF` the way a careful patch adds one: a
//! Kconfig entry, an object behind it, a header with a stub for each function, a call in existing code.
//! One copy also gets one function that nothing gates: the planted leak. With the option off in all
//! three, `hmmsize gate` must name exactly that function, and pass without it.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;

use crate::kernel;
use crate::process::{self, shown};

/// The function that the leaking copy adds outside every guard.
const LEAK: &str = "hmmsize_proof_leak";

const HEADER: &str = "\
/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _LINUX_HMMSIZE_PROOF_H
#define _LINUX_HMMSIZE_PROOF_H

#include <linux/types.h>

#ifdef CONFIG_HMMSIZE_PROOF
void hmmsize_proof_note(const void *addr);
unsigned long hmmsize_proof_count(void);
#else
static inline void hmmsize_proof_note(const void *addr) { }
static inline unsigned long hmmsize_proof_count(void) { return 0; }
#endif

#endif
";

const SOURCE: &str = "\
// SPDX-License-Identifier: GPL-2.0
/* Counts what is freed: a feature that must cost nothing when it is off. */
#include <linux/atomic.h>
#include <linux/hmmsize_proof.h>

static atomic_long_t hmmsize_proof_freed = ATOMIC_LONG_INIT(0);

void hmmsize_proof_note(const void *addr)
{
	if (addr)
		atomic_long_inc(&hmmsize_proof_freed);
}

unsigned long hmmsize_proof_count(void)
{
	return atomic_long_read(&hmmsize_proof_freed);
}
";

const KCONFIG: &str = "\
config HMMSIZE_PROOF
	bool \"Count what is freed\"
	help
	  A feature that costs nothing when it is off.

";

const LEAKING: &str = "
unsigned long hmmsize_proof_leak(unsigned long value);
unsigned long hmmsize_proof_leak(unsigned long value)
{
	return value * 2654435761UL + hmmsize_proof_count();
}
";

/// What the proof prints and keeps in reports/.
const REPORT: &str = "reports/off-costs-nothing.md";

/// Builds the three sources with the option off and has the gate judge the two patched ones.
///
/// # Errors
///
/// When a build fails, the gate does not name exactly the leak, or does not pass without it.
pub fn prove(tree: &Path, ours: &Path, save: bool) -> Result<()> {
    let hmmsize = |words: &[&str]| {
        let mut command = process::command(ours);
        command.args(words);
        command
    };
    let dir = kernel::cache()?.join("off");
    let sources = make_sources(tree, &dir.join("src"))?;
    let mut text = format!(
        "# Off costs nothing, on Linux {}\n\nMade by `cargo xtask oracle off`. Two copies of the tree \
         get a new option\n`HMMSIZE_PROOF`, with stubs for its functions and a call in `kvfree()`; \
         one of them\nalso gets `{LEAK}()` outside every guard. The option is off everywhere.\n",
        kernel::version(tree)?
    );
    for (name, patched, named) in
        [("leaking", &sources.leaking, &[LEAK][..]), ("clean", &sources.clean, &[][..])]
    {
        let out = dir.join(name);
        let run = out.join("run.json");
        let mut build = hmmsize(&["build", "--option", "HMMSIZE_PROOF", "--variant", "without"]);
        build.args(["--arch", "x86_64,arm", "--base-config", "tinyconfig", "-C"]);
        build.arg(format!("base={}", tree.display())).arg("-C");
        build.arg(format!("{name}={}", patched.display())).arg("--out").arg(&out);
        process::run(build.stdout(Stdio::null()))?;

        let mut gate = hmmsize(&["gate"]);
        let line = shown(gate.arg(&run)).replace(&dir.display().to_string(), "off");
        let table = said(&mut gate, named)?.replace(&dir.display().to_string(), "off");
        println!("{table}");
        write!(text, "\n```\n$ {line}\n{}\n```\n", table.trim_end())?;

        let verdict: Value =
            serde_json::from_str(&said(hmmsize(&["gate", "--format", "json"]).arg(&run), named)?)?;
        for arch in ["x86_64", "arm"] {
            let found = symbols(&verdict, arch);
            ensure!(found == named, "{arch}, {name}: the gate names {found:?}, not {named:?}");
        }
    }
    eprintln!("xtask: off: the gate names exactly the planted leak, and passes without it");
    if save {
        fs::write(crate::root().join(REPORT), text).context(REPORT)?;
        eprintln!("xtask: saved in {REPORT}");
    }
    Ok(())
}

/// What the gate prints; its exit code must be 1 where there is a leak to name, else 0.
fn said(gate: &mut Command, named: &[&str]) -> Result<String> {
    let output = gate.stderr(Stdio::inherit()).output().context("hmmsize gate")?;
    let expected = i32::from(!named.is_empty());
    ensure!(output.status.code() == Some(expected), "gate: {}, not {expected}", output.status);
    Ok(String::from_utf8(output.stdout)?)
}

/// The symbols that the verdict's judgements name on `arch`, sorted.
fn symbols(verdict: &Value, arch: &str) -> Vec<String> {
    let judgements = verdict["judgements"].as_array().map_or(&[][..], Vec::as_slice);
    let mut names: Vec<String> = judgements
        .iter()
        .filter(|judgement| judgement["cell"].as_str().is_some_and(|cell| cell.starts_with(arch)))
        .filter_map(|judgement| judgement["symbols"].as_array())
        .flatten()
        .filter_map(|symbol| symbol["name"].as_str().map(str::to_owned))
        .collect();
    names.sort();
    names.dedup();
    names
}

/// The two patched copies of a kernel tree.
struct Sources {
    /// The option, every function gated.
    clean: PathBuf,
    /// The same and one function that is not.
    leaking: PathBuf,
}

/// Copies `tree` twice below `dir` and patches the copies.
///
/// # Errors
///
/// When the copy fails, or the tree has no place where the patch applies.
fn make_sources(tree: &Path, dir: &Path) -> Result<Sources> {
    let sources = Sources { clean: dir.join("clean"), leaking: dir.join("leaking") };
    for copy in [&sources.clean, &sources.leaking] {
        kernel::linked_copy(tree, copy)?;
        add_option(copy)?;
    }
    let util = sources.leaking.join("mm/util.c");
    let text = fs::read_to_string(&util)?;
    kernel::replace(&util, &(text + LEAKING))?;
    Ok(sources)
}

fn add_option(tree: &Path) -> Result<()> {
    kernel::replace(&tree.join("include/linux/hmmsize_proof.h"), HEADER)?;
    kernel::replace(&tree.join("mm/hmmsize_proof.c"), SOURCE)?;

    let kconfig = tree.join("mm/Kconfig");
    let text = fs::read_to_string(&kconfig)?;
    let Some(end) = text.rfind("endmenu") else { bail!("mm/Kconfig has no endmenu") };
    kernel::replace(&kconfig, &format!("{}{KCONFIG}{}", &text[..end], &text[end..]))?;

    let makefile = tree.join("mm/Makefile");
    let text = fs::read_to_string(&makefile)?;
    kernel::replace(&makefile, &(text + "obj-$(CONFIG_HMMSIZE_PROOF) += hmmsize_proof.o\n"))?;

    // The include goes below the last one and the call into kvfree(), which every configuration has.
    let util = tree.join("mm/util.c");
    let text = fs::read_to_string(&util)?;
    let include = "#include \"internal.h\"\n";
    let function = "void kvfree(const void *addr)\n{\n";
    ensure!(text.contains(include) && text.contains(function), "mm/util.c is not as expected");
    let text = text
        .replacen(include, &format!("#include <linux/hmmsize_proof.h>\n{include}"), 1)
        .replacen(function, &format!("{function}\thmmsize_proof_note(addr);\n"), 1);
    kernel::replace(&util, &text)
}
