//! How wide a table may be.

use std::io::{IsTerminal as _, stdout};

use crate::cli::common::Common;

/// Columns where there is no terminal to ask: what a mail, a log and a commit message bear.
const DEFAULT: u16 = 80;

/// The terminal's width if the result goes to one, else 80.
pub fn of(common: &Common) -> u16 {
    let to_file = common.output.as_deref().is_some_and(|name| name != "-");
    if to_file || !stdout().is_terminal() {
        return DEFAULT;
    }
    terminal_size::terminal_size().map_or(DEFAULT, |(width, _)| width.0.max(40))
}
