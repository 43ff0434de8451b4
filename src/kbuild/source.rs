//! Sources: kernel trees, tarballs and git revisions, all turned into a tree that make can read.
//!
//! A user's tree is used where it lies and never written. What hmmsize unpacks itself is built at
//! one and the same path, so that paths in the image do not differ between revisions.

use std::path::PathBuf;

use crate::exit::Result;
use crate::model::run::{Revision, SourceInfo};

/// A source that is ready to be built.
#[derive(Debug, Clone)]
pub struct Source {
    /// Short name, unique in a plan.
    pub label: String,
    /// Where make finds it. Absolute; several revisions share one path.
    pub tree: PathBuf,
    /// Hex digest of the contents.
    pub digest: String,
    /// Kernel version from the tree's Makefile.
    pub kernel: Option<String>,
    /// The commit, where there is one.
    pub revision: Option<Revision>,
}

impl Source {
    /// Puts the source at [`Source::tree`]. Nothing to do for a user's own tree.
    pub fn enter(&self) -> Result<()> {
        Ok(())
    }

    /// The source as `run.json` records it.
    pub fn info(&self) -> SourceInfo {
        SourceInfo {
            label: self.label.clone(),
            kernel: self.kernel.clone(),
            digest: Some(self.digest.clone()),
            revision: self.revision.clone(),
        }
    }
}
