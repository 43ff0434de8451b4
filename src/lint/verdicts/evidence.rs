//! Why a verdict is so: the guards and makefile lines that it needs, and what follows from Kconfig.

use rustc_hash::FxHashSet;

use super::ask::Asker;
use super::place::{Piece, Question, Source};
use super::{Candidate, operands};
use crate::lint::context::{ArchSet, Tree};
use crate::lint::evidence;
use crate::logic::Logic;
use crate::logic::circuit::Lit;
use crate::model::finding::Fact;
use crate::model::formula::{FormulaId, Formulas};
use crate::source::guards::{CodePart, FileGuards, FileKind};
use crate::source::texts::Texts;

/// A verdict, who confirms it, and why it is so.
pub type Found = (Candidate, ArchSet, Vec<Fact>);

/// The verdicts of `group`, with what the architecture `arch` has to say for them. Those are left out
/// that depend on an option which is not Kconfig's alone to decide.
pub(super) fn collect<'t>(
    tree: &'t Tree,
    arch: usize,
    group: &[(Candidate, ArchSet)],
    logic: &mut Logic<'t>,
) -> Vec<Found> {
    let mut asker = Asker::new(tree, logic);
    let mut texts = tree.source_texts();
    let overridden = overridden(tree);
    let mut out = Vec::new();
    for &(candidate, arches) in group {
        let question = Question::new(tree, arch, candidate);
        let file = &tree.guards.files[candidate.file as usize];
        let Some((pieces, lits)) = needed(&mut asker, &question) else { continue };
        let formulas: Vec<FormulaId> =
            pieces.iter().map(|piece| piece.formula).chain([question.target]).collect();
        if is_foreign(tree, file, &overridden, &formulas) {
            continue;
        }
        let mut proof = Vec::new();
        for piece in &pieces {
            say(tree, arch, file, &mut texts, piece, &mut proof);
        }
        proof.extend(kconfig(tree, arch, &mut asker, &lits));
        proof.extend(absent(tree, arch, &formulas));
        out.push((candidate, arches, proof));
    }
    out
}

/// The pieces that the answer needs, and the literals of the question then.
fn needed(asker: &mut Asker<'_, '_>, question: &Question) -> Option<(Vec<Piece>, Vec<Lit>)> {
    let mut lit = |formula, holds| {
        let lit = asker.lit(formula);
        if holds { lit } else { !lit }
    };
    let target = lit(question.target, question.holds);
    let mut pieces: Vec<(Piece, Lit)> =
        question.pieces.iter().map(|piece| (*piece, lit(piece.formula, piece.holds))).collect();
    let mut at = 0;
    while at < pieces.len() {
        let others = pieces.iter().enumerate().filter(|(index, _)| *index != at);
        let lits: Vec<Lit> = others.map(|(_, (_, lit))| *lit).chain([target]).collect();
        if asker.is_impossible(&lits) {
            pieces.remove(at);
        } else {
            at += 1;
        }
    }
    let lits: Vec<Lit> = pieces.iter().map(|(_, lit)| *lit).chain([target]).collect();
    let impossible = asker.is_impossible(&lits);
    impossible.then(|| (pieces.into_iter().map(|(piece, _)| piece).collect(), lits))
}

/// The options that a file somewhere gives another value than Kconfig does.
fn overridden(tree: &Tree) -> FxHashSet<&str> {
    let changes = tree.guards.files.iter().flat_map(|file| &file.overrides);
    changes.map(|change| tree.formulas.text(change.name)).collect()
}

/// Whether one of the formulas is about an option that flags of the file's makefile define, that no
/// Kconfig file does, or, for what is included, that a file which includes it may have changed.
fn is_foreign(
    tree: &Tree,
    file: &FileGuards,
    overridden: &FxHashSet<&str>,
    formulas: &[FormulaId],
) -> bool {
    let mut names = Vec::new();
    for formula in formulas {
        operands::options(&tree.formulas, *formula, &mut names);
    }
    let compiled = matches!(file.kind, FileKind::C | FileKind::Assembly);
    names.sort_unstable();
    names.dedup();
    let flagged = |name: &str| {
        tree.arches.iter().filter_map(|arch| arch.kbuild.as_ref()).any(|kbuild| {
            let mut named = kbuild.defines.iter().filter(|define| define.symbol == name).peekable();
            let objects = kbuild.objects.iter().chain(&kbuild.special);
            named.peek().is_some()
                && (!compiled
                    || objects
                        .filter(|object| object.source.as_deref() == Some(&*file.path))
                        .any(|object| kbuild.defines_for(object).any(|one| one.symbol == name)))
        })
    };
    names.iter().any(|name| {
        !tree.symbols.contains_key(*name)
            || (!compiled && overridden.contains(name))
            || flagged(name)
    })
}

