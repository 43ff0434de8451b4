//! Manual pages and shell completions.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use clap::{Command, CommandFactory as _};
use clap_complete::Shell;
use clap_mangen::Man;
use clap_mangen::roff::{Roff, bold, roman};

use super::cli::Cli;

/// Files that were written.
pub struct Made {
    pub pages: Vec<PathBuf>,
    pub completions: Vec<PathBuf>,
}

/// Writes `man/*.1` and `completions/*` below `dir`; what was there before goes away.
pub fn write(dir: &Path) -> Result<Made> {
    let (man, completions) = (dir.join("man"), dir.join("completions"));
    for dir in [&man, &completions] {
        if dir.exists() {
            fs::remove_dir_all(dir).with_context(|| format!("{}", dir.display()))?;
        }
        fs::create_dir_all(dir).with_context(|| format!("{}", dir.display()))?;
    }
    let root = root();
    let mut made = Made { pages: Vec::new(), completions: Vec::new() };
    for (name, text) in pages(&root)? {
        let file = man.join(name);
        fs::write(&file, text).with_context(|| format!("{}", file.display()))?;
        made.pages.push(file);
    }
    for shell in [Shell::Bash, Shell::Zsh, Shell::Fish] {
        let file = clap_complete::generate_to(shell, &mut root.clone(), "hmmsize", &completions)
            .with_context(|| format!("{}", completions.display()))?;
        made.completions.push(file);
    }
    Ok(made)
}

/// The whole command line. The options of a command are made when it is asked for: here, of all.
pub fn root() -> Command {
    let mut root = Cli::command().disable_help_subcommand(true);
    root.build();
    root
}

/// Every command with its full name, parents first: `hmmsize`, `hmmsize config`, `hmmsize config why`.
pub fn commands(root: &Command) -> Vec<(String, Command)> {
    fn collect(command: &Command, above: &str, found: &mut Vec<(String, Command)>) {
        let name = format!("{above}{}", command.get_name());
        found.push((name.clone(), command.clone()));
        for below in command.get_subcommands().filter(|command| !command.is_hide_set()) {
            collect(below, &format!("{name} "), found);
        }
    }
    let mut found = Vec::new();
    collect(root, "", &mut found);
    found
}

/// File name and text of each page.
fn pages(root: &Command) -> Result<Vec<(String, Vec<u8>)>> {
    let commands = commands(root);
    let names: Vec<String> = commands.iter().map(|(name, _)| name.replace(' ', "-")).collect();
    let mut pages = Vec::new();
    for (index, (name, command)) in commands.into_iter().enumerate() {
        let text =
            page(&name, command, &names, index).with_context(|| format!("page of {name}"))?;
        pages.push((format!("{}.1", names[index]), text));
    }
    Ok(pages)
}

/// One page: what clap knows, its closing words as they stand, what is below, and the other pages.
fn page(name: &str, mut command: Command, names: &[String], index: usize) -> Result<Vec<u8>> {
    let usage = command.render_usage().to_string();
    let usage = usage.trim().trim_start_matches("Usage:").trim().to_owned();
    let after = command.get_after_long_help().or_else(|| command.get_after_help());
    let after = after.map(ToString::to_string);
    let below: Vec<(String, String)> = command
        .get_subcommands()
        .filter(|command| !command.is_hide_set())
        .map(|command| {
            let about = command.get_about().map(ToString::to_string).unwrap_or_default();
            (command.get_name().to_owned(), about)
        })
        .collect();
    let man = Man::new(command)
        .title(names[index].to_uppercase())
        .manual("hmmsize")
        .source(format!("hmmsize {}", env!("CARGO_PKG_VERSION")));
    let mut text = Vec::new();
    man.render_title(&mut text)?;
    let mut roff = Roff::new();
    // Names of commands and options are not to be broken, nor lines filled with blanks.
    roff.control("nh", []).control("ad", ["l"]);
    roff.to_writer(&mut text)?;
    man.render_name_section(&mut text)?;
    let mut roff = Roff::new();
    roff.control("SH", ["SYNOPSIS"]);
    for line in usage.lines() {
        let rest = line.trim().strip_prefix(name).unwrap_or(line);
        roff.text([bold(name), roman(rest)]).control("br", []);
    }
    roff.to_writer(&mut text)?;
    man.render_description_section(&mut text)?;
    man.render_options_section(&mut text)?;
    let mut roff = Roff::new();
    if !below.is_empty() {
        roff.control("SH", ["COMMANDS"]);
        for (below, about) in below {
            let page = format!("{}-{below}", names[index]);
            roff.control("TP", []).text([bold(page), roman("(1)")]).text([roman(about)]);
        }
    }
    if let Some(after) = after {
        roff.control("SH", ["NOTES"]);
        for line in after.lines() {
            // What is set in is an example or a table, and stays as it was written.
            if line.starts_with(' ') {
                roff.control("nf", []).text([roman(line)]).control("fi", []);
            } else if line.is_empty() {
                roff.control("PP", []);
            } else {
                roff.text([roman(line)]);
            }
        }
    }
    roff.control("SH", ["SEE ALSO"]);
    let others: Vec<&String> = names.iter().filter(|&other| *other != names[index]).collect();
    for (at, other) in others.iter().enumerate() {
        let end = if at + 1 == others.len() { "(1)" } else { "(1)," };
        roff.text([bold(other.as_str()), roman(end)]);
    }
    roff.to_writer(&mut text)?;
    Ok(text)
}

