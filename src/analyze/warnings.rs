//! What to know before believing a comparison: the warnings of `compare`.

use super::compare::Analysed;
use super::disagree::{self, Side};
use super::identity;
use crate::model::delta::{FileInfo, Warning, WarningCode};
use crate::model::image::Kind;

/// What the report says about a file.
pub fn describe(file: &Analysed) -> FileInfo {
    let mut info = FileInfo {
        name: file.name.clone(),
        kind: kind(file).to_owned(),
        arch: String::new(),
        size: file.size,
        payload: file.payload(),
        prelink: file.prelink(),
        compilers: Vec::new(),
        linkers: Vec::new(),
        has_symtab: file.has_symtab(),
    };
    let mut archs = Vec::new();
    for image in file.images {
        let mut identity = identity::identity(image);
        archs.push(identity.arch);
        info.compilers.append(&mut identity.compilers);
        info.linkers.append(&mut identity.linkers);
    }
    for list in [&mut archs, &mut info.compilers, &mut info.linkers] {
        list.sort();
        list.dedup();
    }
    info.arch = archs.join(" + ");
    info
}

fn kind(file: &Analysed) -> &'static str {
    match (file.is_archive, file.images) {
        (false, [image]) => match image.kind {
            Kind::Linked => "linked",
            Kind::Prelink => "prelink",
            Kind::Module => "module",
            Kind::Object => "object",
        },
        _ => "archive",
    }
}

/// Everything that speaks against believing a comparison without another look; `sides` is what is
/// known about payload and padding, of one kind, where it is known of both.
pub fn between(old: &FileInfo, new: &FileInfo, sides: Option<(Side, Side)>) -> Vec<Warning> {
    let mut warnings = Vec::new();
    let mut warn = |code, message: String| warnings.push(Warning { code, message });
    let (a, b) = (&old.name, &new.name);
    if old.arch != new.arch {
        let message = format!("different architectures: {a} is {}, {b} is {}", old.arch, new.arch);
        warn(WarningCode::Architecture, message);
    }
    if old.kind != new.kind {
        let message =
            format!("different kinds of file: {a} is {}, {b} is {}", said(old), said(new));
        warn(WarningCode::Kind, message);
    }
    for (code, what, was, is) in [
        (WarningCode::Compiler, "compilers", &old.compilers, &new.compilers),
        (WarningCode::Linker, "linkers", &old.linkers, &new.linkers),
    ] {
        // What a file does not say about itself is not held against it.
        if !was.is_empty() && !is.is_empty() && was != is {
            let (was, is) = (was.join(" + "), is.join(" + "));
            warn(code, format!("different {what}: {a} by {was}; {b} by {is}"));
        }
    }
    for file in [old, new].into_iter().filter(|file| !file.has_symtab) {
        let message = format!("{} has no symbol table: totals only, no symbols", file.name);
        warn(WarningCode::NoSymbols, message);
    }
    if let (Some(was), Some(is)) = (&old.payload, &new.payload)
        && was.kind != is.kind
    {
        let message = "only one file has a linker map: both payloads are estimated";
        warn(WarningCode::PayloadKind, message.to_owned());
    }
    for message in sides.map(|(old, new)| disagree::disagreement(&old, &new)).unwrap_or_default() {
        warn(WarningCode::PayloadDisagrees, message);
    }
    warnings
}

fn said(file: &FileInfo) -> &str {
    match file.kind.as_str() {
        "linked" => "a linked image",
        "prelink" => "vmlinux.o before the final link",
        "module" => "a module",
        "object" => "an object",
        other => other,
    }
}
