//! How wide a table may be.

use super::output;
use crate::cli::common::Common;

/// The terminal's width if the result goes to one, else what `COLUMNS` says, else 80.
pub fn of(common: &Common) -> u16 {
    output::view(common.color, common.output.as_deref()).width as u16
}