#[cfg(test)]
mod tests {
    use std::process::Command as Process;

    use super::*;
    use crate::process::which;

    fn scratch(name: &str) -> PathBuf {
        std::env::temp_dir().join(format!("xtask-dist-{name}-{}", std::process::id()))
    }

    /// Pages as a reader sees them without a formatter: without requests and escapes.
    fn plain(text: &[u8]) -> String {
        let text = String::from_utf8_lossy(text);
        let text = text.replace("\\-", "-").replace("\\fB", "").replace("\\fR", "");
        text.replace("\\fI", "").replace("\\fP", "")
    }

    #[test]
    fn every_command_has_a_page_with_all_its_options() {
        let root = root();
        let commands = commands(&root);
        let names: Vec<&str> = commands.iter().map(|(name, _)| name.as_str()).collect();
        for name in ["hmmsize", "hmmsize build", "hmmsize lint", "hmmsize config why"] {
            assert!(names.contains(&name), "{names:?}");
        }
        let pages = pages(&root).unwrap();
        assert_eq!(pages.len(), commands.len());
        let mut options = 0;
        for ((name, command), (file, text)) in commands.iter().zip(&pages) {
            assert_eq!(*file, format!("{}.1", name.replace(' ', "-")));
            let text = plain(text);
            let about = command.get_about().unwrap().to_string();
            assert!(text.contains(&about), "{file}: {text}");
            for other in &names {
                assert!(text.contains(&other.replace(' ', "-")), "{file} does not name {other}");
            }
            for argument in command.get_arguments().filter(|argument| !argument.is_hide_set()) {
                let Some(long) = argument.get_long() else { continue };
                assert!(text.contains(&format!("--{long}")), "{file} has no --{long}");
                options += 1;
            }
        }
        assert!(options > 150, "only {options}");
    }

    #[test]
    fn pages_are_pages_and_completions_parse() {
        let dir = scratch("pages");
        let made = write(&dir).unwrap();
        if which("man").is_some() {
            for page in &made.pages {
                let mut command = Process::new("man");
                command.args(["--warnings", "-l"]).arg(page);
                let output =
                    command.env("MANWIDTH", "80").env("LC_ALL", "C.UTF-8").output().unwrap();
                let said = String::from_utf8_lossy(&output.stderr);
                assert!(output.status.success() && said.is_empty(), "{}: {said}", page.display());
                let text = String::from_utf8_lossy(&output.stdout);
                assert!(text.contains("SYNOPSIS") && text.contains("SEE ALSO"), "{text}");
                let wide = text.lines().find(|line| line.chars().count() > 100);
                assert_eq!(wide, None, "{}", page.display());
            }
        } else {
            assert_ne!(std::env::var("CI").as_deref(), Ok("true"), "CI needs man");
            eprintln!("SKIPPED in part: man is not on PATH");
        }
        for (shell, file) in
            [("bash", "hmmsize.bash"), ("zsh", "_hmmsize"), ("fish", "hmmsize.fish")]
        {
            let file = dir.join("completions").join(file);
            assert!(made.completions.contains(&file), "{:?}", made.completions);
            if which(shell).is_none() {
                eprintln!("SKIPPED in part: {shell} is not on PATH");
                continue;
            }
            assert!(
                Process::new(shell).arg("-n").arg(&file).status().unwrap().success(),
                "{shell}"
            );
        }
        // Bash completes commands, and options of a command whose options are made late.
        let complete = |words: &str| {
            let file = dir.join("completions/hmmsize.bash");
            let script = format!(
                "source {}; COMP_WORDS=({words}); COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1)); \
                 _hmmsize hmmsize \"${{COMP_WORDS[-1]}}\" \"${{COMP_WORDS[-2]}}\"; \
                 echo \"${{COMPREPLY[@]}}\"",
                file.display()
            );
            let output = Process::new("bash").args(["-c", &script]).output().unwrap();
            String::from_utf8_lossy(&output.stdout).trim().to_owned()
        };
        assert_eq!(complete("hmmsize comp"), "compare");
        assert_eq!(complete("hmmsize gate --update"), "--update-baseline");
        assert_eq!(complete("hmmsize config why --probe-f"), "--probe-file");
        fs::remove_dir_all(&dir).unwrap();
    }
}
