//! `cargo xtask long`: the mission's own sentence on a whole kernel with everything in it.
//!
//! Two allyesconfig kernels, linked, with an option and without: arm with `HMM_MIRROR`, `x86_64` with
//! `ZONE_DEVICE`. That takes hours, so it stops after `--minutes` and goes on when it is called again.
//! The variants are built one after the other, the second on a copy of the first one's tree. `HMM_MIRROR`
//! has no prompt: a copy of the sources (hard links; a file that changes is replaced) gives it one, so that
//! nothing else changes with it.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};

use crate::process::{self, shown};
use crate::{kernel, setup};

/// Arguments of `cargo xtask long`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Which pair
    #[arg(value_enum)]
    pair: Pair,
    /// Stop after so long; the same command goes on from there
    #[arg(long, value_name = "N")]
    minutes: Option<u64>,
    /// Keep the tables and the run in reports/
    #[arg(long)]
    save: bool,
}

#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum Pair {
    /// `HMM_MIRROR` on arm
    Arm,
    /// `ZONE_DEVICE` on `x86_64`
    #[value(name = "x86_64")]
    X86,
}

impl Pair {
    const fn arch(self) -> &'static str {
        match self {
            Self::Arm => "arm",
            Self::X86 => "x86_64",
        }
    }

    const fn matrix(self) -> &'static str {
        match self {
            Self::Arm => "kconfig/hmm-mirror.toml",
            Self::X86 => "kconfig/zone-device.toml",
        }
    }

    const fn option(self) -> &'static str {
        match self {
            Self::Arm => "HMM_MIRROR",
            Self::X86 => "ZONE_DEVICE",
        }
    }
}

/// Builds the pair, or goes on with it, and prints its tables.
///
/// # Errors
///
/// When a build fails, or the time was not enough.
pub fn run(args: &Args) -> Result<()> {
    let end = args.minutes.map(|minutes| Instant::now() + Duration::from_secs(60 * minutes));
    let mut tree = setup::run()?;
    let ours = process::hmmsize()?;
    if matches!(args.pair, Pair::Arm) {
        tree = with_prompt(&tree)?;
    }
    let out = kernel::cache()?.join("long").join(args.pair.arch());
    // Both in one run: asked for by itself, the second would not know whose tree it can be built on.
    build(&ours, args.pair, &tree, &out, end)?;

    let mut text = format!(
        "# {} on {} allyesconfig, Linux {}\n\nMade by `cargo xtask long {}`: whole kernels, linked, \
         with {}\n",
        args.pair.option(),
        args.pair.arch(),
        kernel::version(&tree)?,
        args.pair.arch(),
        args.pair.matrix(),
    );
    let run = out.join("run.json");
    for words in [&["compare"][..], &["audit", "--option", args.pair.option(), "-C"]] {
        let mut command = process::command(&ours);
        command.args(words);
        if words.len() > 1 {
            command.arg(&tree);
        }
        let line = shown(command.arg(&run));
        eprintln!("$ {line}");
        let output = command.stdin(Stdio::null()).stderr(Stdio::inherit()).output()?;
        ensure!(matches!(output.status.code(), Some(0 | 1)), "`{line}` failed: {}", output.status);
        let said = String::from_utf8_lossy(&output.stdout);
        println!("{said}");
        write!(text, "\n```\n$ {line}\n{}\n```\n", said.trim_end())?;
    }
    if args.save {
        save(args.pair, &text, &ours, &tree, &out)?;
    }
    Ok(())
}

/// Builds both variants, with the time that is left.
fn build(ours: &Path, pair: Pair, tree: &Path, out: &Path, end: Option<Instant>) -> Result<()> {
    let mut command = match end {
        None => process::command(ours),
        Some(end) => {
            let left = end.saturating_duration_since(Instant::now()).as_secs().max(1);
            let mut command = process::command("timeout");
            command.args(["--foreground", "--signal=INT", &format!("{left}s")]).arg(ours);
            command
        }
    };
    command.current_dir(crate::root()).args(["build", "--matrix", pair.matrix(), "-C"]);
    command.arg(tree).arg("--out").arg(out);
    eprintln!("$ {}", shown(&command));
    let status = command.stdout(Stdio::null()).status().context("hmmsize build")?;
    // What `timeout` exits with.
    if status.code() == Some(124) {
        bail!("not finished; the same command goes on from here");
    }
    ensure!(status.success(), "build: {status}; see {}", out.display());
    Ok(())
}

/// A copy of `tree` in which `HMM_MIRROR` has a prompt, made once.
fn with_prompt(tree: &Path) -> Result<PathBuf> {
    let name = tree.file_name().context("the tree has no name")?.to_string_lossy();
    let copy = kernel::cache()?.join("src").join(format!("{name}-mirror-prompt"));
    if copy.exists() {
        return Ok(copy);
    }
    let half = copy.with_file_name(format!(".{name}-mirror-prompt.{}", std::process::id()));
    kernel::linked_copy(tree, &half)?;
    let kconfig = half.join("mm/Kconfig");
    let text = fs::read_to_string(&kconfig).with_context(|| kconfig.display().to_string())?;
    kernel::replace(&kconfig, &prompted(&text)?)?;
    fs::rename(&half, &copy).with_context(|| copy.display().to_string())?;
    Ok(copy)
}

/// The Kconfig text with a prompt at `HMM_MIRROR`.
fn prompted(text: &str) -> Result<String> {
    let plain = "config HMM_MIRROR\n\tbool\n";
    ensure!(text.contains(plain), "mm/Kconfig has no HMM_MIRROR without a prompt");
    let bool = "config HMM_MIRROR\n\tbool \"Mirror of a process address space\"\n";
    Ok(text.replacen(plain, bool, 1))
}

fn save(pair: Pair, text: &str, ours: &Path, tree: &Path, out: &Path) -> Result<()> {
    let reports = crate::root().join("reports");
    let name = tree.file_name().unwrap_or_default().to_string_lossy();
    let plain = |text: &str| {
        let text = text.replace(&ours.display().to_string(), "hmmsize");
        text.replace(&out.display().to_string(), "long").replace(&tree.display().to_string(), &name)
    };
    let stem = format!("allyesconfig-{}", pair.arch());
    let text = plain(text).lines().map(str::trim_end).collect::<Vec<_>>().join("\n") + "\n";
    fs::write(reports.join(format!("{stem}.md")), text)?;
    let run = fs::read_to_string(out.join("run.json"))?;
    fs::write(reports.join(format!("{stem}.json")), plain(&run))?;
    eprintln!("xtask: saved in {}", reports.display());
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_option_gets_a_prompt_and_nothing_else_changes() {
        let before = "config A\n\tbool\n\nconfig HMM_MIRROR\n\tbool\n\tdepends on MMU\n";
        let after = prompted(before).unwrap();
        assert_eq!(after.lines().count(), before.lines().count());
        assert!(after.contains("config HMM_MIRROR\n\tbool \"") && after.contains("A\n\tbool\n\n"));
        assert!(prompted(&after).is_err(), "there is one already");
    }
}
