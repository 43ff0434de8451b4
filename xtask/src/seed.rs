//! The seed's experiment, on a real kernel: a feature of HMM's shape, and what it costs who has it off.
//!
//! In 2017 HMM was merged because arm, where it is impossible, paid 468 bytes for it. Here a copy of the
//! tree gets such a feature: a file behind an option, stubs, a special case in the hot `put_page()`, a
//! field of `struct mm_struct` under a guard, and a dependency that arm does not have. Without a leak,
//! `audit` must say that it costs nothing on any architecture; with one (a function, or a field, outside
//! its guard) it must name every byte, and the guard that would stop it.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::Stdio;

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use crate::kernel;
use crate::process::{self, shown};

const HEADER: &str = "\
/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _LINUX_HMMSIZE_MIRROR_H
#define _LINUX_HMMSIZE_MIRROR_H

#include <linux/types.h>

struct folio;
struct mm_struct;

#ifdef CONFIG_HMMSIZE_MIRROR
extern unsigned long hmmsize_mirror_count;
bool hmmsize_mirror_release(struct folio *folio);
void hmmsize_mirror_register(struct mm_struct *mm, void *data);

static inline bool hmmsize_mirror_put(struct folio *folio)
{
	return hmmsize_mirror_count && hmmsize_mirror_release(folio);
}
#else
static inline bool hmmsize_mirror_put(struct folio *folio) { return false; }
static inline void hmmsize_mirror_register(struct mm_struct *mm, void *data) { }
#endif

#endif
";

const SOURCE: &str = "\
// SPDX-License-Identifier: GPL-2.0
/* Mirrors an address space, as HMM did: nothing of it may be there when it is off. */
#include <linux/mm.h>
#include <linux/hmmsize_mirror.h>

unsigned long hmmsize_mirror_count;

bool hmmsize_mirror_release(struct folio *folio)
{
	return folio_test_private(folio) && folio_put_testzero(folio);
}

void hmmsize_mirror_register(struct mm_struct *mm, void *data)
{
	mm->hmmsize_mirror = data;
	hmmsize_mirror_count++;
}
";

const KCONFIG: &str = "\
config HMMSIZE_MIRROR
	bool \"Mirror address spaces\"
	depends on MMU && ARCH_HAS_PTE_DEVMAP
	help
	  A feature of the shape of HMM.

";

/// In mm/swap.c, where the feature calls it: the shape of the seed's own leak, code outside its guard.
const LEAKING_FUNCTION: &str = "
void hmmsize_mirror_forget(struct folio *folio);
void hmmsize_mirror_forget(struct folio *folio)
{
	folio_clear_referenced(folio);
	folio->private = NULL;
}
";
/// Behind the field that is guarded: one that is not.
const LEAKING_FIELD: &str = "\t\tunsigned long hmmsize_mirror_seq[4];\n";

/// A head source: what leaks there.
struct Head {
    name: &'static str,
    /// What it costs whoever has it off, in words of the report.
    what: &'static str,
    /// The symbol, the file and the kind of what must be named; nothing where nothing leaks.
    leak: Option<Leak>,
}

/// What `audit` has to find.
struct Leak {
    /// The symbol that is new or larger.
    symbol: &'static str,
    /// Where the line that leaks stands.
    file: &'static str,
    /// The text of that line, or the first of it.
    line: &'static str,
}

const HEADS: [Head; 3] = [
    Head { name: "clean", what: "everything behind the option", leak: None },
    Head {
        name: "function",
        what: "a function in mm/swap.c outside the guard",
        leak: Some(Leak {
            symbol: "hmmsize_mirror_forget",
            file: "mm/swap.c",
            line: "void hmmsize_mirror_forget(struct folio *folio)",
        }),
    },
    Head {
        name: "field",
        what: "a field of `struct mm_struct` outside the guard",
        leak: Some(Leak {
            symbol: "init_mm",
            file: "include/linux/mm_types.h",
            line: "unsigned long hmmsize_mirror_seq[4];",
        }),
    },
];

