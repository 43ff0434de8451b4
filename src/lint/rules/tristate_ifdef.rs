//! G002: a tristate that a module tests with `#ifdef` alone.

use rustc_hash::FxHashSet;

use crate::kconf::eval::{State, Tristate};
use crate::kconf::model::SymbolId;
use crate::lint::context::Tree;
use crate::lint::gating::ask::{Reading, holds};
use crate::lint::{ArchCx, Check, Needs, Rule, places};
use crate::logic::Answer;
use crate::logic::circuit::Lit;
use crate::model::confirm::{Held, Test};
use crate::model::finding::Severity;
use crate::model::formula::{FormulaId, Formulas};
use crate::source::guards::{Block, FileGuards, FileKind, Manner, Mention};

/// The rule.
pub const RULE: Rule = Rule {
    code: "G002",
    name: "tristate-ifdef",
    severity: Severity::Warning,
    default: true,
    what: "Reports `#ifdef CONFIG_X` and `defined(CONFIG_X)` in code that can be part of a module in a \
           configuration where the tristate X is `m`. A file that looks at X in another way too (at \
           `CONFIG_X_MODULE`, by `IS_ENABLED` and the like) or that loads modules itself knows what it \
           does, and is left alone; so are blocks of nothing but `#include`s. Of several tests in a file, \
           the first is reported. The configuration is shown, and was evaluated.",
    why: "For an option that is `m`, Kconfig defines `CONFIG_X_MODULE` and not `CONFIG_X`: the module is \
          built as if the option were off, although both are there.",
    example: "
config ZONE_HELPER
	tristate \"helper\"

/* obj-m += user.o */
#ifdef CONFIG_ZONE_HELPER
	zone_helper_register(&user);
#endif
",
    fix: "`#if IS_ENABLED(CONFIG_X)`; where a part of the kernel itself must not call into a module, \
          `#if IS_REACHABLE(CONFIG_X)`.",
    needs: Needs::ALL,
    check: Check::Arch(check),
};

/// Another look at the option, which shows that its author knows.
fn knows(mention: &Mention) -> bool {
    let other = matches!(
        mention.manner,
        Manner::IsEnabled | Manner::IsBuiltin | Manner::IsModule | Manner::IsReachable
    );
    mention.module || other
}

/// The tests in a file that nothing else in it goes with.
fn tests<'t>(tree: &Tree, file: &'t FileGuards) -> Vec<&'t Mention> {
    let alone = |mention: &&Mention| {
        let name = mention.name;
        let is_tristate =
            tree.symbols.get(tree.formulas.text(name)).is_some_and(|known| known.tristate != 0);
        mention.manner == Manner::Defined
            && is_tristate
            && !file.mentions.iter().any(|other| other.name == name && knows(other))
            && !file.overrides.iter().any(|change| change.name == name)
            && !own(file, mention).is_some_and(|block| has_headers_only(tree, file, block))
    };
    file.mentions.iter().filter(alone).collect()
}

/// The block whose condition has the test.
fn own<'t>(file: &'t FileGuards, mention: &Mention) -> Option<&'t Block> {
    let within = |start: u32, end: usize| start <= mention.at.start && mention.at.end() <= end;
    file.blocks.iter().find(|block| within(block.condition.start, block.condition.end()))
}

/// Whether a block has nothing but `#include`s of headers: what is done with them is elsewhere.
fn has_headers_only(tree: &Tree, file: &FileGuards, block: &Block) -> bool {
    let (first, last) = block.lines;
    let headers = file.includes.iter().filter(|include| {
        let name = tree.formulas.text(include.name);
        (first..=last).contains(&include.line) && FileKind::of(name) == Some(FileKind::Header)
    });
    headers.count() as u32 == (last + 1).saturating_sub(first)
}

