//! Archives as inputs: which members are measured, and where their bytes come from.
//!
//! Kbuild's `built-in.a` and `vmlinux.a` are thin: they store paths, relative to the archive's own
//! directory, and the objects stay where they were compiled. GNU `size` shows such a member by the
//! path of its file and any other by its name, so both are kept.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use bstr::{BString, ByteSlice};

use super::ar::{self, Entry, Fault, Place};
use super::map::Map;
use super::read::{Source, printable};
use super::sniff;
use crate::exit::{At, Error, Result};

/// An ELF member.
#[derive(Debug)]
pub(super) struct Member {
    /// As stored.
    pub name: String,
    /// What GNU `size` prints for it.
    pub size_name: BString,
    /// The archive `size` says it is from: the outer one, unless that only points into another.
    pub nested_in: Option<BString>,
    body: Body,
}

#[derive(Debug)]
enum Body {
    /// In the archive, from here to there.
    Inside(usize, usize),
    /// A file of its own.
    Thin(PathBuf, Map),
    /// Part of another archive, which the thin one points into.
    Nested(PathBuf, usize, Map),
}

/// The members of an archive.
#[derive(Debug)]
pub(super) struct Archive {
    pub members: Vec<Member>,
    /// Which members were left out.
    pub warnings: Vec<String>,
}

impl Member {
    /// Its bytes; `map` is the archive it was read from.
    pub(super) fn source<'a>(&'a self, archive: &'a Path, map: &'a Map) -> Source<'a> {
        let member = Some(self.name.as_str());
        match &self.body {
            // The range was checked against the same mapping by `read`.
            Body::Inside(start, end) => Source {
                file: archive,
                member,
                base: *start as u64,
                data: map.get(*start..*end).unwrap_or_default(),
            },
            Body::Thin(file, map) => Source { file, member: None, base: 0, data: map },
            Body::Nested(file, start, map) => {
                Source { file, member, base: *start as u64, data: map }
            }
        }
    }
}

/// Reads the member headers and opens the files of a thin archive.
pub(super) fn read(path: &Path, data: &[u8]) -> Result<Archive> {
    let mut archive = Archive { members: Vec::new(), warnings: Vec::new() };
    for entry in ar::entries(data).map_err(|fault| damaged(path, fault))? {
        let member = member(path, &entry)?;
        let bytes = match &member.body {
            Body::Inside(start, end) => &data[*start..*end],
            Body::Thin(_, map) | Body::Nested(_, _, map) => map,
        };
        match sniff::member(bytes) {
            sniff::Member::Elf => archive.members.push(member),
            sniff::Member::Skip(what) => archive.warnings.push(format!(
                "{}: member {} is {what}; it is not counted",
                path.display(),
                printable(member.name.as_bytes())
            )),
            sniff::Member::Refuse(what) => {
                let at = At::Offset(entry.header as u64);
                return Err(Error::input_at(
                    path,
                    at,
                    format!("member {} is {what}", printable(entry.name)),
                ));
            }
        }
    }
    Ok(archive)
}

/// The stored names of all members but the index.
pub(super) fn names(path: &Path, data: &[u8]) -> Result<Vec<String>> {
    let entries = ar::entries(data).map_err(|fault| damaged(path, fault))?;
    Ok(entries.iter().map(|entry| entry.name.to_str_lossy().into_owned()).collect())
}

fn member(archive: &Path, entry: &Entry<'_>) -> Result<Member> {
    let name = entry.name.to_str_lossy().into_owned();
    // A stored path is relative to the archive's directory. Like `size`, no normalisation.
    let file =
        || archive.parent().unwrap_or(Path::new("")).join(Path::new(OsStr::from_bytes(entry.name)));
    let open = |file: &Path| {
        Map::open(file).map_err(|err| {
            // "No such file or directory" is not enough: what needed it?
            let why = match err {
                Error::Io { source, .. } => source.to_string(),
                Error::Input { msg, .. } => msg,
                other => other.to_string(),
            };
            let (member, file) = (printable(entry.name), printable(file.as_os_str().as_bytes()));
            let msg = format!("member {member} of this thin archive: {file}: {why}");
            Error::input_at(archive, At::Offset(entry.header as u64), msg)
        })
    };
    Ok(match entry.place {
        Place::Inside(start, end) => Member {
            name,
            size_name: entry.name.into(),
            nested_in: None,
            body: Body::Inside(start, end),
        },
        Place::File => {
            let file = file();
            let map = open(&file)?;
            let size_name = BString::from(file.as_os_str().as_bytes());
            Member { name, size_name, nested_in: None, body: Body::Thin(file, map) }
        }
        Place::Nested(origin) => nested(file(), origin, &open)?,
    })
}

/// A member of an ordinary archive that a thin one points into.
fn nested(file: PathBuf, origin: usize, open: &dyn Fn(&Path) -> Result<Map>) -> Result<Member> {
    let map = open(&file)?;
    if !ar::is_archive(&map) {
        return Err(Error::input(&file, "is not an archive, but a thin archive names it as one"));
    }
    let inner = ar::entry_at(&map, origin).map_err(|fault| damaged(&file, fault))?;
    let Place::Inside(start, end) = inner.place else {
        return Err(damaged(
            &file,
            Fault { offset: origin, msg: "thin archive in thin archive".into() },
        ));
    };
    let size_name = BString::from(inner.name);
    let name = size_name.to_str_lossy().into_owned();
    // Only this member's bytes: a mapping each would add up.
    let bytes = map[start..end].to_vec();
    let nested_in = Some(BString::from(file.as_os_str().as_bytes()));
    Ok(Member { name, size_name, nested_in, body: Body::Nested(file, start, Map::Read(bytes)) })
}

fn damaged(path: &Path, fault: Fault) -> Error {
    Error::input_at(path, At::Offset(fault.offset as u64), fault.msg)
}