const ARCHES: [&str; 2] = ["arm", "x86_64"];
const REPORT: &str = "reports/seed.md";

/// Builds the four sources with the option off and has `audit` judge them.
///
/// # Errors
///
/// When a build fails, something costs bytes that should not, or a leak is not named with its guard.
pub fn prove(tree: &Path, ours: &Path, save: bool) -> Result<()> {
    let dir = kernel::cache()?.join("seed");
    let mut text = format!(
        "# The seed's experiment, on Linux {}\n\nMade by `cargo xtask oracle seed`: a copy of the tree \
         gets a feature of HMM's shape (a file behind\n`HMMSIZE_MIRROR`, stubs, a special case in the hot \
         `put_page()`, a field of `struct mm_struct` under a guard).\nIt depends on `ARCH_HAS_PTE_DEVMAP`, \
         which arm does not have. Base and head are built with it off.\n",
        kernel::version(tree)?
    );
    for head in &HEADS {
        let copy = dir.join("src").join(head.name);
        kernel::linked_copy(tree, &copy)?;
        patch(&copy, head)?;
        // One directory for all: the base is built once.
        let out = dir.join("run");
        let mut build = process::command(ours);
        build.args(["build", "--option", "HMMSIZE_MIRROR", "--variant", "without"]);
        build.args(["--arch", &ARCHES.join(","), "--base-config", "tinyconfig", "--debug-info"]);
        build.arg("-C").arg(format!("base={}", tree.display()));
        build.arg("-C").arg(format!("head={}", copy.display())).arg("--out").arg(&out);
        process::run(build.stdout(Stdio::null()))?;

        let audit = |format: &str| {
            let mut audit = process::command(ours);
            audit.args(["audit", "--option", "HMMSIZE_MIRROR", "--arch", &ARCHES.join(",")]);
            audit.args(["--format", format]);
            audit.arg("-C").arg(&copy).arg("--before-tree").arg(tree).arg(out.join("run.json"));
            audit
        };
        let code = i32::from(head.leak.is_some());
        // As a reader would type it, not where it is here.
        let plain = |text: &str| {
            let at = |path: &Path| path.display().to_string();
            let text = text.replace(&at(&dir), "seed");
            match tree.parent() {
                Some(all) => text.replace(&format!("{}/", at(all)), ""),
                None => text,
            }
        };
        let line = plain(&shown(&audit("table")));
        let line = line.split_once(' ').map_or("", |(_, args)| args);
        let said = |format| -> Result<String> {
            let output =
                audit(format).stderr(Stdio::inherit()).output().context("hmmsize audit")?;
            let is = output.status.code();
            ensure!(is == Some(code), "{}: audit ends with {is:?}, not {code}", head.name);
            Ok(String::from_utf8(output.stdout)?)
        };
        let table = plain(&said("table")?);
        println!("{table}");
        write!(
            text,
            "\n## {}: {}\n\n```\n$ hmmsize {line}\n{}\n```\n",
            head.name,
            head.what,
            table.trim_end()
        )?;
        check(head, &serde_json::from_str(&said("json")?)?)?;
    }
    eprintln!("xtask: seed: nothing where nothing leaks, each leak by its line and guard");
    if save {
        fs::write(crate::root().join(REPORT), text).context(REPORT)?;
        eprintln!("xtask: saved in {REPORT}");
    }
    Ok(())
}

