//! What `hmmsize report` shows, read and put in order: the page before it is a page.

use super::audit;
use super::delta;
use super::finding;
use super::history;
use super::run_report::RunReport;

/// Everything that was given, in the order of the command line.
#[derive(Debug, Clone, Default)]
pub struct Page {
    /// The title.
    pub title: String,
    /// `hmmsize 0.1.0`
    pub tool: String,
    /// Runs of `build`.
    pub runs: Vec<RunReport>,
    /// Results of `compare`.
    pub comparisons: Vec<delta::Report>,
    /// Results of `audit`.
    pub audits: Vec<audit::Report>,
    /// Results of `lint`.
    pub lints: Vec<Linted>,
    /// What is known of the rules of `lint`.
    pub rules: Vec<finding::RuleInfo>,
    /// The lines of files that `gate --record` keeps.
    pub history: Vec<history::Entry>,
}

/// The findings of one call of `lint`.
#[derive(Debug, Clone)]
pub struct Linted {
    /// As `lint` wrote it.
    pub report: finding::Report,
    /// For each finding, the lines it is about; empty without a tree.
    pub excerpts: Vec<Option<Excerpt>>,
}

/// Some lines of a file.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Excerpt {
    /// The 1-based number of the first line.
    pub first: u32,
    /// The lines, shortened.
    pub lines: Vec<String>,
}

/// Two paths without the directories that both begin with.
pub fn short_names<'a>(new: &'a str, old: &'a str) -> (&'a str, &'a str) {
    let ends = new.match_indices('/').map(|(at, _)| at + 1);
    let shared = ends.take_while(|&end| old.get(..end) == new.get(..end)).last().unwrap_or(0);
    (&new[shared..], &old[shared..])
}

#[cfg(test)]
mod tests {
    use super::short_names;

    #[test]
    fn names_are_short() {
        assert_eq!(short_names("a/b/with/x", "a/b/without/x"), ("with/x", "without/x"));
        assert_eq!(short_names("vmlinux", "old"), ("vmlinux", "old"));
        assert_eq!(short_names("a/x", "a/x"), ("x", "x"));
        assert_eq!(short_names("ä/x", "a/x"), ("ä/x", "a/x"));
    }
}
