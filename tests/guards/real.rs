//! Files of a real kernel, copied without their includes, against GCC.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Instant;

use hmmsize::model::formula::{Atom, FormulaId, Formulas};
use hmmsize::source::guards::count::Counts;
use hmmsize::source::guards::{self, Block, Directive, FileKind, tree};
use rayon::prelude::*;

use crate::generate::Random;
use crate::oracle::{Oracle, Tally};
use crate::support::{have, linux_tree};

/// Where people write many guards, and all kinds of files are.
const DIRS: &[&str] = &[
    "arch/arm/include/asm",
    "arch/arm/kernel",
    "arch/arm64/kernel",
    "arch/powerpc/kernel",
    "arch/x86/entry",
    "arch/x86/include/asm",
    "arch/x86/kernel",
    "arch/x86/mm",
    "drivers/base",
    "fs",
    "include/asm-generic",
    "include/linux",
    "init",
    "kernel",
    "kernel/sched",
    "lib",
    "mm",
    "net/core",
    "net/ipv4",
    "security",
];

/// At least so many lines are compared.
const LINES: usize = 700_000;

/// The files directly in `dir`, by name.
fn files(dir: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(dir).into_iter().flatten().flatten();
    let mut paths: Vec<PathBuf> =
        entries.map(|entry| entry.path()).filter(|path| path.is_file()).collect();
    paths.sort();
    paths
}

/// The text without its includes (what is in other files is not what is tested), and with macros that
/// have parameters turned into macros that have none, since the former may swallow a line's token.
fn prepared(text: &str) -> String {
    text.lines().fold(String::new(), |mut out, line| {
        let directive = line.trim_start().strip_prefix('#').map_or("", str::trim_start);
        if let Some(rest) = directive.strip_prefix("define") {
            let start = rest.trim_start();
            let is_name = |c: char| c.is_alphanumeric() || c == '_';
            let name = &start[..start.find(|c| !is_name(c)).unwrap_or(start.len())];
            let body = &start[name.len()..];
            let blank = if body.starts_with('(') { " " } else { "" };
            out.extend(["#define ", name, blank, body]);
        } else if !directive.starts_with("include") {
            out.push_str(line);
        }
        out.push('\n');
        out
    })
}

#[test]
fn files_of_linux_are_read_as_gcc_reads_them() {
    let Some(tree) = linux_tree().filter(|_| have("gcc")) else { return };
    let oracle = Oracle::new();
    let mut random = Random::new(612);
    let mut tally = Tally::default();
    let mut blocks = 0;
    for path in DIRS.iter().flat_map(|dir| files(&tree.join(dir))) {
        let name = path.strip_prefix(&tree).unwrap().to_str().unwrap();
        let Some(kind) = FileKind::of(name) else { continue };
        let text = prepared(&String::from_utf8_lossy(&fs::read(&path).unwrap()));
        let directives = text.lines().filter(|line| line.starts_with("#if")).count();
        if directives < 4 {
            continue;
        }
        blocks += directives;
        oracle.compare(name, kind, &text, &mut random, &mut tally);
    }
    eprintln!("linux: {blocks} conditionals, {tally:?}");
    assert!(tally.lines >= LINES, "only {tally:?}");
    assert!(tally.given_up * 20 < tally.files, "{tally:?}");
}

/// What a line of text says, read naively: a conditional that names an option.
fn names_option(line: &str) -> bool {
    let Some(rest) = line.trim_start().strip_prefix('#') else { return false };
    let rest = rest.trim_start();
    (rest.starts_with("if") || rest.starts_with("elif")) && rest.contains("CONFIG_")
}

