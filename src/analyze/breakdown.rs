//! Deals the bytes of an image out to sections, classes, objects or directories.
//!
//! Every view sums to the image's Berkeley totals, column by column: what no object claims and what
//! is only alignment have rows of their own. Objects and directories of a linked image come from
//! its linker map; those of archives and lists of objects are the files themselves.

use rustc_hash::FxHashMap;

use bstr::{BStr, ByteSlice};

use crate::model::breakdown::{Breakdown, PADDING, Row, UNATTRIBUTED};
use crate::model::class::Class;
use crate::model::diag::Diag;
use crate::model::image::{Image, Section};
use crate::model::linkmap::LinkMap;
use crate::model::payload::PayloadMap;
use crate::model::size::{Berkeley, PayloadKind};

use super::class;
use super::reconcile::{self, Laid, Owner};
use super::size;

/// Bytes the linker made itself: merged strings (ld.lld), stubs, data of the linker script.
pub const LINKER: &str = "(linker)";

/// A row for each name of ALLOC sections; padding is part of its section.
pub fn by_section(image: &Image<'_>) -> Breakdown {
    let mut rows = Rows::default();
    for section in image.sections.iter().filter(|section| section.is_alloc()) {
        rows.add(section.name.to_str_lossy().as_ref(), section, section.size);
    }
    rows.finish(None)
}

/// A row for each class that has any bytes, in the order of [`Class::ALL`].
pub fn by_class(image: &Image<'_>, payload: Option<&PayloadMap>) -> Breakdown {
    let sums = class::by_column(image, payload);
    let rows = Class::ALL
        .iter()
        .filter_map(|class| Some(Row { name: class.name().into(), size: *sums.get(class)? }))
        .collect();
    Breakdown { kind: payload.map(|payload| payload.kind), rows }
}

/// A row for each object file of a linked image, by its linker map; archive members are
/// `archive.a(member.o)`, of thin archives the member's own path, as the linker writes it.
pub fn by_object(image: &Image<'_>, map: &LinkMap<'_>) -> (Breakdown, Vec<Diag>) {
    let (laid, mut diags) = reconcile::lay(image, map);
    diags.extend(one_object(map, &laid));
    (of_laid(&laid, |file| file.to_str_lossy().into_owned()), diags)
}

/// A row for each directory of object files; `depth` limits it to so many components
/// (`drivers/net/` has two).
pub fn by_dir(
    image: &Image<'_>,
    map: &LinkMap<'_>,
    depth: Option<usize>,
) -> (Breakdown, Vec<Diag>) {
    let (laid, mut diags) = reconcile::lay(image, map);
    diags.extend(one_object(map, &laid));
    (of_laid(&laid, |file| directory(file, depth)), diags)
}

/// A row for each image of a list: objects, modules, members of an archive. `size` sees nothing
/// but whole files there, so padding plays no part.
pub fn by_file(images: &[Image<'_>]) -> Breakdown {
    let mut rows = Rows::default();
    for image in images {
        *rows.of(&object_name(image)) += size::berkeley(image);
    }
    rows.finish(None)
}

/// As [`by_file`], added up by directory.
pub fn by_file_dir(images: &[Image<'_>], depth: Option<usize>) -> Breakdown {
    let mut rows = Rows::default();
    for image in images {
        *rows.of(&directory(object_name(image).as_bytes().as_bstr(), depth)) +=
            size::berkeley(image);
    }
    rows.finish(None)
}

/// The path of the object: its file, `mm/hmm.o` of a thin archive, or `lib.a(member.o)`.
pub(super) fn object_name(image: &Image<'_>) -> String {
    match &image.member {
        Some(_) if image.name.contains(&b'/') => image.name.to_string(),
        Some(member) => format!("{}({member})", image.path),
        None => image.path.clone(),
    }
}

/// The path of an object in the tree, where the linker writes `archive(member)`: the archive's own for a
/// member without one.
pub(super) fn path_of(file: &BStr) -> &[u8] {
    let mut path: &[u8] = file;
    if let Some(rest) = path.strip_suffix(b")")
        && let Some(open) = rest.find_byte(b'(')
    {
        let member = &rest[open + 1..];
        // ld.lld names members of thin archives by their path in the tree.
        path = if member.contains(&b'/') { member } else { &rest[..open] };
    }
    path.strip_prefix(b"./").unwrap_or(path)
}

/// The directory of an object file with a slash at its end; `./` for none.
pub(super) fn directory(file: &BStr, depth: Option<usize>) -> String {
    let path = path_of(file);
    let Some(end) = path.rfind_byte(b'/') else { return "./".to_owned() };
    let dir = &path[..=end];
    let cut = depth.and_then(|depth| dir.find_iter("/").nth(depth.max(1) - 1));
    cut.map_or(dir, |at| &dir[..=at]).to_str_lossy().into_owned()
}

fn of_laid(laid: &[Laid<'_, '_, '_>], name: impl Fn(&BStr) -> String) -> Breakdown {
    let mut rows = Rows::default();
    // Parts of one object follow each other in no order, but there are far fewer files than parts.
    let mut names: FxHashMap<&BStr, String> = FxHashMap::default();
    for laid in laid {
        for (run, owner) in &laid.runs {
            let row = match owner {
                Owner::Part(part) if part.file.is_empty() => LINKER,
                Owner::Part(part) => {
                    names.entry(part.file).or_insert_with(|| name(part.file)).as_str()
                }
                Owner::Padding => PADDING,
                Owner::Nobody => UNATTRIBUTED,
            };
            rows.add(row, laid.section, run.len());
        }
    }
    rows.finish(Some(PayloadKind::Map))
}

/// A kernel with IBT or LTO is linked from `vmlinux.o` alone, and its map knows nothing else.
fn one_object(map: &LinkMap<'_>, laid: &[Laid<'_, '_, '_>]) -> Option<Diag> {
    reconcile::is_merged(laid).then(|| {
        let message = "this kernel was linked from vmlinux.o as a whole (X86_KERNEL_IBT or LTO), \
                       so its map does not tell objects apart; vmlinux.o.map beside it would";
        Diag::new(&map.path, message)
    })
}

/// Rows in order of first appearance.
#[derive(Default)]
pub(super) struct Rows {
    index: FxHashMap<String, usize>,
    rows: Vec<Row>,
}

impl Rows {
    /// The row of this name.
    pub fn of(&mut self, name: &str) -> &mut Berkeley {
        let at = if let Some(&at) = self.index.get(name) {
            at
        } else {
            self.index.insert(name.to_owned(), self.rows.len());
            self.rows.push(Row { name: name.to_owned(), size: Berkeley::default() });
            self.rows.len() - 1
        };
        &mut self.rows[at].size
    }

    /// So many bytes of a section more.
    pub fn add(&mut self, name: &str, section: &Section<'_>, bytes: u64) {
        self.of(name).add(section, bytes);
    }

    /// Padding and unattributed bytes come last.
    pub fn finish(mut self, kind: Option<PayloadKind>) -> Breakdown {
        self.rows.sort_by_key(|row| match row.name.as_str() {
            PADDING => 1,
            UNATTRIBUTED => 2,
            _ => 0,
        });
        Breakdown { kind, rows: self.rows }
    }
}
