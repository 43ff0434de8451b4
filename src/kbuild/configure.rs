//! Makes the `.config` of a cell: base, fragments that hold, and a check of every request before
//! anything is compiled.

use crate::model::config::Config;
use crate::model::run::Request;

/// A cell whose `.config` is written and checked.
#[derive(Debug, Clone)]
pub struct Configured {
    /// The final configuration.
    pub config: Config,
    /// Hex digest of the final `.config`'s assignments.
    pub config_digest: String,
    /// Every request of the variant, and every line of a fragment that does not hold.
    pub requests: Vec<Request>,
    /// Whether it makes sense to go on.
    pub verdict: Verdict,
    /// Hex digest of source, `.config`, make variables, environment, compiler and target.
    pub identity: String,
}

/// What the check of the requests found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// Every request holds.
    Ok,
    /// A request does not hold: the cell ends here.
    Dropped(String),
    /// The only requests that do not hold are those the matrix calls impossible. The cell is well
    /// defined: it is built, unless another cell has the same inputs.
    Impossible(String),
}
