//! B005: an object or directory that is listed, and that no configuration builds.

use rustc_hash::FxHashMap;

use crate::lint::context::Tree;
use crate::lint::verdicts::operands;
use crate::lint::{ArchCx, Check, Claim, Needs, Rule, evidence, places};
use crate::logic::Answer;
use crate::logic::circuit::Lit;
use crate::model::finding::{Fact, Finding, Severity};
use crate::model::formula::{FormulaId, Formulas};
use crate::source::makefile::syntax::Loc;
use crate::source::makefile::{Presence, Role};

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
    name: String,
    /// The first line that lists it.
    rule: &'t Loc,
    /// When it is built, or visited.
    built: FormulaId,
    /// When that could be otherwise: the makefile is read, the whole is built that it is part of. Any of
    /// these.
    above: Vec<FormulaId>,
    /// The lines that lead there.
    chain: Vec<Loc>,
}

fn check(cx: &mut ArchCx<'_>) {
    let tree = cx.tree;
    let Some(kbuild) = &cx.arch.kbuild else { return };
    let mut all = objects(kbuild);
    all.extend(directories(kbuild));
    let mut claims = Vec::new();
    for listed in &all {
        // Where something else than Kconfig decides, there is nothing to say.
        if !is_about_options(tree, listed.built) {
            continue;
        }
        let Some(key) = cx.is_open((&listed.name, 0)) else { continue };
        let built = cx.formula(listed.built);
        claims.push(Claim { key, definition: None, never: vec![vec![built]], what: listed });
    }
    let holds = cx.ask(&claims);
    let dead: Vec<_> = claims.iter().zip(holds).filter(|(_, holds)| *holds).collect();
    let mut alive: Vec<Vec<Lit>> = Vec::new();
    for (claim, _) in &dead {
        let above: Vec<Lit> = claim.what.above.iter().map(|one| cx.formula(*one)).collect();
        alive.push(vec![cx.logic().circuit().any(above)]);
    }
    let alive = cx.logic().each(&alive);
    let mut texts = places::Texts::new(tree);
    for ((claim, _), _) in dead.iter().zip(alive).filter(|(_, alive)| *alive != Answer::Impossible)
    {
        let Listed { name, rule, chain, .. } = claim.what;
        let mut finding = Finding {
            file: rule.file.to_string(),
            line: rule.line,
            column: 1,
            message: format!("no configuration builds {name}"),
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
fn objects(kbuild: &Presence) -> Vec<Listed<'_>> {
    let composites: FxHashMap<&str, FormulaId> =
        kbuild.composites.iter().map(|object| (&*object.path, object.built)).collect();
    let sources = kbuild.objects.iter().filter(|object| object.source.is_some());
    let mut out = Vec::new();
    for object in sources.chain(&kbuild.composites) {
        let Some(first) = object.contributions.first() else { continue };
        let above = object.contributions.iter().map(|one| {
            let visited = kbuild.directories.get(one.directory).map(|visit| visit.visited);
            let whole = one.part_of.as_ref().and_then(|whole| composites.get(&*whole.path));
            whole.copied().or(visited).unwrap_or(Formulas::TRUE)
        });
        out.push(Listed {
            name: object.path.to_string(),
            rule: first.part_of.as_ref().map_or(&first.rule, |whole| &whole.rule),
            built: object.built,
            above: above.collect(),
            chain: kbuild.chain(first),
        });
    }
    out
}

/// The directories that are listed. What a rule of a makefile's own visits is its own business.
fn directories(kbuild: &Presence) -> Vec<Listed<'_>> {
    let mut out = Vec::new();
    for visit in &kbuild.directories {
        let Some(first) = visit.ways.first() else { continue };
        if visit.ways.iter().any(|way| way.role == Role::Special) {
            continue;
        }
        let above = visit.ways.iter().map(|way| {
            let above = way.from.and_then(|from| kbuild.directories.get(from));
            above.map_or(Formulas::TRUE, |above| above.visited)
        });
        out.push(Listed {
            name: format!("{}/", visit.path),
            rule: &first.rule,
            built: visit.visited,
            above: above.collect(),
            chain: vec![first.rule.clone()],
        });
    }
    out
}

/// Whether all options that the formula names are defined by an architecture that is looked at.
fn is_about_options(tree: &Tree, formula: FormulaId) -> bool {
    let mut names = Vec::new();
    operands::options(&tree.formulas, formula, &mut names);
    let defined = |name: &&str| tree.symbols.get(*name).is_some_and(|known| known.arches != 0);
    names.iter().all(defined)
}
