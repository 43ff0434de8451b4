//! `hmmsize diffconfig`: its arguments.

use clap::{Args, ValueEnum};

/// Show the difference of two configurations.
#[derive(Debug, Clone, Args)]
#[command(disable_help_flag = true, arg(super::help_flag("diffconfig")))]
#[command(after_help = "\
Without files, .config.old and .config are compared, as scripts/diffconfig does.
Example: hmmsize diffconfig old/.config .config
Exit codes: 0 fine; 1 different (--exit-code); 2 bad input.")]
pub struct Diffconfig {
    /// Two `.config` files, or kernel images that carry one (IKCONFIG).
    #[arg(value_name = "CONFIG", num_args = 0..=2)]
    pub files: Vec<String>,
    /// Print the new values as a configuration fragment.
    #[arg(short, long)]
    pub merge: bool,
    /// Options that were asked for (`CONFIG_` and `=y` may be written): they are listed first, apart
    /// from the ones that Kconfig dragged in.
    #[arg(long, value_name = "OPTION", value_delimiter = ',')]
    pub option: Vec<String>,
    /// Output format.
    #[arg(long, value_enum, default_value_t = ConfigFormat::Text, value_name = "F")]
    pub format: ConfigFormat,
    /// Exit with 1 if the configurations differ.
    #[arg(long)]
    pub exit_code: bool,
}

/// Output formats of `hmmsize diffconfig`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ConfigFormat {
    /// As scripts/diffconfig prints it.
    Text,
    /// A JSON object with `requested` and `changes`.
    Json,
}
