//! K002: a dependency that stands in the same definition, or in what it stands in, already.

use std::sync::Arc;

use bstr::ByteSlice;
use rustc_hash::FxHashMap;

use crate::kconf::syntax::{ExprId, File, LineKind};
use crate::lint::statements::{
    canonical, conjuncts, defined, entries, fact, files, finding, nested, text, whole_line,
};
use crate::lint::{Check, Needs, Rule, TreeCx};
use crate::model::finding::{Edit, Severity};

/// The rule.
pub const RULE: Rule = Rule {
    code: "K002",
    name: "duplicate-dependency",
    severity: Severity::Warning,
    default: true,
    what: "Reports an operand of `depends on` or `if` that another `depends on` of the same definition \
           says already, word for word, or a `menu`, `choice` or `if` around it, be it in a file that \
           sources this one. It is told where it stands, not for everything inside. (What follows from \
           other options is K103.)",
    why: "It has no effect, and whoever changes the dependency has to find and change both.",
    example: "
if NET

config A
	bool \"a\"
	depends on NET && PCI

endif
",
    fix: "Remove the inner one; `--fix` does.",
    needs: Needs::KCONFIG,
    check: Check::Tree(check),
};

/// What holds already, as it is written, with the file (its number) and the line that say so first.
type Known = FxHashMap<Vec<u8>, (usize, usize)>;

fn check(cx: &mut TreeCx<'_>) {
    let files = files(cx.tree);
    let inherited = Inherited::of(&files);
    for (number, read) in files.iter().enumerate() {
        let repeated = Repeated { files: &files, number };
        for entry in entries(&read.0) {
            let mut known = inherited.known[number].clone();
            add_around(&read.0, number, &entry.around, &mut known);
            let name = defined(&read.0, entry.head);
            for line in entry.lines.clone() {
                if let LineKind::Depends { on, cond: None } = read.0.lines[line].kind {
                    repeated.report(cx, name.as_deref(), (line, on), &mut known);
                }
            }
        }
        for (line, on, around) in ifs(&read.0) {
            let mut known = inherited.known[number].clone();
            add_around(&read.0, number, &around, &mut known);
            repeated.report(cx, None, (line, on), &mut known);
        }
    }
}

/// Adds what holds inside of all `heads`.
fn add_around(file: &File, number: usize, heads: &[usize], known: &mut Known) {
    for &head in heads {
        for (line, condition) in conditions_of(file, head) {
            let mut operands = Vec::new();
            conjuncts(file, condition, &mut operands);
            for operand in operands {
                known.entry(canonical(file, operand)).or_insert((number, line));
            }
        }
    }
}

/// The `if`s of a file: line, condition and what is around it.
fn ifs(file: &File) -> Vec<(usize, ExprId, Vec<usize>)> {
    let found = nested(file).filter_map(|(line, around)| match file.lines[line].kind {
        LineKind::If(condition) => Some((line, condition, around)),
        _ => None,
    });
    found.collect()
}

/// What holds where other files source a file: for each file what all of these places have.
struct Inherited {
    known: Vec<Known>,
}

impl Inherited {
    fn of(files: &[(Arc<File>, u64)]) -> Self {
        // By the file that is sourced: the file that does it, and what is around that line.
        let mut sites: Vec<Vec<(usize, Vec<usize>)>> = vec![Vec::new(); files.len()];
        for (number, (file, _)) in files.iter().enumerate() {
            for (line, around) in nested(file) {
                let LineKind::Source(path) = file.lines[line].kind else { continue };
                for target in sourced(files, file.text(path.span)) {
                    sites[target].push((number, around.clone()));
                }
            }
        }
        let mut all = Self { known: vec![Known::default(); files.len()] };
        let mut done = vec![false; files.len()];
        for number in 0..files.len() {
            all.settle(files, &sites, number, &mut done);
        }
        all
    }

    /// Works out one file, those that source it first. In a circle, which `conf` refuses, nothing is
    /// inherited.
    fn settle(
        &mut self,
        files: &[(Arc<File>, u64)],
        sites: &[Vec<(usize, Vec<usize>)>],
        number: usize,
        done: &mut [bool],
    ) {
        let mut todo = vec![number];
        while let Some(&number) = todo.last() {
            let first = !std::mem::replace(&mut done[number], true);
            let before = todo.len();
            if first {
                todo.extend(
                    sites[number].iter().map(|(from, _)| *from).filter(|from| !done[*from]),
                );
            }
            if todo.len() > before {
                continue;
            }
            todo.pop();
            let places = sites[number].iter().map(|(from, around)| {
                let mut known = self.known[*from].clone();
                add_around(&files[*from].0, *from, around, &mut known);
                known
            });
            let common = places.reduce(|mut all, one| {
                all.retain(|operand, _| one.contains_key(operand));
                all
            });
            self.known[number] = common.unwrap_or_default();
        }
    }
}

