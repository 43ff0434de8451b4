//! The command line: clap structs and nothing else. One file a command, shared words in `common`.

use clap::{Parser, Subcommand};

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

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    /// The help of every command at 80 columns, short or long.
    fn helps(long: bool) -> Vec<(String, String)> {
        let mut cli = Cli::command().term_width(80);
        cli.build();
        let commands = cli.get_subcommands_mut().filter(|command| command.get_name() != "help");
        commands
            .map(|command| {
                let help = if long { command.render_long_help() } else { command.render_help() };
                (command.get_name().to_owned(), help.to_string())
            })
            .collect()
    }

    #[test]
    fn short_help_fits_a_screen() {
        assert_eq!(helps(false).len(), 12);
        for (name, text) in helps(false) {
            assert!(text.lines().count() <= 52, "{name}: {} lines", text.lines().count());
            assert!(text.lines().all(|line| line.chars().count() <= 80), "{name}: {text}");
            assert!(text.contains("\nGlobal options:\n  -q, --quiet"), "{name}: {text}");
        }
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
