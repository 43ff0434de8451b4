//! The only place that imports `object`, `gimli` and `memmap2`: bytes of ELF files into `model::image`.
//!
//! [`Input`] owns the mapped file (an archive and the files of its thin members included), and
//! [`Input::images`] lends [`Image`]s of it: headers decoded, names and contents borrowed. Nothing
//! in a file is trusted: every offset, count and index is checked before it is used, and what is
//! wrong is said in one line with the file and the offset.

use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use bstr::BString;

use crate::exit::{Error, Result};
use crate::model::image::Image;

mod ar;
mod archive;
pub mod dwarf;
pub mod ikconfig;
pub mod linkmap;
mod map;
pub mod mapfile;
mod read;
mod reject;
mod sniff;
mod symbols;

use map::Map;
pub use map::{HugePages, whole};
pub use mapfile::MapFile;
use read::Source;

/// How much of a file to read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Want {
    /// The symbol table, and `linux_banner` by it.
    pub symbols: bool,
    /// What is read from section contents: compiler identifications.
    pub data: bool,
}

impl Want {
    /// Section headers, names and (borrowed, untouched) contents: all that totals need.
    pub const TOTALS: Self = Self { symbols: false, data: false };
    /// Everything.
    pub const SYMBOLS: Self = Self { symbols: true, data: true };
}

/// An opened input file: an ELF file, or an archive with all its members.
#[derive(Debug)]
pub struct Input {
    path: PathBuf,
    map: Map,
    /// `None` for an ELF file.
    members: Option<Vec<archive::Member>>,
    warnings: Vec<String>,
}

impl Input {
    /// Gives back the memory that was read of a large file, which stays readable: for who is at its end, and
    /// has other threads that could help with that.
    pub fn give_back(&self) {
        self.map.give_back();
    }

    /// Opens an ELF file or an archive, thin ones included.
    ///
    /// # Errors
    ///
    /// Anything that isn't a regular, readable ELF file or archive (named for what it is, with what
    /// to do instead where there is something), and archives with a damaged header or a missing
    /// thin member. The ELF structure itself is checked by [`Input::images`].
    pub fn open(path: &Path) -> Result<Self> {
        let map = Map::open(path)?;
        let (members, warnings) = if ar::is_archive(&map) {
            let archive = archive::read(path, &map)?;
            (Some(archive.members), archive.warnings)
        } else {
            sniff::require_elf(path, &map)?;
            (None, Vec::new())
        };
        Ok(Self { path: path.to_owned(), map, members, warnings })
    }

    /// The path as it was given.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Whether it is an archive.
    pub fn is_archive(&self) -> bool {
        self.members.is_some()
    }

    /// Bytes of the file itself (of an archive without its thin members).
    pub fn file_len(&self) -> u64 {
        self.map.len() as u64
    }

    /// Bytes of each image's file or member, in the order of [`Input::images`].
    pub fn lengths(&self) -> Vec<u64> {
        match &self.members {
            None => vec![self.file_len()],
            Some(members) => {
                members.iter().map(|member| member.source(&self.path, &self.map).len()).collect()
            }
        }
    }

    /// What was left out of [`Input::images`] and why, one sentence each.
    pub fn warnings(&self) -> &[String] {
        &self.warnings
    }

    /// The images: one for an ELF file, one per ELF member for an archive, in archive order.
    ///
    /// # Errors
    ///
    /// The first member that cannot be measured: damaged, or an object without code (slim LTO,
    /// `--only-keep-debug`). Nothing is returned then; a total without a member is no total.
    pub fn images(&self, want: Want) -> Result<Vec<Image<'_>>> {
        let path = self.path.to_string_lossy();
        let Some(members) = &self.members else {
            let source = Source::file(&self.path, &self.map);
            let mut image = read::image(&source, want)?;
            image.path = path.into_owned();
            image.name = BString::from(self.path.as_os_str().as_bytes());
            return Ok(vec![image]);
        };
        let archive = BString::from(self.path.as_os_str().as_bytes());
        members
            .iter()
            .map(|member| {
                let source = member.source(&self.path, &self.map);
                let mut image = read::image(&source, want)?;
                image.path = path.clone().into_owned();
                image.name = member.size_name.clone();
                image.member = Some(member.name.clone());
                image.archive = member.nested_in.clone().or_else(|| Some(archive.clone()));
                Ok(image)
            })
            .collect()
    }

    /// The only image of a file that must not be an archive.
    pub fn image(&self, want: Want) -> Result<Image<'_>> {
        if self.is_archive() {
            return Err(Error::input(&self.path, "is an archive; one ELF file is needed here"));
        }
        self.images(want)?
            .pop()
            .ok_or_else(|| Error::input(&self.path, "no ELF image in this file"))
    }
}

/// The names of an archive's members as stored, without opening the files of a thin one.
///
/// # Errors
///
/// What isn't an archive, or a damaged one.
pub fn member_names(path: &Path) -> Result<Vec<String>> {
    let map = Map::open(path)?;
    if !ar::is_archive(&map) {
        return Err(Error::input(path, "is not an archive"));
    }
    archive::names(path, &map)
}