/// The files that `source` of this path can mean: `$(…)` may stand for anything.
fn sourced(files: &[(Arc<File>, u64)], path: &[u8]) -> Vec<usize> {
    let named = |number: &usize| {
        let name = files[*number].0.name.as_bytes();
        match (path.find_byte(b'$'), path.rfind_byte(b')')) {
            (Some(start), Some(end)) if start < end => {
                name.starts_with(&path[..start]) && name.ends_with(&path[end + 1..])
            }
            (Some(start), _) => name.starts_with(&path[..start]),
            (None, _) => name == path,
        }
    };
    (0..files.len()).filter(named).collect()
}

/// Finds what a condition repeats.
struct Repeated<'a> {
    files: &'a [(Arc<File>, u64)],
    /// Which of them is looked at.
    number: usize,
}

impl Repeated<'_> {
    /// Reports what the condition of a line says that is `known`, which it adds to.
    fn report(
        &self,
        cx: &mut TreeCx<'_>,
        symbol: Option<&str>,
        (line, condition): (usize, ExprId),
        known: &mut Known,
    ) {
        let read = &self.files[self.number];
        let file = &read.0;
        let mut operands = Vec::new();
        conjuncts(file, condition, &mut operands);
        let here = (self.number, line);
        for (index, &operand) in operands.iter().enumerate() {
            let first = *known.entry(canonical(file, operand)).or_insert(here);
            let span = file.exprs[operand.index()].span;
            let is_first = first == here
                && operands[..index]
                    .iter()
                    .all(|o| canonical(file, *o) != canonical(file, operand));
            if is_first {
                continue;
            }
            let written = text(file, span);
            let says = fact(&self.files[first.0].0, self.files[first.0].0.lines[first.1].span);
            let message = if first == here {
                format!("`{written}` stands in this dependency twice")
            } else if first.0 == self.number {
                format!("`{written}` is a dependency already, by line {}", says.line)
            } else {
                format!("`{written}` is a dependency already, by {}:{}", says.file, says.line)
            };
            let mut found = finding(cx.tree, read, span, message);
            found.symbol = symbol.map(str::to_owned);
            found.proof = Some(vec![says]);
            found.fix = vec![removal(file, line, &operands, index)];
            if operands.len() == 1 && matches!(file.lines[line].kind, LineKind::If(_)) {
                found
                    .fix
                    .extend(end_of(file, line).map(|end| whole_line(file, file.lines[end].span)));
            }
            cx.report(found);
        }
    }
}

/// The `endif` of the `if` at `line`.
fn end_of(file: &File, line: usize) -> Option<usize> {
    let mut open = 0;
    (line..file.lines.len()).find(|&at| {
        match file.lines[at].kind {
            LineKind::If(_) => open += 1,
            LineKind::EndIf => open -= 1,
            _ => {}
        }
        open == 0
    })
}

/// The conditions that hold for everything inside of `head`, with their lines.
fn conditions_of(file: &File, head: usize) -> Vec<(usize, ExprId)> {
    if let LineKind::If(condition) = file.lines[head].kind {
        return vec![(head, condition)];
    }
    let mut conditions = Vec::new();
    for (index, line) in file.lines.iter().enumerate().skip(head + 1) {
        match line.kind {
            LineKind::Depends { on, cond: None } => conditions.push((index, on)),
            // Prompts, defaults, types, help of a choice or menu.
            LineKind::Type { .. }
            | LineKind::Prompt(_)
            | LineKind::Default { .. }
            | LineKind::Depends { .. }
            | LineKind::Visible(_)
            | LineKind::Optional
            | LineKind::Option(_)
            | LineKind::Help(_) => {}
            _ => break,
        }
    }
    conditions
}

/// The removal of one operand of a chain of `&&`, or of the whole line.
pub(super) fn removal(file: &File, line: usize, operands: &[ExprId], index: usize) -> Edit {
    let span = |i: usize| file.exprs[operands[i].index()].span;
    if operands.len() == 1 {
        return whole_line(file, file.lines[line].span);
    }
    let (start, end) = if index == 0 {
        (span(0).start, span(1).start)
    } else {
        (span(index - 1).start + span(index - 1).len, span(index).start + span(index).len)
    };
    Edit { file: file.name.clone(), start, len: end - start, text: String::new() }
}
