//! `cargo xtask demo`: the main job on a real kernel, from a machine that has only Rust.
//!
//! Debian's Linux 6.12, tinyconfig and the fragments of `kconfig/`, with and without device memory:
//! first the `mm/` scope of two architectures, which stands within minutes, then whole kernels of
//! three, their tables, the summary, and the gate's verdict. What is run is shown, and can be typed.

use std::fmt::Write as _;
use std::fs;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Instant;

use anyhow::{Context, Result, bail};

use crate::process::{self, shown};
use crate::{kernel, setup};

/// Arguments of `cargo xtask demo`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Stop after the first table, the mm/ scope of two architectures
    #[arg(long)]
    quick: bool,
    /// Where build trees and results go [default: `demo` in the cache directory]
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Keep the tables as reports/demo.md and the runs as reports/demo-*.json
    #[arg(long)]
    save: bool,
    /// Parallel jobs [default: the number of CPUs]
    #[arg(short, long, value_name = "N")]
    jobs: Option<usize>,
}

/// The demo while it runs.
struct Demo {
    hmmsize: PathBuf,
    tree: PathBuf,
    out: PathBuf,
    jobs: Option<usize>,
    start: Instant,
    /// What was run and what it said, as it is kept in reports/.
    text: String,
}

/// Runs the demo.
pub fn run(args: &Args) -> Result<()> {
    let start = Instant::now();
    let tree = setup::run()?;
    let hmmsize = process::hmmsize()?;
    let out = match &args.out {
        Some(out) => std::path::absolute(out)?,
        None => kernel::cache()?.join("demo"),
    };
    let mut demo = Demo { hmmsize, tree, out, jobs: args.jobs, start, text: String::new() };
    writeln!(demo.text, "# What device memory costs in Linux {}\n", kernel::version(&demo.tree)?)?;
    writeln!(demo.text, "Made by `cargo xtask demo{}`.", if args.quick { " --quick" } else { "" })?;

    let scope = demo.build("The mm/ directory of x86_64 and arm", "x86_64,arm", "mm/")?;
    let mut runs = vec![("mm", scope)];
    if !args.quick {
        let whole =
            demo.build("Whole kernels of x86_64, arm64 and arm", "x86_64,arm64,arm", "vmlinux")?;
        let mut gate = demo.command(&["gate"]);
        gate.arg(&whole).args(["--policy", "kconfig/gate.toml"]);
        // A negative verdict is a result, too.
        demo.tell(gate, &[0, 1])?;
        runs.push(("vmlinux", whole));
    }
    let seconds = demo.start.elapsed().as_secs();
    eprintln!(
        "\nxtask: demo: {} min {} s; results in {}",
        seconds / 60,
        seconds % 60,
        demo.out.display()
    );
    for (_, run) in &runs {
        eprintln!("xtask:   {}", run.display());
    }
    if args.save {
        demo.save(&runs)?;
    }
    Ok(())
}

impl Demo {
    /// Builds one matrix; its `run.json`.
    fn build(&mut self, title: &str, arches: &str, target: &str) -> Result<PathBuf> {
        self.title(title)?;
        let out = self.out.join(target.trim_end_matches('/'));
        let mut command = self.command(&["build", "--matrix", "kconfig/matrix.toml"]);
        command.args(["--arch", arches, "--target", target, "-C"]).arg(&self.tree);
        command.arg("--out").arg(&out);
        if let Some(jobs) = self.jobs {
            command.args(["-j", &jobs.to_string()]);
        }
        self.tell(command, &[0])?;
        Ok(out.join("run.json"))
    }

    /// Runs a command and keeps what it prints. Its progress goes to our standard error.
    fn tell(&mut self, mut command: Command, fine: &[i32]) -> Result<()> {
        let line = shown(&command);
        eprintln!("$ {line}");
        let output = command
            .stdin(Stdio::null())
            .stderr(Stdio::inherit())
            .output()
            .with_context(|| line.clone())?;
        let text = String::from_utf8_lossy(&output.stdout);
        println!("{text}");
        if !output.status.code().is_some_and(|code| fine.contains(&code)) {
            bail!("`{line}` failed: {}", output.status);
        }
        let shown = self.plain(&format!("$ {line}\n{text}"));
        writeln!(self.text, "```\n{}\n```\n", shown.trim_end())?;
        Ok(())
    }

    fn command(&self, words: &[&str]) -> Command {
        let mut command = process::command(&self.hmmsize);
        command.current_dir(crate::root()).args(words);
        command
    }

    fn title(&mut self, title: &str) -> Result<()> {
        eprintln!("\nxtask: {title} ({} s so far)", self.start.elapsed().as_secs());
        writeln!(self.text, "\n## {title}\n")?;
        Ok(())
    }

    /// `text` without the directories of this machine.
    fn plain(&self, text: &str) -> String {
        let tree = self.tree.display().to_string();
        let name = self.tree.file_name().unwrap_or_default().to_string_lossy().into_owned();
        text.replace(&self.out.display().to_string(), "demo")
            .replace(&tree, &name)
            .replace(&self.hmmsize.display().to_string(), "hmmsize")
    }

    fn save(&self, runs: &[(&str, PathBuf)]) -> Result<()> {
        let reports = crate::root().join("reports");
        fs::create_dir_all(&reports)?;
        // Verbatim output, but no blanks at the ends of lines: they only disturb diffs.
        let text = self.text.lines().map(str::trim_end).collect::<Vec<_>>().join("\n") + "\n";
        fs::write(reports.join("demo.md"), text)?;
        for (name, run) in runs {
            let json = fs::read_to_string(run).with_context(|| format!("{}", run.display()))?;
            fs::write(reports.join(format!("demo-{name}.json")), self.plain(&json))?;
        }
        eprintln!("xtask: saved in {}", reports.display());
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_names_no_directory_of_this_machine() {
        let mut demo = Demo {
            hmmsize: "/a/target/release/hmmsize".into(),
            tree: "/cache/src/linux-6.12.1".into(),
            out: "/cache/demo".into(),
            jobs: None,
            start: Instant::now(),
            text: String::new(),
        };
        let mut command = Command::new("echo");
        command.arg("-C").arg(&demo.tree).arg("--out").arg(demo.out.join("mm"));
        demo.tell(command, &[0]).unwrap();
        assert_eq!(
            demo.text,
            "```\n$ echo -C linux-6.12.1 --out demo/mm\n-C linux-6.12.1 --out demo/mm\n```\n\n"
        );
        assert!(demo.tell(Command::new("false"), &[0]).is_err());
        assert!(demo.tell(Command::new("false"), &[0, 1]).is_ok());
    }
}
