//! Prototypes that stand outside of the guards which their header has for the option that the function
//! needs: S006.
//!
//! A header without such a guard is for those who have the option anyway, and is left alone.

use rustc_hash::{FxHashMap, FxHashSet};

use super::leak::{conjuncts, option};
use super::uses::Known;
use super::{View, fact};
use crate::lint::places::in_source;
use crate::lint::verdicts::operands::options;
use crate::model::finding::Finding;
use crate::model::formula::FormulaId;
use crate::source::guards::{FileGuards, FileKind, Span};

/// All findings, in the order of files and lines.
pub fn find(view: View<'_>) -> Vec<Finding> {
    let View { tree, symbols, places, .. } = view;
    let guards: FxHashMap<&str, &FileGuards> =
        tree.guards.files.iter().map(|file| (&*file.path, file)).collect();
    let mut texts = tree.source_texts();
    let mut out = Vec::new();
    for known in view.known {
        if known.is_foreign || known.is_special || !known.stubs.is_empty() {
            continue;
        }
        let in_header = |at: &&usize| {
            symbols.files[symbols.mentions[**at].file as usize].kind == Some(FileKind::Header)
        };
        let mut declared = known.declared.iter().filter(in_header);
        let (Some(&at), None) = (declared.next(), declared.next()) else { continue };
        let mention = &symbols.mentions[at];
        let path = symbols.path(mention);
        let Some(header) = guards.get(path) else { continue };
        if !places.conditions(at).is_empty() {
            continue;
        }
        let Some(gate) = gate(view, known, header) else { continue };
        let name = &symbols.names[known.name as usize];
        if symbols.is_pasted(name) {
            continue;
        }
        let message = format!(
            "{name}() is only there with CONFIG_{gate}, and is declared outside of the guards that this \
             header has for it"
        );
        let span = Span { start: mention.at, len: name.len() as u32, ..Span::default() };
        let mut finding = in_source(path, texts.get(path), span, message);
        finding.symbol = Some(gate);
        finding.arches = tree.names(tree.domain(path));
        let shown = known.defined.iter().map(|at| {
            fact(symbols, &mut texts, &symbols.mentions[*at], &format!("{name} is defined here"))
        });
        finding.proof = Some(shown.collect());
        out.push(finding);
    }
    out.sort_by(|a, b| (&a.file, a.line, a.column).cmp(&(&b.file, b.line, b.column)));
    out
}

/// The option that every definition needs, that the header has a guard for, and that some use is not kept
/// behind.
fn gate(view: View<'_>, known: &Known, header: &FileGuards) -> Option<String> {
    let View { tree, links, .. } = view;
    let formulas = &tree.formulas;
    let needs = |at: &usize| {
        let mut needs = FxHashSet::default();
        for condition in view.conditions(*at) {
            conjuncts(formulas, *condition, &mut needs);
        }
        let (arch, linked) = links.of_any(0, view.file(*at));
        if let (Some(kbuild), [link]) = (&tree.arches[arch].kbuild, linked) {
            conjuncts(formulas, kbuild.objects[link.object].built, &mut needs);
        }
        needs
    };
    let defined = known.defined.iter().map(needs);
    let common = defined.reduce(|common, more| common.intersection(&more).copied().collect())?;
    let mut guarded = Vec::new();
    for block in header.blocks.iter().filter(|block| block.names_option) {
        options(formulas, block.own, &mut guarded);
    }
    let used: Vec<FxHashSet<FormulaId>> = known.called.iter().map(needs).collect();
    let about = |needed: &FormulaId, name: &str| {
        option(formulas, *needed).is_some_and(|option| option == name)
    };
    let mut gates: Vec<String> =
        common.into_iter().filter_map(|needed| option(formulas, needed)).collect();
    gates.sort();
    gates.into_iter().find(|gate| {
        guarded.contains(&&**gate)
            && used.iter().any(|needs| !needs.iter().any(|needed| about(needed, gate)))
    })
}