/// The lines of makefiles and guards that a piece comes from.
fn say(
    tree: &Tree,
    arch: usize,
    file: &FileGuards,
    texts: &mut Texts,
    piece: &Piece,
    out: &mut Vec<Fact>,
) {
    let mut fact = |line: u32, text: String| {
        out.push(Fact { file: file.path.to_string(), line, text });
    };
    match piece.source {
        Source::Kbuild => {
            let Some(kbuild) = &tree.arches[arch].kbuild else { return };
            let objects = kbuild.objects.iter();
            for object in objects.filter(|one| one.source.as_deref() == Some(&*file.path)) {
                for rule in
                    kbuild.contributions(object).iter().take(2).flat_map(|one| kbuild.chain(one))
                {
                    let text = texts.line(&rule.file, rule.line).trim().to_owned();
                    let fact = Fact { file: rule.file.to_string(), line: rule.line, text };
                    if !out.contains(&fact) && fact.text.contains("CONFIG_") {
                        out.push(fact);
                    }
                }
            }
        }
        Source::Around(index) => {
            let block = &file.blocks[index as usize];
            let text = texts.written(&file.path, block.at);
            fact(block.at.line, format!("{text} around it"));
        }
        Source::Before(index) => {
            let head = file.blocks[index as usize].head;
            let before = file.blocks[head as usize..index as usize].iter();
            let before = before.filter(|block| block.head == head);
            for block in before.filter(|block| block.own != Formulas::TRUE) {
                fact(block.at.line, format!("not taken: {}", texts.written(&file.path, block.at)));
            }
        }
        Source::Code(index) => {
            let guard = &file.code[index as usize];
            let text = texts.written(&file.path, guard.condition);
            let how = match guard.part {
                CodePart::Then | CodePart::Operand => "around it",
                CodePart::Else | CodePart::After => "is false here",
            };
            fact(guard.condition.line, format!("`{text}` {how}"));
        }
        Source::Operand(index) => {
            let operand = &file.operands[index as usize];
            let text = texts.written(&file.path, operand.at);
            let text = if piece.holds { text } else { format!("not taken: {text}") };
            fact(operand.at.line, text);
        }
    }
}

/// What follows from Kconfig.
fn kconfig(tree: &Tree, arch: usize, asker: &mut Asker<'_, '_>, lits: &[Lit]) -> Vec<Fact> {
    let facts = evidence::steps(asker.logic, lits).unwrap_or_default();
    let arch = &tree.arches[arch];
    facts.into_iter().filter_map(|fact| Some(arch.fact(fact.place?, fact.text))).collect()
}

/// The options that the architecture does not define, which are off there.
fn absent(tree: &Tree, arch: usize, formulas: &[FormulaId]) -> Vec<Fact> {
    let mut names = Vec::new();
    for formula in formulas {
        operands::options(&tree.formulas, *formula, &mut names);
    }
    names.sort_unstable();
    names.dedup();
    let here = &tree.arches[arch];
    let defines = |index: usize, name: &str| {
        let arch = &tree.arches[index];
        arch.find(name.as_bytes()).filter(|id| arch.defines(*id))
    };
    let missing = names.into_iter().filter(|name| defines(arch, name).is_none());
    let elsewhere = missing.filter_map(|name| {
        let (index, id) = (0..tree.arches.len()).find_map(|at| Some((at, defines(at, name)?)))?;
        let other = &tree.arches[index];
        let menu = *other.model.symbol(id).menus.first()?;
        let text = format!("{name} is defined here, which {} does not read", here.name);
        Some(other.fact(other.model.menu(menu).place, text))
    });
    elsewhere.collect()
}
