//! B005: an object or directory that is listed, and that no configuration builds.

use std::borrow::Cow;

use rustc_hash::FxHashMap;

use crate::lint::context::Tree;
use crate::lint::verdicts::operands;
use crate::lint::{ArchCx, Check, Claim, Needs, Rule, evidence};
use crate::logic::Answer;
use crate::logic::circuit::Lit;
use crate::model::finding::{Fact, Finding, Severity};
use crate::model::formula::{FormulaId, Formulas};
use crate::source::makefile::syntax::Loc;
use crate::source::makefile::{Object, Presence, Role, Visit};

/// The rule.
pub const RULE: Rule = Rule {
    code: "B005",
    name: "dead-object",
    severity: Severity::Warning,
    default: true,
    what: "Reports objects and directories that a makefile lists and no configuration of any architecture \
           builds: the options that they ask for can never be on, or not together with what leads to the \
           makefile. Of a directory, only the line that leads to it is reported. Where that is so only \
           because of BROKEN or COMPILE_TEST, it is a note.",
    why: "The source is never compiled: it rots, and whoever changes an interface still has to mend it.",
    example: "
# in a directory that only obj-$(CONFIG_ZONE_DEVICE) leads to
ifndef CONFIG_ZONE_DEVICE
obj-y += fallback.o
endif
",
    fix: "Remove the line and what only it builds, or correct the condition.",
    needs: Needs::KBUILD,
    check: Check::Arch(check),
};

/// Something that is listed, on one architecture.
struct Listed<'t> {
    /// Its path; of a directory, with a slash at its end.
    name: Cow<'t, str>,
    /// When it is built, or visited.
    built: FormulaId,
    what: What<'t>,
}

#[derive(Clone, Copy)]
enum What<'t> {
    Object(&'t Object),
    Directory(&'t Visit),
}

fn check(cx: &mut ArchCx<'_>) {
    let tree = cx.tree;
    let Some(kbuild) = &cx.arch.kbuild else { return };
    let mut claims = Vec::new();
    for listed in objects(kbuild).chain(directories(kbuild)) {
        let Some(key) = cx.is_open((&listed.name, 0)) else { continue };
        // Where something else than Kconfig decides, there is nothing to say.
        if !is_about_options(tree, listed.built) || !is_concerned(tree, kbuild, &listed) {
            continue;
        }
        let built = cx.formula(listed.built);
        claims.push(Claim { key, definition: None, never: vec![vec![built]], what: listed });
    }
    let holds = cx.ask(&claims);
    let dead: Vec<_> = claims.iter().zip(holds).filter(|(_, holds)| *holds).collect();
    let composites: FxHashMap<&str, FormulaId> =
        kbuild.composites.iter().map(|object| (&*object.path, object.built)).collect();
    let mut alive: Vec<Vec<Lit>> = Vec::new();
    for (claim, _) in &dead {
        let above = above(kbuild, &composites, claim.what.what);
        let above: Vec<Lit> = above.into_iter().map(|one| cx.formula(one)).collect();
        alive.push(vec![cx.logic().circuit().any(above)]);
    }
    if dead.is_empty() {
        return;
    }
    let alive = cx.logic().each(&alive);
    let mut texts = tree.source_texts();
    for ((claim, _), _) in dead.iter().zip(alive).filter(|(_, alive)| *alive != Answer::Impossible)
    {
        let Some((rule, chain)) = lines(kbuild, claim.what.what) else { continue };
        let mut finding = Finding {
            file: rule.file.to_string(),
            line: rule.line,
            column: 1,
            message: format!("no configuration builds {}", claim.what.name),
            ..Finding::default()
        };
        let chain = chain.iter().map(|rule| Fact {
            file: rule.file.to_string(),
            line: rule.line,
            text: texts.line(&rule.file, rule.line).trim().to_owned(),
        });
        finding.proof = Some(chain.filter(|fact| fact.text.contains("CONFIG_")).collect());
        cx.nowhere(claim, finding, evidence::spare_broken);
    }
}

/// The objects that have a source and that Kbuild lists.
fn objects(kbuild: &Presence) -> impl Iterator<Item = Listed<'_>> {
    let sources = kbuild.objects.iter().filter(|object| object.source.is_some());
    sources.chain(&kbuild.composites).map(|object| Listed {
        name: Cow::Borrowed(&object.path),
        built: object.built,
        what: What::Object(object),
    })
}

/// The directories that are listed. What a rule of a makefile's own visits is its own business.
fn directories(kbuild: &Presence) -> impl Iterator<Item = Listed<'_>> {
    let plain = |visit: &&Visit| visit.ways.iter().all(|way| way.role != Role::Special);
    kbuild.directories.iter().filter(plain).map(|visit| Listed {
        name: Cow::Owned(format!("{}/", visit.path)),
        built: visit.visited,
        what: What::Directory(visit),
    })
}

/// When it could be otherwise: the makefile is read, the whole is built that it is part of. Any of these.
fn above(
    kbuild: &Presence,
    composites: &FxHashMap<&str, FormulaId>,
    what: What<'_>,
) -> Vec<FormulaId> {
    let visited = |index: usize| kbuild.directories.get(index).map(|visit| visit.visited);
    let above: Vec<Option<FormulaId>> = match what {
        What::Object(object) => {
            let all = kbuild.contributions(object).iter().map(|one| {
                let whole = one.part_of.as_ref().and_then(|whole| composites.get(&*whole.path));
                whole.copied().or(visited(one.directory))
            });
            all.collect()
        }
        What::Directory(visit) => visit.ways.iter().map(|way| way.from.and_then(visited)).collect(),
    };
    above.into_iter().map(|one| one.unwrap_or(Formulas::TRUE)).collect()
}

/// The first line that lists it, and the lines that lead there.
fn lines(kbuild: &Presence, what: What<'_>) -> Option<(Loc, Vec<Loc>)> {
    match what {
        What::Object(object) => {
            let first = kbuild.contributions(object).first()?;
            let rule = first.part_of.as_ref().map_or(&first.rule, |whole| &whole.rule);
            Some((rule.clone(), kbuild.chain(first)))
        }
        What::Directory(visit) => {
            let rule = &visit.ways.first()?.rule;
            Some((rule.clone(), vec![rule.clone()]))
        }
    }
}

/// Whether it is listed by a makefile that is asked about, or asks for an option that may have another
/// value than before.
fn is_concerned(tree: &Tree, kbuild: &Presence, listed: &Listed<'_>) -> bool {
    let Some(focus) = &tree.focus else { return true };
    let rule = match listed.what {
        What::Object(object) => kbuild
            .contributions(object)
            .first()
            .map(|one| one.part_of.as_ref().map_or(&one.rule, |whole| &whole.rule)),
        What::Directory(visit) => visit.ways.first().map(|way| &way.rule),
    };
    focus.concerns(rule.map_or("", |rule| &rule.file), |values| {
        let mut names = Vec::new();
        operands::options(&tree.formulas, listed.built, &mut names);
        names.iter().any(|name| values.contains(*name))
    })
}

/// Whether all options that the formula names are defined by an architecture that is looked at.
fn is_about_options(tree: &Tree, formula: FormulaId) -> bool {
    let mut names = Vec::new();
    operands::options(&tree.formulas, formula, &mut names);
    let defined = |name: &&str| tree.symbols.get(*name).is_some_and(|known| known.arches != 0);
    names.iter().all(defined)
}
