//! The functions of a whole tree, read twice in parallel: first what files define and declare, then,
//! once all names are known, where these are mentioned.

use std::path::Path;

use rayon::prelude::*;

use super::constant::{constants, expressions};
use super::declare::functions;
use super::flags::flags;
use super::mentions::{Names, mentions};
use super::types::{Mention, Pasted, SourceFile, Symbols};
use crate::exit::Result;
use crate::source::guards::FileKind;
use crate::source::guards::tree::paths_of;

/// Files of more bytes than this are not looked into; offsets are kept in 32 bits.
const MAX_BYTES: usize = 1 << 30;

/// Reads the tree that is in `roots`: a file is in the first that has it. What cannot be read is empty.
///
/// A tree that cannot be walked is an error.
pub fn read(roots: &[&Path]) -> Result<Symbols> {
    let paths = paths(roots)?;
    Ok(read_some(roots, &paths, &|_| true))
}

/// The files that [`read`] looks at.
pub fn paths(roots: &[&Path]) -> Result<Vec<String>> {
    let is_rust = |name: &str| name.rsplit_once('.').is_some_and(|(_, ending)| ending == "rs");
    let wanted = |name: &str| FileKind::of(name).is_some() || is_rust(name);
    let mut paths = Vec::new();
    for root in roots {
        paths.extend(paths_of(root, &wanted)?);
    }
    paths.sort_unstable();
    paths.dedup();
    Ok(paths)
}

/// The functions of these files, and of those only the ones whose names are `wanted`.
pub fn read_some(roots: &[&Path], paths: &[String], wanted: &dyn Fn(&[u8]) -> bool) -> Symbols {
    let first = |path: &String| {
        let kind = FileKind::of(path);
        let mut file = SourceFile {
            path: path.as_str().into(),
            kind,
            functions: Vec::new(),
            exports_any: false,
            constants: Vec::new(),
            expressions: Vec::new(),
            flags: Vec::new(),
        };
        let mut names: Vec<Box<[u8]>> = Vec::new();
        if matches!(kind, Some(FileKind::C | FileKind::Header)) {
            let text = text(roots, path);
            file.functions = functions(&text);
            file.functions.shrink_to_fit();
            if kind == Some(FileKind::Header) {
                file.constants = constants(&text, &file.functions);
                file.expressions = expressions(&text, &file.functions);
                file.flags = flags(&text);
            }
            let seen = file.functions.iter().filter(|f| f.is_defined() && !f.is_static);
            names.extend(
                seen.filter(|_| kind == Some(FileKind::C))
                    .map(|f| text[f.name.0 as usize..f.name.1 as usize].into()),
            );
        }
        (file, names)
    };
    let (mut files, names): (Vec<_>, Vec<_>) = paths.par_iter().map(first).unzip();
    let mut sorted: Vec<Box<[u8]>> = names.into_iter().flatten().collect();
    sorted.retain(|name| wanted(name));
    sorted.par_sort_unstable();
    sorted.dedup();
    let names: Names =
        sorted.into_iter().enumerate().map(|(number, name)| (name, number as u32)).collect();
    let second = |(number, file): (usize, &mut SourceFile)| {
        let seen = mentions(&text(roots, &file.path), file, number as u32, &names);
        file.exports_any = seen.exports_any;
        let is_header = file.kind == Some(FileKind::Header);
        (seen.mentions, if is_header { seen.pasted } else { Vec::new() })
    };
    let (found, pasted): (Vec<_>, Vec<_>) = files.par_iter_mut().enumerate().map(second).unzip();
    let mut pasted: Vec<Pasted> = pasted.concat();
    pasted.sort_unstable();
    pasted.dedup();
    let mut mentions: Vec<Mention> = found.concat();
    drop(found);
    mentions.par_sort_unstable();
    let mut texts: Vec<Box<str>> = vec![Box::default(); names.len()];
    for (name, number) in names {
        texts[number as usize] = String::from_utf8_lossy(&name).into();
    }
    Symbols { files, names: texts, mentions, pasted }
}

/// The bytes of a file in the first of `roots` that has it.
fn text(roots: &[&Path], path: &str) -> Vec<u8> {
    let mut read = roots.iter().filter_map(|root| std::fs::read(root.join(path)).ok());
    read.next().filter(|text| text.len() <= MAX_BYTES).unwrap_or_default()
}
