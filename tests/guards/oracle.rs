//! What GCC says about each line of a file, and what the formulas say.
//!
//! Variables that are nobody's to choose (an unknown macro, a comparison) get their values from GCC as
//! well: the text is put into an `#if` of its own before the chain that asks for it. Where the same
//! variable is asked for twice, GCC must answer the same: that shows that no variable outlives a
//! redefinition.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::Command;

use hmmsize::model::formula::{Atom, Formula, FormulaId, Formulas, NameId};
use hmmsize::source::guards::{self, FileGuards, FileKind, Manner};

use crate::generate::Random;
use crate::support::scratch;

/// The tests of options, as the kernel's documentation describes them: true if the macro is 1.
pub const TESTS: &str = "\
#define hmm_one_1 ,
#define hmm_second(a, b, ...) b
#define hmm_test(rest) hmm_second(rest 1, 0, 0)
#define hmm_paste(value) hmm_test(hmm_one_##value)
#define __is_defined(x) hmm_paste(x)
#define hmm_paste_module(x) hmm_paste(x)
#define IS_BUILTIN(option) __is_defined(option)
#define IS_MODULE(option) __is_defined(option##_MODULE)
#define IS_ENABLED(option) (IS_BUILTIN(option) || IS_MODULE(option))
#define IS_REACHABLE(option) (IS_BUILTIN(option) || (IS_MODULE(option) && __is_defined(MODULE)))
";

/// How much was compared.
#[derive(Debug, Default)]
pub struct Tally {
    /// Files, counted once for each valuation.
    pub files: usize,
    /// Lines compared.
    pub lines: usize,
    /// Lines that survived.
    pub present: usize,
    /// Variables whose value GCC was asked for.
    pub probes: usize,
    /// Files that GCC has errors about, other than `#error`.
    pub given_up: usize,
}

/// The value of an option.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Value {
    No,
    Module,
    Yes,
    Number(u32),
}

pub struct Oracle {
    scratch: tempfile::TempDir,
}

impl Oracle {
    pub fn new() -> Self {
        let scratch = scratch();
        fs::write(scratch.path().join("tests.h"), TESTS).unwrap();
        Self { scratch }
    }

    /// Compares every line of `text` under one random valuation.
    pub fn compare(
        &self,
        name: &str,
        kind: FileKind,
        text: &str,
        random: &mut Random,
        tally: &mut Tally,
    ) {
        let mut f = Formulas::default();
        let (file, diags) = guards::read(name, kind, text.as_bytes(), &mut f);
        assert_eq!(diags, [], "{name}\n{text}");
        let valuation = valuation(&file, &f, random);
        let in_module = random.below(2) == 0;
        let mut options = String::new();
        for (option, value) in &valuation {
            let _ = match value {
                Value::No => Ok(()),
                Value::Module => writeln!(options, "#define CONFIG_{option}_MODULE 1"),
                Value::Yes => writeln!(options, "#define CONFIG_{option} 1"),
                Value::Number(number) => writeln!(options, "#define CONFIG_{option} {number}"),
            };
        }
        if in_module {
            options.push_str("#define MODULE 1\n");
        }
        let marked = Marked::new(text, &file, &f, kind);
        let Some(survivors) = self.preprocess(&marked.text, &options, kind) else {
            tally.given_up += 1;
            return;
        };
        let context = || format!("{name}\n{options}\n{}", numbered(&marked.text));

        // What GCC says about the variables.
        let mut opaque: BTreeMap<u32, bool> = BTreeMap::new();
        for (probe, (atom, line)) in marked.probes.iter().enumerate() {
            if survivors.contains(&format!("HMML_{probe}")) {
                let value = survivors.contains(&format!("HMMP_{probe}"));
                let known = *opaque.entry(*atom).or_insert(value);
                let what = f.text(NameId(*atom));
                assert_eq!(known, value, "{what} changed before line {line} of {}", context());
                tally.probes += 1;
            }
        }
        let top = FormulaId(f.len() as u32 - 1);
        let values = f.values(top, |atom| match atom {
            Atom::Yes(n) => {
                matches!(value_of(&valuation, f.text(n)), Value::Yes | Value::Number(_))
            }
            Atom::NonZero(n) => match value_of(&valuation, f.text(n)) {
                Value::Yes => true,
                Value::Number(number) => number != 0,
                Value::No | Value::Module => false,
            },
            Atom::Module(n) => value_of(&valuation, f.text(n)) == Value::Module,
            Atom::InModule => in_module,
            Atom::Equals(..) => unreachable!("the reader of C makes none"),
            Atom::Opaque(n) => opaque.get(&n.0).copied().unwrap_or(false),
        });
        for (line, alive) in &marked.lines {
            let ours = *alive && values[file.presence_at(*line).0 as usize];
            let theirs = survivors.contains(&format!("HMM_{line}"));
            let why = if *alive { "code" } else { "comment" };
            if ours != theirs {
                for block in &file.blocks {
                    let value = |id: FormulaId| values[id.0 as usize];
                    let (own, outer) = (value(block.own), value(block.outer));
                    let previous = value(block.previous);
                    let (at, lines) = (block.at.line, block.lines);
                    eprintln!("line {at} {lines:?}: own {own}, previous {previous}, outer {outer}");
                }
            }
            assert_eq!(ours, theirs, "line {line}, {why} (ours, gcc's) of {}", context());
            tally.lines += 1;
            tally.present += usize::from(ours);
        }
        tally.files += 1;
    }

