//! The tree's MAINTAINERS for `compare --by subsystem`: found, read, asked.

use std::path::{Path, PathBuf};

use crate::exit::{Error, Result};
use crate::source::maintainers::{self, Maintainers};

/// The subsystems of a tree.
#[derive(Debug)]
pub struct Subsystems {
    found: Maintainers,
}

impl Subsystems {
    /// Of `tree`, or of the tree that one of `images` was built in: where Kbuild built it, its `source` link
    /// (O=) or its own directory is the tree. Returns what could not be read, too.
    ///
    /// # Errors
    ///
    /// No MAINTAINERS there.
    pub fn find(tree: Option<&Path>, images: &[PathBuf]) -> Result<(Self, Vec<String>)> {
        let beside = |image: &PathBuf| {
            let dir = image.parent().map_or(PathBuf::from("."), Path::to_path_buf);
            let dir = if dir.as_os_str().is_empty() { PathBuf::from(".") } else { dir };
            [dir.join("source"), dir.join("build/source"), dir]
        };
        let found = match tree {
            Some(tree) => Some(tree.to_owned()),
            None => images.iter().flat_map(beside).find(|dir| dir.join("MAINTAINERS").is_file()),
        };
        let Some(tree) = found else {
            let msg =
                "--by subsystem needs the tree whose MAINTAINERS says what belongs where: -C TREE";
            return Err(Error::Usage(msg.into()));
        };
        let file = tree.join("MAINTAINERS");
        let bytes = std::fs::read(&file).map_err(|err| Error::io(&file, err))?;
        let text = String::from_utf8_lossy(&bytes);
        let is_dir = |path: &str| tree.join(path).is_dir();
        let (found, diags) = maintainers::parse(&file.to_string_lossy(), &text, &is_dir);
        if found.is_empty() {
            return Err(Error::input(&file, "has no section with F: or N: lines"));
        }
        Ok((Self { found }, diags.iter().map(ToString::to_string).collect()))
    }

    /// The subsystem of a source file, or of the source of an object file.
    pub fn name(&self, file: &str) -> String {
        // Rules name sources; where only objects are known, their sources are not.
        let source = match file.strip_suffix(".o") {
            Some(stem) => format!("{stem}.c"),
            None => file.to_owned(),
        };
        self.found.section_of(&source).unwrap_or("(nobody)").to_owned()
    }
}
