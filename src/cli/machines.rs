//! Options of `hmmsize build` about the machines it builds on.

use clap::Args;

/// Where cells are built. What is under way is asked for with the output directory alone:
/// `hmmsize build O=DIR --status`.
#[derive(Debug, Clone, Default, Args)]
pub struct Machines {
    /// Who builds the cells: local or slurm [default: local].
    ///
    /// slurm: one job array, a cell a task, on a file system that all nodes share; partition, memory
    /// and so on from SBATCH_… variables, as for sbatch.
    #[arg(long, value_name = "NAME", help_heading = "Machines", hide_short_help = true)]
    pub executor: Option<String>,
    /// Do not wait for the cells: submit them and end.
    #[arg(long, requires = "executor", help_heading = "Machines", hide_short_help = true)]
    pub submit: bool,
    /// Say how far the cells in O=DIR are.
    #[arg(long, group = "under_way", help_heading = "Machines", hide_short_help = true)]
    pub status: bool,
    /// Join what has been built in O=DIR into its run.json, and print it.
    #[arg(long, group = "under_way", help_heading = "Machines", hide_short_help = true)]
    pub collect: bool,
    /// Stop what is being built in O=DIR.
    #[arg(long, group = "under_way", help_heading = "Machines", hide_short_help = true)]
    pub cancel: bool,
    /// A compiler cache that machines share: redis://HOST:PORT, …
    ///
    /// As `remote_storage` of ccache.
    #[arg(
        long,
        value_name = "URL",
        conflicts_with = "no_ccache",
        help_heading = "Machines",
        hide_short_help = true
    )]
    pub ccache_remote: Option<String>,
    /// Machines that help to compile, through distcc: "build1/8 build2/8".
    ///
    /// ARCH=HOSTS is for the cells of one architecture. What a machine does not compile fails its
    /// cell, and is not compiled here instead.
    #[arg(long, value_name = "[ARCH=]HOSTS", help_heading = "Machines", hide_short_help = true)]
    pub distcc: Vec<String>,
    /// Build the cell of this number of what was submitted in O=DIR: what a task does.
    #[arg(long, hide = true, value_name = "N")]
    pub task: Option<usize>,
}

impl Machines {
    /// Whether something is asked of what is under way, rather than to build.
    pub fn asks(&self) -> bool {
        self.status || self.collect || self.cancel
    }
}