/// Adds the feature to a copy of the tree, and what leaks.
fn patch(copy: &Path, head: &Head) -> Result<()> {
    kernel::replace(&copy.join("include/linux/hmmsize_mirror.h"), HEADER)?;
    kernel::replace(&copy.join("mm/hmmsize_mirror.c"), SOURCE)?;
    let mut edits = vec![
        ("mm/Kconfig", "config SPARSEMEM\n", format!("{KCONFIG}config SPARSEMEM\n")),
        (
            "mm/Makefile",
            "obj-y += init-mm.o\n",
            "obj-y += init-mm.o\nobj-$(CONFIG_HMMSIZE_MIRROR) += hmmsize_mirror.o\n".to_owned(),
        ),
        (
            "include/linux/mm.h",
            "#include <linux/memremap.h>\n",
            "#include <linux/hmmsize_mirror.h>\n#include <linux/memremap.h>\n".to_owned(),
        ),
        (
            "include/linux/mm.h",
            "\tif (put_devmap_managed_folio_refs(folio, 1))\n\t\treturn;\n",
            "\tif (put_devmap_managed_folio_refs(folio, 1))\n\t\treturn;\n\
             \tif (hmmsize_mirror_put(folio))\n\t\treturn;\n"
                .to_owned(),
        ),
    ];
    let field = "\t\tstruct file __rcu *exe_file;\n";
    let guarded = "#ifdef CONFIG_HMMSIZE_MIRROR\n\t\tvoid *hmmsize_mirror;\n#endif\n";
    let open = if head.name == "field" { LEAKING_FIELD } else { "" };
    edits.push(("include/linux/mm_types.h", field, format!("{field}{guarded}{open}")));
    for (file, old, new) in edits {
        let path = copy.join(file);
        let text = fs::read_to_string(&path)?;
        ensure!(text.contains(old), "{file} is not as expected: no {old:?}");
        kernel::replace(&path, &text.replacen(old, &new, 1))?;
    }
    if head.name == "function" {
        let path = copy.join("mm/swap.c");
        let text = fs::read_to_string(&path)?;
        kernel::replace(&path, &(text + LEAKING_FUNCTION))?;
    }
    Ok(())
}

/// Whether `audit` says of every architecture what it should.
fn check(head: &Head, audit: &Value) -> Result<()> {
    let arches = audit["arches"].as_array().context("no architectures")?;
    ensure!(arches.len() == ARCHES.len(), "{}: {} architectures", head.name, arches.len());
    for arch in arches {
        let name = format!("{}, {}", head.name, arch["arch"].as_str().unwrap_or("?"));
        let possible = arch["possible"][0]["state"].as_str();
        let expected = if arch["arch"] == "arm" { "impossible" } else { "possible" };
        ensure!(possible == Some(expected), "{name}: {possible:?}, not {expected}");
        let off = &arch["off"];
        let payload = off["payload"].as_i64().with_context(|| format!("{name}: no off-cost"))?;
        let rows = off["rows"].as_array().context("no rows")?;
        let delta = |row: &Value| row["delta"].as_i64().unwrap_or_default();
        let sum: i64 = rows.iter().map(delta).sum();
        let groups = off["groups"].as_array().context("no groups")?;
        // Padding is a group, too, and no payload.
        let placed = groups.iter().filter(|group| group["why"] != "padding");
        let grouped: i64 = placed.filter_map(|group| group["bytes"].as_i64()).sum();
        ensure!(
            sum == payload && grouped == payload,
            "{name}: rows {sum}, groups {grouped}, payload {payload}"
        );
        let Some(leak) = &head.leak else {
            ensure!(payload == 0 && rows.is_empty(), "{name}: costs {payload} bytes: {rows:?}");
            continue;
        };
        ensure!(payload > 0, "{name}: the leak is not seen");
        let mut named = 0;
        for row in rows {
            // Unwind tables of what grew are not written by anybody.
            if row["growth"] == "tables" {
                named += delta(row);
                continue;
            }
            let told = &row["leak"];
            let place = told["place"].as_str().unwrap_or_default();
            let guard = told["guard"].as_str().unwrap_or_default();
            let is_ours = place.starts_with(leak.file)
                && told["text"].as_str().is_some_and(|text| text.contains(leak.line))
                && guard.contains("CONFIG_HMMSIZE_MIRROR");
            ensure!(is_ours, "{name}: {} is not told by its line and guard: {told}", row["name"]);
            named += delta(row);
        }
        ensure!(named == payload, "{name}: {named} of {payload} bytes are named");
        let first = rows.iter().any(|row| row["name"] == leak.symbol);
        ensure!(first, "{name}: {} is not named", leak.symbol);
    }
    Ok(())
}
