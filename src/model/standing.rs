//! How far the cells of a run are that somebody builds.

/// One cell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// `ARCH/SOURCE/VARIANT`
    pub id: String,
    /// How far it is.
    pub state: State,
}

/// How far a cell is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum State {
    /// It has a result.
    Done,
    /// It has ended without one: the reason.
    Failed(String),
    /// It is being built: where.
    Running(String),
    /// It will be built: what it waits for.
    Waiting(String),
    /// Nobody builds it any more, and it has no result: how its task ended.
    Lost(String),
}

impl State {
    /// Whether something is still going to come of it.
    pub fn is_under_way(&self) -> bool {
        matches!(self, Self::Running(_) | Self::Waiting(_))
    }
}
