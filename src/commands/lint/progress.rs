//! The progress bar of `lint`, on a terminal only: linting a whole tree on all architectures takes
//! half a minute.

use std::io::IsTerminal as _;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::cli::common::Common;
use crate::lint::watch::Watch;

/// How often the bar moves while a step takes long.
const TICK: Duration = Duration::from_millis(120);

/// The bar. It is gone when this is dropped.
#[derive(Debug)]
pub struct Bar(ProgressBar);

impl Bar {
    /// A bar on standard error; nothing where that is no terminal, or with `-q`.
    pub fn new(common: &Common) -> Self {
        let visible = common.quiet == 0 && std::io::stderr().is_terminal();
        let target =
            if visible { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
        let bar = ProgressBar::with_draw_target(None, target);
        if visible {
            bar.enable_steady_tick(TICK);
        }
        Self(bar)
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}

impl Watch for Bar {
    fn phase(&self, what: &str, steps: usize) {
        let template = match steps {
            0 => "{spinner} {prefix}, {elapsed}",
            _ => "{prefix} {bar:20} {pos} of {len}, {elapsed} {wide_msg}",
        };
        if let Ok(style) = ProgressStyle::with_template(template) {
            self.0.set_style(style.progress_chars("##."));
        }
        self.0.set_prefix(what.to_owned());
        self.0.set_message("");
        self.0.set_position(0);
        self.0.set_length(steps as u64);
    }

    fn step(&self, what: &str) {
        self.0.inc(1);
        self.0.set_message(what.to_owned());
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::*;

    #[derive(clap::Parser)]
    struct Args {
        #[command(flatten)]
        common: Common,
    }

    #[test]
    fn steps_are_counted_and_nothing_is_drawn_with_q() {
        let args = Args::parse_from(["lint", "-q"]);
        let bar = Bar::new(&args.common);
        bar.phase("ask", 3);
        bar.step("x86: dead-symbol");
        bar.step("arm: dead-symbol");
        assert_eq!((bar.0.position(), bar.0.length()), (2, Some(3)));
        assert!(bar.0.is_hidden());
    }
}
