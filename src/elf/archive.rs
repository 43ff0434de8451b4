//! `ar` archives, ordinary and thin: which members there are and where their bytes lie.
//!
//! Kbuild's `built-in.a` and `vmlinux.a` are thin: they store paths, relative to the archive's own
//! directory, and the objects stay where they were compiled. GNU `size` shows such a member by the
//! path of its file and any other by its name, so both are kept.

use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use bstr::{BString, ByteSlice};
use object::read::archive::ArchiveFile;

use super::map::Map;
use super::read::Source;
use super::sniff;
use crate::exit::{At, Error, Result};

const MAGIC: &[u8] = b"!<arch>\n";
const THIN_MAGIC: &[u8] = b"!<thin>\n";

/// An ELF member.
#[derive(Debug)]
pub(super) struct Member {
    /// As stored.
    pub name: String,
    body: Body,
}

#[derive(Debug)]
enum Body {
    /// In the archive.
    Inside { name: BString, start: usize, end: usize },
    /// A file of its own.
    Thin { file: PathBuf, map: Map },
}

/// The members of an archive.
#[derive(Debug)]
pub(super) struct Archive {
    pub members: Vec<Member>,
    /// Which members were left out.
    pub warnings: Vec<String>,
}

impl Member {
    pub(super) fn source<'a>(&'a self, archive: &'a Path, map: &'a Map) -> Source<'a> {
        match &self.body {
            Body::Inside { start, end, .. } => {
                // The range was checked against the same mapping by `read`.
                let data = map.get(*start..*end).unwrap_or_default();
                Source { file: archive, member: Some(&self.name), base: *start as u64, data }
            }
            Body::Thin { file, map } => Source { file, member: None, base: 0, data: map },
        }
    }

    /// What GNU `size` prints for it.
    pub(super) fn size_name(&self) -> BString {
        match &self.body {
            Body::Inside { name, .. } => name.clone(),
            Body::Thin { file, .. } => BString::from(file.as_os_str().as_bytes()),
        }
    }
}

/// Whether these are the bytes of an archive.
pub(super) fn is_archive(data: &[u8]) -> bool {
    data.starts_with(MAGIC) || data.starts_with(THIN_MAGIC)
}

/// Reads the member headers and opens the files of a thin archive.
pub(super) fn read(path: &Path, data: &[u8]) -> Result<Archive> {
    let archive = parse(path, data)?;
    let directory = path.parent().unwrap_or(Path::new(""));
    let mut members = Vec::new();
    let mut warnings = Vec::new();
    for entry in archive.members() {
        let entry = entry.map_err(|err| damaged(path, &err))?;
        let name = entry.name().to_str_lossy().into_owned();
        if is_index(entry.name()) {
            continue;
        }
        let body = if entry.is_thin() {
            let file = thin_path(directory, entry.name());
            let map = Map::open(&file).map_err(|err| missing_member(path, &name, &err))?;
            Body::Thin { file, map }
        } else {
            let (start, size) = entry.file_range();
            let end = start.checked_add(size).filter(|end| *end <= data.len() as u64);
            let Some(end) = end else {
                return Err(Error::input_at(
                    path,
                    At::Offset(start),
                    format!(
                        "member {name}: its {size} bytes reach beyond the end of the archive ({} bytes)",
                        data.len()
                    ),
                ));
            };
            Body::Inside { name: entry.name().into(), start: start as usize, end: end as usize }
        };
        let member = Member { name, body };
        let bytes = match &member.body {
            Body::Inside { start, end, .. } => &data[*start..*end],
            Body::Thin { map, .. } => map,
        };
        match sniff::member(bytes) {
            sniff::Member::Elf => members.push(member),
            sniff::Member::Skip(what) => warnings.push(format!(
                "{}: member {} is {what}; it is not counted",
                path.display(),
                member.name
            )),
            sniff::Member::Refuse(what) => {
                return Err(Error::input(path, format!("member {} is {what}", member.name)));
            }
        }
    }
    Ok(Archive { members, warnings })
}

/// The stored names of all members but the index.
pub(super) fn names(path: &Path, data: &[u8]) -> Result<Vec<String>> {
    let archive = parse(path, data)?;
    let mut names = Vec::new();
    for entry in archive.members() {
        let entry = entry.map_err(|err| damaged(path, &err))?;
        if !is_index(entry.name()) {
            names.push(entry.name().to_str_lossy().into_owned());
        }
    }
    Ok(names)
}

fn parse<'a>(path: &Path, data: &'a [u8]) -> Result<ArchiveFile<'a>> {
    ArchiveFile::parse(data).map_err(|err| damaged(path, &err))
}

fn damaged(path: &Path, err: &object::Error) -> Error {
    Error::input(path, format!("damaged archive: {err}"))
}

/// Symbol and name tables that don't stand where `object` expects them.
fn is_index(name: &[u8]) -> bool {
    matches!(name, b"/" | b"//" | b"/SYM64/")
}

/// A stored path is relative to the archive's directory. Like `size`, no normalisation: the result
/// is what a user would type.
fn thin_path(directory: &Path, name: &[u8]) -> PathBuf {
    directory.join(Path::new(std::ffi::OsStr::from_bytes(name)))
}

fn missing_member(archive: &Path, member: &str, err: &Error) -> Error {
    Error::input(archive, format!("thin archive member {member}: {err}"))
}