/// What holds where a test stands, as far as its file says.
fn place(file: &FileGuards, mention: &Mention) -> Vec<FormulaId> {
    let own = own(file, mention);
    let outer = mention.block.map(|block| file.blocks[block as usize].presence);
    let all = own.map(|block| [block.outer, block.previous]).into_iter().flatten().chain(outer);
    all.filter(|formula| *formula != Formulas::TRUE).collect()
}

/// A test, and what would have to hold for it to go wrong.
struct Open<'t> {
    file: &'t FileGuards,
    mention: &'t Mention,
    symbol: SymbolId,
    key: u64,
    /// How many more there are in the file.
    others: usize,
    conditions: Vec<FormulaId>,
    lits: Vec<Lit>,
}

fn check(cx: &mut ArchCx<'_>) {
    let (tree, index) = (cx.tree, cx.index);
    let mut open = Vec::new();
    let compiled = tree.guards.files.iter().filter(|file| file.kind == FileKind::C && !file.uapi);
    for file in compiled.filter(|file| tree.domain(&file.path) >> index & 1 == 1) {
        let tests = tests(tree, file);
        for mention in &tests {
            let others = tests.iter().filter(|other| other.name == mention.name).count() - 1;
            open.extend(question(cx, file, mention, others));
        }
    }
    if open.is_empty() {
        return;
    }
    let questions: Vec<Vec<Lit>> = open.iter().map(|one| one.lits.clone()).collect();
    let answers = cx.logic().each(&questions);
    let possible = open.iter().zip(answers).filter(|(_, answer)| *answer == Answer::Possible);
    let mut seen = FxHashSet::default();
    let mut texts = tree.source_texts();
    for (one, _) in possible {
        // Of several in a file, the first stands for all.
        if !seen.insert((&*one.file.path, one.mention.name))
            || loads_modules(texts.get(&one.file.path))
        {
            continue;
        }
        let name = tree.formulas.text(one.mention.name);
        let more = match one.others {
            0 => String::new(),
            others => format!(" (and {others} more here)"),
        };
        let message = format!(
            "where CONFIG_{name} is m, this module is built as if it were off: only \
             CONFIG_{name}_MODULE is defined then{more}"
        );
        let mut finding = places::at_span(&one.file.path, one.mention.at, message);
        finding.symbol = Some(name.to_owned());
        let mut held = vec![Held::Value(name.to_owned(), "m".to_owned())];
        held.extend(one.conditions.iter().map(|formula| Held::InModule(*formula)));
        finding.test = Some(Test::Config(held));
        let check = |state: &mut State<'_>| {
            let most = Reading::most(true);
            state.tristate(one.symbol) == Tristate::Mod
                && one.conditions.iter().all(|f| holds(&tree.formulas, state, *f, most))
        };
        cx.shows(one.key, finding, &one.lits, &check);
    }
}

/// Whether code loads what is a module by itself, and knows that it is one.
fn loads_modules(text: &[u8]) -> bool {
    let calls: [&[u8]; 3] = [b"request_module(", b"symbol_get(", b"symbol_request("];
    calls.iter().any(|call| memchr::memmem::find(text, call).is_some())
}

/// What would have to hold for a test to go wrong: the option is `m` where the test is part of a module.
fn question<'t>(
    cx: &mut ArchCx<'t>,
    file: &'t FileGuards,
    mention: &'t Mention,
    others: usize,
) -> Option<Open<'t>> {
    let (tree, arch) = (cx.tree, cx.arch);
    let key = cx.is_open((&file.path, mention.at.start))?;
    let symbol = arch.find(tree.formulas.text(mention.name).as_bytes())?;
    let mut conditions = place(file, mention);
    conditions.extend([tree.built(cx.index, file), tree.in_module]);
    let mut lits: Vec<Lit> = conditions.iter().map(|one| cx.formula(*one)).collect();
    let value = cx.logic().encoder().value(symbol);
    lits.extend([value.m, !value.y]);
    Some(Open { file, mention, symbol, key, others, conditions, lits })
}
