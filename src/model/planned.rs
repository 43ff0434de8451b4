//! A plan as text: what `--dry-run` prints. Plain strings, made by `kbuild`, printed by `render`.

/// A run that has not begun.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Planned {
    /// The output directory.
    pub out: String,
    /// Parallel jobs.
    pub jobs: usize,
    /// What is built.
    pub target: String,
    /// The environment of every make, `KEY=VALUE`.
    pub env: Vec<String>,
    /// What the user should know.
    pub notes: Vec<String>,
    /// In the order in which they run.
    pub cells: Vec<PlannedCell>,
}

/// One cell.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PlannedCell {
    /// `ARCH/SOURCE/VARIANT`
    pub id: String,
    /// Name and value, such as `compiler` and the compiler's version.
    pub facts: Vec<(String, String)>,
    /// Commands in order, as words for a shell. None where the compiler is missing.
    pub commands: Vec<Vec<String>>,
}