#[test]
fn a_whole_tree_is_counted_as_others_count_it() {
    let Some(root) = linux_tree() else { return };
    let mut f = Formulas::default();
    let start = Instant::now();
    let tree = tree::read(&root, &mut f).unwrap();
    let took = start.elapsed();
    let counts = Counts::of(&tree, &f);
    eprintln!("{took:?} {counts:#?}");
    let mut wrong: Vec<_> = tree.diags.iter().map(|diag| &*diag.file).collect();
    wrong.dedup();
    eprintln!("{} diagnostics in {wrong:?}", tree.diags.len());

    // Every file that the walk found is either read or plain.
    assert!(counts.seen.files > 50_000, "{counts:?}");
    assert_eq!(counts.seen.files, counts.seen.plain + counts.files);
    assert!(tree.files.is_sorted_by_key(|file| file.path.clone()));

    // A naive count over the same files sees the same, up to comments and conditions of many lines.
    let naive: usize = tree
        .files
        .par_iter()
        .map(|file| {
            let text = fs::read(root.join(&*file.path)).unwrap();
            String::from_utf8_lossy(&text).lines().filter(|line| names_option(line)).count()
        })
        .sum();
    let ours = counts.option_blocks as usize;
    assert!(ours.abs_diff(naive) * 500 < naive, "{ours} blocks, {naive} lines");

    // Every mention is one.
    let sample = tree.files.iter().step_by(50);
    for file in sample {
        let text = fs::read(root.join(&*file.path)).unwrap();
        for mention in &file.mentions {
            let found = String::from_utf8_lossy(mention.at.of(&text)).into_owned();
            let suffix = if mention.module { "_MODULE" } else { "" };
            let name = found.strip_prefix("CONFIG_").unwrap_or(&found);
            assert_eq!(name, format!("{}{suffix}", f.text(mention.name)), "{}", file.path);
        }
    }
}

#[test]
fn sparse_c_has_a_guard_inside_its_own_negation() {
    let Some(root) = linux_tree() else { return };
    let text = fs::read(root.join("mm/sparse.c")).unwrap();
    let mut f = Formulas::default();
    let (file, diags) = guards::read("mm/sparse.c", FileKind::C, &text, &mut f);
    assert_eq!(diags, []);
    let option = f.yes("SPARSEMEM_VMEMMAP");
    let negation = f.not(option);
    let inside = |block: &Block, own| {
        let mut around = block.parent;
        while let Some(parent) = around {
            let parent = &file.blocks[parent as usize];
            if parent.own == own {
                return Some(parent.at.line);
            }
            around = parent.parent;
        }
        None
    };
    let asked = file.blocks.iter().filter(|block| block.own == option);
    let found: Vec<_> =
        asked.filter_map(|block| inside(block, negation).map(|outer| (block, outer))).collect();
    let [(block, outer)] = found[..] else { panic!("{found:?}") };
    assert_eq!(block.directive, Directive::Ifdef);
    if text.split(|byte| *byte == b'\n').nth(561) == Some(b"#ifdef CONFIG_SPARSEMEM_VMEMMAP") {
        assert_eq!((outer, block.at.line, block.lines), (520, 562, (563, 642)));
    }
    // Whatever the options are: what is around it and what it asks for exclude each other.
    let top = FormulaId(f.len() as u32 - 1);
    let mut random = Random::new(562);
    let (mut around, mut own) = (0, 0);
    for _ in 0..1_000 {
        let coins: Vec<bool> = (0..64).map(|_| random.below(3) > 0).collect();
        let values = f.values(top, |atom| match atom {
            Atom::Yes(n) | Atom::Module(n) | Atom::NonZero(n) | Atom::Opaque(n) => {
                coins[n.0 as usize % coins.len()]
            }
            Atom::Equals(..) | Atom::InModule => coins[0],
        });
        let holds = |id: FormulaId| values[id.0 as usize];
        around += usize::from(holds(block.outer));
        own += usize::from(holds(block.own));
        assert!(!holds(block.outer) || !holds(block.own));
        assert!(!holds(block.presence));
    }
    assert!(around > 50 && own > 50, "{around} {own}");
}
