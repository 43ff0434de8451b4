//! The command line: clap structs and nothing else. One file a command, shared words in `common`.

use std::ffi::OsString;

use clap::{
    Arg, ArgAction, ColorChoice, CommandFactory as _, FromArgMatches as _, Parser, Subcommand,
};

pub mod audit;
pub mod build;
pub mod common;
pub mod compare;
pub mod config;
pub mod cost;
pub mod diffconfig;
pub mod explain;
pub mod gate;
pub mod lint;
pub mod machines;
pub mod merge;
pub mod plan;
pub mod report;
pub mod why;

/// What a kernel option costs: build, compare, gate and explain Linux kernel sizes.
#[derive(Debug, Parser)]
#[command(name = "hmmsize", version, max_term_width = 100, arg_required_else_help = true)]
#[command(disable_help_flag = true, arg(help_flag("COMMAND")))]
pub struct Cli {
    /// Options every command understands.
    #[command(flatten)]
    pub common: common::Common,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// The commands. Only the one that is asked for has its options made: all of them took a third of what
/// it takes to start.
#[derive(Debug, Subcommand)]
#[command(defer = true)]
pub enum Command {
    /// Compare the sizes of images: totals as `size` prints them, then what changed.
    Compare(compare::Compare),
    /// Build kernels with and without an option, on several architectures, and measure them.
    Build(build::Build),
    /// Deal the cells of a matrix out to the jobs of a CI.
    Plan(plan::Plan),
    /// Join the parts of a run that several machines built.
    Merge(merge::Merge),
    /// Say what an option costs whoever does not use it, and which bytes it owns.
    Audit(audit::Audit),
    /// Rank the options of a kernel by what they cost, and say what would go without each.
    Cost(cost::Cost),
    /// Judge sizes against a baseline and a policy.
    Gate(gate::Gate),
    /// Configure a kernel tree exactly as its own conf does, without building anything.
    Config(config::Config),
    /// Show the difference of two configurations.
    Diffconfig(diffconfig::Diffconfig),
    /// Say everything about an option, a function or a line: what gates it, who uses it, its bytes.
    Explain(explain::Explain),
    /// Check Kconfig dependencies, #ifdef guards and what is built when.
    Lint(lint::Lint),
    /// Make one page of the JSON of runs, comparisons and findings.
    Report(report::Report),
}

/// `-h` and `--help`, which both fit a screen; `hmmsize help COMMAND` and the manual page have it all.
fn help_flag(command: &str) -> Arg {
    let help = format!("Print help; at length: `hmmsize help {command}`");
    Arg::new("help").short('h').long("help").action(ArgAction::HelpShort).help(help)
}

/// The command line of these words, the program's name first. Help and errors are coloured as `--color`
/// says, wherever that stands.
///
/// # Errors
/// What clap has to say, help included.
pub fn parse(words: impl IntoIterator<Item = OsString>) -> Result<Cli, clap::Error> {
    let words: Vec<OsString> = words.into_iter().collect();
    let mut command = Cli::command().color(color(&words));
    let matches = command.try_get_matches_from_mut(words)?;
    Cli::from_arg_matches(&matches).map_err(|err| err.format(&mut command))
}

/// What `--color` says, before anything is parsed.
fn color(words: &[OsString]) -> ColorChoice {
    let words = words.iter().map(|word| word.to_str().unwrap_or_default());
    let mut choice = ColorChoice::Auto;
    let mut is_value = false;
    for word in words.take_while(|word| *word != "--") {
        let value = word.strip_prefix("--color=").or(is_value.then_some(word));
        choice = match value {
            Some("always") => ColorChoice::Always,
            Some("never") => ColorChoice::Never,
            Some("auto") => ColorChoice::Auto,
            _ => choice,
        };
        is_value = word == "--color";
    }
    choice
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a short help may have: a screen, less the prompts.
    const LINES: usize = 40;

    /// The name and the help of every command at 80 columns, short or long.
    fn helps(long: bool) -> Vec<(String, String)> {
        fn add(command: &mut clap::Command, long: bool, helps: &mut Vec<(String, String)>) {
            let help = if long { command.render_long_help() } else { command.render_help() };
            helps.push((command.get_name().to_owned(), help.to_string()));
            for command in
                command.get_subcommands_mut().filter(|command| command.get_name() != "help")
            {
                add(command, long, helps);
            }
        }
        let mut cli = Cli::command().term_width(80);
        cli.build();
        let mut helps = Vec::new();
        for command in cli.get_subcommands_mut().filter(|command| command.get_name() != "help") {
            add(command, long, &mut helps);
        }
        helps
    }

    #[test]
    fn short_help_fits_a_screen() {
        let mut cli = Cli::command().term_width(80);
        let mut helps = helps(false);
        assert_eq!(helps.len(), 13);
        helps.push(("hmmsize".into(), cli.render_help().to_string()));
        for (name, text) in helps {
            let lines = text.lines().count();
            assert!((15..=LINES).contains(&lines), "{name}: {lines} lines");
            assert!(text.lines().all(|line| line.chars().count() <= 80), "{name}: {text}");
            assert!(text.contains("\nGlobal options:\n  -q, --quiet"), "{name}: {text}");
            assert!(name == "hmmsize" || text.contains("Exit codes: 0 "), "{name}: {text}");
        }
    }

    /// The command lines that a help shows as examples.
    fn examples(help: &str) -> Vec<String> {
        let mut found = Vec::new();
        for line in help.lines().map(str::trim) {
            // `Example: hmmsize …`, `and at the end: hmmsize …`, or a line of its own below `Examples:`.
            let command = line.split_once(": ").map_or(line, |(_, rest)| rest);
            if command.starts_with("hmmsize ") && !command.contains(['<', '[', '`']) {
                let end = command.find([';', '#']).unwrap_or(command.len());
                found.push(command[..end].trim().replace('\'', ""));
            }
        }
        found
    }

    #[test]
    fn every_help_has_an_example_and_examples_parse() {
        let mut all = 0;
        for (name, text) in helps(false).into_iter().chain(helps(true)) {
            let examples = examples(&text);
            let own = |example: &&String| example.split(' ').any(|word| word == name);
            assert!(examples.iter().any(|example| own(&example)), "{name}: {text}");
            for example in &examples {
                if let Err(err) = Cli::try_parse_from(example.split_whitespace()) {
                    panic!("{name}: {example}: {err}");
                }
            }
            all += examples.len();
        }
        assert!(all >= 50, "only {all} examples");
        assert!(Cli::try_parse_from(["hmmsize", "lint", "--no-such"]).is_err());
    }

    #[test]
    fn a_command_says_of_itself_what_the_list_says() {
        // With `defer`, the arguments' own words come after those of the list.
        let list = Cli::command();
        let mut built = list.clone();
        built.build();
        let about = |cli: &clap::Command| -> Vec<_> {
            let commands = cli.get_subcommands().filter(|command| command.get_name() != "help");
            commands.map(|command| command.get_about().map(ToString::to_string)).collect()
        };
        assert_eq!(about(&list).len(), 12);
        assert_eq!(about(&list), about(&built));
    }

    #[test]
    fn every_option_is_described_once() {
        for (name, text) in helps(true) {
            let options = text.lines().filter_map(|line| {
                let line = line.trim_start();
                // `-q, --quiet...`
                let line = match line.split_once(", ") {
                    Some((short, long)) if short.len() == 2 => long,
                    _ => line,
                };
                line.starts_with("--").then(|| line.split([' ', '.']).next())
            });
            let mut options: Vec<_> = options.collect();
            let all = options.len();
            assert!(all >= 7, "{name}: {options:?}");
            options.sort_unstable();
            options.dedup();
            assert_eq!(options.len(), all, "{name}: {text}");
        }
        let mut cli = Cli::command();
        cli.build();
        let mut described = 0;
        for command in cli.get_subcommands().filter(|command| command.get_name() != "help") {
            for arg in command.get_arguments().filter(|arg| !arg.is_hide_set()) {
                let help = arg.get_help().map(ToString::to_string).unwrap_or_default();
                assert!(!help.trim().is_empty(), "{} {}", command.get_name(), arg.get_id());
                described += 1;
            }
        }
        assert!(described >= 80, "only {described} options");
    }
}