    /// The tokens that survive; `None` if GCC does not understand the file.
    fn preprocess(&self, text: &str, options: &str, kind: FileKind) -> Option<BTreeSet<String>> {
        let dir = self.scratch.path();
        fs::write(dir.join("options.h"), options).unwrap();
        let assembly = kind.is_assembly();
        let source = if assembly { "file.S" } else { "file.c" };
        fs::write(dir.join(source), text).unwrap();
        let language = if assembly { "assembler-with-cpp" } else { "c" };
        let output = gcc(dir, &["-x", language, source]);
        let messages = String::from_utf8_lossy(&output.stderr);
        let wrong = messages.lines().any(|line| {
            line.contains(" error: ")
                && !line.contains(" error: #error")
                && !line.contains("pasting")
        });
        if wrong {
            eprintln!("given up: {}", messages.lines().find(|l| l.contains("error")).unwrap());
            return None;
        }
        let out = String::from_utf8_lossy(&output.stdout);
        let words = out.split(|c: char| !c.is_alphanumeric() && c != '_');
        Some(words.filter(|word| word.starts_with("HMM")).map(str::to_owned).collect())
    }
}

fn gcc(dir: &Path, args: &[&str]) -> std::process::Output {
    Command::new("gcc")
        .current_dir(dir)
        .env("LC_ALL", "C")
        .args(["-E", "-P", "-w", "-std=gnu11", "-include", "tests.h", "-include", "options.h"])
        .args(args)
        .output()
        .unwrap()
}

fn value_of(valuation: &BTreeMap<String, Value>, option: &str) -> Value {
    valuation.get(option).copied().unwrap_or(Value::No)
}

/// A value for every option that the file names.
fn valuation(file: &FileGuards, f: &Formulas, random: &mut Random) -> BTreeMap<String, Value> {
    let mut numbers = BTreeSet::new();
    let mut tested = BTreeSet::new();
    for mention in &file.mentions {
        let name = f.text(mention.name).to_owned();
        if mention.manner == Manner::Value {
            numbers.insert(name);
        } else if mention.manner != Manner::Defined {
            // `IS_ENABLED` of a number is true only of 1: not what these tests are about.
            tested.insert(name);
        }
    }
    let mut out = BTreeMap::new();
    for mention in &file.mentions {
        let name = f.text(mention.name).to_owned();
        let number = numbers.contains(&name) && !tested.contains(&name);
        let value = match random.below(6) {
            0 | 1 => Value::No,
            2 if !numbers.contains(&name) => Value::Module,
            3 | 4 if number => Value::Number(random.below(70)),
            5 if number => Value::Number(random.below(4)),
            _ => Value::Yes,
        };
        out.insert(name, value);
    }
    out
}

/// A file with tokens in it.
struct Marked {
    text: String,
    /// The lines that have a token, and whether it is in code (and not in a comment).
    lines: Vec<(u32, bool)>,
    /// For each probe the name of its variable, and the line it is before.
    probes: Vec<(u32, u32)>,
}

impl Marked {
    fn new(text: &str, file: &FileGuards, f: &Formulas, kind: FileKind) -> Self {
        let mut before: BTreeMap<u32, BTreeSet<u32>> = BTreeMap::new();
        for block in &file.blocks {
            let head = file.blocks[block.head as usize].at.line;
            let mut names = BTreeSet::new();
            opaque_names(f, block.own, &mut names);
            before.entry(head).or_default().extend(names);
        }
        let mut directive = vec![false; file.lines as usize + 2];
        let mut out = String::new();
        let mut lines = Vec::new();
        let mut probes = Vec::new();
        let ends = line_ends(text, kind);
        let mut probe = |name: u32, number: u32, out: &mut String| {
            let text = f.text(NameId(name)).split(" @").next().unwrap();
            let probe = probes.len();
            let _ = write!(out, "HMML_{probe}\n#if {text}\nHMMP_{probe}\n#endif\n");
            probes.push((name, number));
        };
        // A name without a place stands for what was before the file's first line.
        let all: BTreeSet<u32> = before.values().flatten().copied().collect();
        for name in all.iter().filter(|name| !f.text(NameId(**name)).contains(" @")) {
            probe(*name, 0, &mut out);
        }
        for ((number, line), end) in (1_u32..).zip(text.lines()).zip(&ends) {
            for name in before.get(&number).into_iter().flatten() {
                // One name is its first value; what the file makes of it is in the formula.
                let text = f.text(NameId(*name));
                let words = text.split(|c: char| !c.is_alphanumeric() && c != '_');
                let names = words.filter(|word| word.starts_with(|c: char| c.is_alphabetic()));
                let names = names.filter(|word| !matches!(*word, "defined" | "IS_BUILTIN"));
                if text.contains(" @") || names.count() > 1 {
                    probe(*name, number, &mut out);
                }
            }
            out.push_str(line);
            directive[number as usize] = end.directive;
            if !end.directive && !end.spliced && !end.raw {
                let _ = write!(out, " HMM_{number}");
                lines.push((number, end.code));
            }
            out.push('\n');
        }
        Self { text: out, lines, probes }
    }
}

