//! The functions that can be judged at all, each with what matters about it, sorted out from the
//! mentions of its name.

use super::links::Links;
use crate::lint::context::Tree;
use crate::source::guards::FileKind;
use crate::source::makefile::is_linked_apart;
use crate::source::symbols::{Manner, Mention, NOWHERE, Symbols};

/// A function and where it is mentioned; numbers are indexes into [`Symbols::mentions`].
#[derive(Debug, Default)]
pub struct Known {
    /// Index into [`Symbols::names`].
    pub name: u32,
    /// Definitions that the linker sees.
    pub defined: Vec<usize>,
    /// `static` definitions and macros of that name in headers.
    pub stubs: Vec<usize>,
    /// Where it is declared without a body.
    pub declared: Vec<usize>,
    /// Where it is exported.
    pub exported: Vec<usize>,
    /// Calls in files that are compiled.
    pub called: Vec<usize>,
    /// Other uses: by address, from macros, from headers.
    pub named: Vec<usize>,
    /// It is used by something that is not C, or defined by something unusual.
    pub is_foreign: bool,
    /// Some definition can be replaced, or is called by others than C.
    pub is_special: bool,
}

/// Sorts all mentions out.
pub fn sort(tree: &Tree, symbols: &Symbols, links: &Links) -> Vec<Known> {
    let mut first = 0;
    let mut out = Vec::new();
    for mentions in symbols.by_name() {
        if let Some(known) = one(tree, symbols, links, mentions, first) {
            out.push(known);
        }
        first += mentions.len();
    }
    out
}

fn one(
    tree: &Tree,
    symbols: &Symbols,
    links: &Links,
    mentions: &[Mention],
    first: usize,
) -> Option<Known> {
    let mut known = Known { name: mentions.first()?.name, ..Known::default() };
    // The files that have something of their own by this name.
    let mut own: Vec<u32> = Vec::new();
    for (index, mention) in mentions.iter().enumerate() {
        let at = first + index;
        let file = &symbols.files[mention.file as usize];
        let is_c = file.kind == Some(FileKind::C);
        let linked = links.arches(mention.file) != 0;
        // Host programs and what is linked apart have nothing to say.
        if (is_c && !linked && !tree.is_included(&file.path)) || is_linked_apart(&file.path) {
            continue;
        }
        let included = is_c && tree.is_included(&file.path);
        match mention.manner {
            Manner::Defined | Manner::DefinedSpecially if is_c => {
                known.is_special |= mention.manner == Manner::DefinedSpecially;
                known.is_foreign |= included;
                known.defined.push(at);
            }
            Manner::Static | Manner::Macro if is_c && !included => own.push(mention.file),
            Manner::Defined | Manner::DefinedSpecially | Manner::Static | Manner::Macro => {
                known.stubs.push(at);
            }
            Manner::Pointer if is_c => own.push(mention.file),
            // Outside of functions, a macro may make anything of it.
            Manner::Named | Manner::Pointer if !is_c && mention.within == NOWHERE => {
                known.stubs.push(at);
                known.named.push(at);
            }
            Manner::Declared => known.declared.push(at),
            Manner::Pointer => {}
            Manner::Exported => known.exported.push(at),
            Manner::Called if is_c && !included => known.called.push(at),
            Manner::Called | Manner::Named | Manner::InMacro => known.named.push(at),
            Manner::Foreign => known.is_foreign = true,
        }
    }
    let is_own = |at: &usize| own.contains(&symbols.mentions[*at].file);
    known.called.retain(|at| !is_own(at));
    known.named.retain(|at| !is_own(at));
    (!known.defined.is_empty()).then_some(known)
}
