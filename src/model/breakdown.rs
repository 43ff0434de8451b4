//! The bytes of one image dealt out to rows: sections, classes, objects or directories.
//!
//! The rows of a [`Breakdown`] add up to the image's Berkeley totals, column by column.

use serde::Serialize;

use super::size::{Berkeley, PayloadKind};

/// The row for alignment fill.
pub const PADDING: &str = "(padding)";
/// The row for payload that no symbol or object claims.
pub const UNATTRIBUTED: &str = "(unattributed)";

/// An image dealt out to rows.
#[derive(Debug, Clone, Serialize)]
pub struct Breakdown {
    /// How padding is known; `None` where padding plays no part.
    pub kind: Option<PayloadKind>,
    /// In the order of first appearance; names are unique. [`PADDING`] and [`UNATTRIBUTED`] come
    /// last, and only if they are not zero.
    pub rows: Vec<Row>,
}

/// One row.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Row {
    /// Section name, class name, object file or directory.
    pub name: String,
    /// Its bytes in the columns of Berkeley `size`.
    pub size: Berkeley,
}

impl Breakdown {
    /// The sum of all rows.
    pub fn total(&self) -> Berkeley {
        let mut sum = Berkeley::default();
        for row in &self.rows {
            sum += row.size;
        }
        sum
    }
}