fn opaque_names(f: &Formulas, top: FormulaId, out: &mut BTreeSet<u32>) {
    let mut seen = BTreeSet::new();
    let mut waiting = vec![top];
    while let Some(id) = waiting.pop() {
        if !seen.insert(id) {
            continue;
        }
        match f.get(id) {
            Formula::Atom(Atom::Opaque(name)) => {
                out.insert(name.0);
            }
            Formula::Not(a) => waiting.push(a),
            Formula::And(a, b) | Formula::Or(a, b) => waiting.extend([a, b]),
            Formula::Const(_) | Formula::Atom(_) => {}
        }
    }
}

/// What is at the end of a line.
#[derive(Debug, Clone, Copy)]
struct End {
    /// Neither a comment nor a literal.
    code: bool,
    /// A backslash that joins the next line.
    spliced: bool,
    /// The line is part of a directive.
    directive: bool,
    /// In a raw string, where nothing may be put.
    raw: bool,
}

/// A slow second reader, one character after the other, that knows nothing but where comments,
/// literals and directives are.
fn line_ends(text: &str, kind: FileKind) -> Vec<End> {
    #[derive(Clone, Copy, PartialEq)]
    enum State {
        Code,
        Block,
        Line,
        Quote(char),
        Raw,
    }
    let c = !kind.is_assembly();
    let mut out = Vec::new();
    let (mut state, mut blank, mut directive, mut last) = (State::Code, true, false, ' ');
    let mut raw_end = String::new();
    let lines: Vec<&str> = text.lines().collect();
    for line in lines {
        let spliced = line.trim_end().ends_with('\\') && state != State::Raw;
        let shown = if spliced { line.trim_end().trim_end_matches('\\') } else { line };
        let mut chars = shown.char_indices().peekable();
        while let Some((at, char)) = chars.next() {
            match state {
                State::Raw => {
                    if shown[at..].starts_with(&raw_end) {
                        chars.nth(raw_end.len() - 2);
                        state = State::Code;
                    }
                }
                State::Block => {
                    if last == '*' && char == '/' {
                        (state, last) = (State::Code, ' ');
                        continue;
                    }
                }
                State::Line => {}
                State::Quote(quote) => {
                    if last == '\\' {
                        last = ' ';
                        continue;
                    }
                    if char == quote {
                        state = State::Code;
                    }
                }
                State::Code => {
                    if last == '/' && char == '*' {
                        (state, last) = (State::Block, ' ');
                        continue;
                    }
                    if last == '/' && char == '/' {
                        state = State::Line;
                    } else if blank && (char == '#' || (c && shown[at..].starts_with("%:"))) {
                        directive = true;
                    } else if char == '"' && last == 'R' && c && shown[at..].contains('(') {
                        let delimiter = shown[at + 1..].split('(').next().unwrap();
                        raw_end = format!("){delimiter}\"");
                        state = State::Raw;
                    } else if char == '"' || char == '\'' {
                        state = State::Quote(char);
                    }
                    let comment = char == '/' && matches!(chars.peek(), Some((_, '/' | '*')));
                    blank = blank && (char.is_whitespace() || comment);
                }
            }
            last = char;
        }
        let code = !matches!(state, State::Block | State::Line | State::Quote(_));
        let within = matches!(state, State::Quote(_));
        out.push(End { code, spliced, directive, raw: state == State::Raw || within });
        if !spliced {
            last = '\n';
            if !matches!(state, State::Block | State::Raw) {
                (state, blank, directive) = (State::Code, true, false);
            }
        }
    }
    out
}

fn numbered(text: &str) -> String {
    let lines = text.lines().enumerate();
    lines.fold(String::new(), |mut out, (index, line)| {
        let _ = writeln!(out, "{:4} {line}", index + 1);
        out
    })
}
