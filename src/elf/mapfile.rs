//! A linker map as a file, and with it the map of `vmlinux.o` where a kernel is linked from that.
//!
//! With IBT or LTO, Kbuild links all objects into `vmlinux.o` first (`scripts/Makefile.vmlinux_o`), has
//! objtool look at the whole, and links vmlinux from this one file (`scripts/link-vmlinux.sh`): its map
//! names no other object. The map of the first link does, so each input section that is of `vmlinux.o`
//! is dealt out as that map says. The sections that objtool writes are in no map and stay `vmlinux.o`'s.

use std::fs;
use std::path::{Path, PathBuf};

use bstr::{BStr, ByteSlice};
use rustc_hash::FxHashMap;

use super::linkmap;
use crate::exit::{Error, Result};
use crate::model::diag::Diag;
use crate::model::linkmap::{
    HIDDEN_PRELINK_MAP, LinkMap, OutSection, PRELINK, PRELINK_MAP, Part, PartKind, is_prelink,
};

/// The largest linker map that is read, in bytes; allyesconfig's has about 200 MB.
const MAX_MAP: u64 = 4 << 30;

/// The text of a linker map, to be read with [`MapFile::parse`].
#[derive(Debug)]
pub struct MapFile {
    path: PathBuf,
    text: Vec<u8>,
    prelink: Option<(PathBuf, Vec<u8>)>,
}

impl MapFile {
    /// Reads the map at `path`, and that of `vmlinux.o` beside it if the map names `vmlinux.o`.
    ///
    /// # Errors
    /// When one of them cannot be read, is no regular file (someone may name a device), or has more
    /// than 4 GiB.
    pub fn read(path: &Path) -> Result<Self> {
        let text = bounded(path)?;
        let dir = path.parent().unwrap_or(Path::new(""));
        let beside = [PRELINK_MAP, HIDDEN_PRELINK_MAP].map(|name| dir.join(name));
        let beside = beside.into_iter().find(|beside| beside.is_file() && beside != path);
        let names_it = || text.find(PRELINK).is_some();
        let prelink = match beside.filter(|_| names_it()) {
            Some(beside) => Some((beside.clone(), bounded(&beside)?)),
            None => None,
        };
        Ok(Self { path: path.to_owned(), text, prelink })
    }

    /// The map that lies beside an image under the same name with `.map` behind it, as Kbuild's
    /// `vmlinux.map`, if there is one.
    ///
    /// # Errors
    /// As [`MapFile::read`].
    pub fn beside(image: &Path) -> Result<Option<Self>> {
        let mut path = image.to_owned().into_os_string();
        path.push(".map");
        let path = PathBuf::from(path);
        path.is_file().then(|| Self::read(&path)).transpose()
    }

    /// The map of `vmlinux.o`, if there is one, and where `vmlinux.o` would be: beside it.
    pub fn prelink(&self) -> Option<(LinkMap<'_>, PathBuf)> {
        let (path, text) = self.prelink.as_ref()?;
        let (map, _) = linkmap::parse(text, &path.to_string_lossy()).ok()?;
        Some((map, path.with_file_name(PRELINK)))
    }

    /// The map, with `vmlinux.o` dealt out.
    ///
    /// # Errors
    /// As [`linkmap::parse`].
    pub fn parse(&self) -> Result<(LinkMap<'_>, Vec<Diag>)> {
        let (mut map, mut diags) = linkmap::parse(&self.text, &self.path.to_string_lossy())?;
        if let Some((path, text)) = &self.prelink {
            match linkmap::parse(text, &path.to_string_lossy()) {
                Ok((inner, more)) => {
                    diags.extend(more);
                    map = deal_out(&map, &inner);
                }
                Err(err) => {
                    let (err, name) = (err.to_string(), path.to_string_lossy());
                    let why = err.strip_prefix(&*name).unwrap_or(&err);
                    let why = why.trim_start_matches([':', ' ']);
                    let why =
                        format!("{why}; which object of {PRELINK} bytes are from is not known");
                    diags.push(Diag::new(name, why));
                }
            }
        }
        Ok((map, diags))
    }
}

fn bounded(path: &Path) -> Result<Vec<u8>> {
    let meta = fs::metadata(path).map_err(|err| Error::io(path, err))?;
    if !meta.is_file() {
        return Err(Error::input(path, "is not a regular file"));
    }
    if meta.len() > MAX_MAP {
        return Err(Error::input(path, "more than 4 GiB: not a linker map"));
    }
    fs::read(path).map_err(|err| Error::io(path, err))
}

/// `map`, in which each section of `vmlinux.o` has the parts that `inner` says it is made of. A section
/// whose size is another one than then (merged strings, what objtool changed) stays whole, since where
/// its bytes went is not known; so does one whose name `inner` has twice.
fn deal_out<'a>(map: &LinkMap<'a>, inner: &LinkMap<'a>) -> LinkMap<'a> {
    let mut by_name: FxHashMap<&BStr, Option<&OutSection<'a>>> = FxHashMap::default();
    for section in inner.sections.iter().filter(|section| section.size > 0) {
        let once = |found: &mut Option<_>| *found = None;
        by_name.entry(section.name).and_modify(once).or_insert(Some(section));
    }
    let mut parts = Vec::with_capacity(map.parts.len() + inner.parts.len());
    let mut sections = Vec::with_capacity(map.sections.len());
    for section in &map.sections {
        let start = parts.len();
        for part in map.parts_of(section) {
            let is_whole = part.kind == PartKind::Input && part.size > 0 && is_prelink(part.file);
            let made_of = is_whole.then(|| by_name.get(part.name).copied().flatten()).flatten();
            match made_of.filter(|made_of| made_of.size == part.size) {
                Some(made_of) => parts.extend(inner.parts_of(made_of).iter().map(|piece| Part {
                    addr: piece.addr.wrapping_sub(made_of.addr).wrapping_add(part.addr),
                    ..*piece
                })),
                None => parts.push(*part),
            }
        }
        sections.push(OutSection { parts: start..parts.len(), ..section.clone() });
    }
    LinkMap { path: map.path.clone(), format: map.format, sections, parts }
}
