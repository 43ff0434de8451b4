//! What a variable may hold: text that differs from one configuration to the next.
//!
//! A value is a sequence of segments, each either fixed or one of several alternatives that exclude
//! each other. What nobody can know before the build (the output of a command, the text of an int or
//! string symbol) stands between two marks in the text, and every question about it becomes an opaque
//! variable of the formula.

use rustc_hash::FxHashMap;

use crate::model::formula::{FormulaId, Formulas};

/// So many alternatives are told apart; beyond, the value counts as unknown.
pub(super) const MOST: usize = 128;

/// Opens and closes the unknown within a text.
const OPEN: char = '\u{1}';
const CLOSE: char = '\u{2}';

/// Part of a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Seg {
    /// In every configuration.
    Text(String),
    /// One of these; exactly one condition holds.
    Either(Vec<(FormulaId, String)>),
}

/// A value.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Value(pub(super) Vec<Seg>);

/// A word and when it is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Word {
    pub(super) text: String,
    pub(super) when: FormulaId,
}

/// Marks `text` as something unknown.
pub(super) fn unknown(text: &str) -> String {
    let clean = text.replace([OPEN, CLOSE], "");
    format!("{OPEN}{}{CLOSE}", clean.split_whitespace().collect::<Vec<_>>().join("\u{a0}"))
}

/// Whether some of `text` is unknown.
pub(super) fn is_unknown(text: &str) -> bool {
    text.contains(OPEN)
}

/// `text` for people.
pub(super) fn shown(text: &str) -> String {
    text.replace([OPEN, CLOSE], "").replace('\u{a0}', " ")
}

/// The symbol whose text is all of `text`.
fn symbol(text: &str) -> Option<&str> {
    text.strip_prefix(OPEN)?.strip_prefix("$(CONFIG_")?.strip_suffix(CLOSE)?.strip_suffix(')')
}

impl Value {
    pub(super) fn text(text: impl Into<String>) -> Self {
        let text = text.into();
        if text.is_empty() { Self::default() } else { Self(vec![Seg::Text(text)]) }
    }

    pub(super) fn unknown(text: &str) -> Self {
        Self::text(unknown(text))
    }

    /// One of several; conditions exclude each other. Where none holds, nothing.
    pub(super) fn either(f: &mut Formulas, options: Vec<(FormulaId, String)>) -> Self {
        let mut merged: Vec<(FormulaId, String)> = Vec::new();
        let mut index: FxHashMap<String, usize> = FxHashMap::default();
        let mut any = Formulas::FALSE;
        for (when, text) in options {
            if when == Formulas::FALSE {
                continue;
            }
            any = f.or(any, when);
            if let Some(&at) = index.get(&text) {
                merged[at].0 = f.or(merged[at].0, when);
            } else {
                index.insert(text.clone(), merged.len());
                merged.push((when, text));
            }
        }
        if any != Formulas::TRUE && !index.contains_key("") {
            merged.push((f.not(any), String::new()));
        }
        match &mut merged[..] {
            [(_, text)] => Self::text(std::mem::take(text)),
            _ => Self(vec![Seg::Either(merged)]),
        }
    }

    /// Words with a blank between them.
    pub(super) fn from_words(f: &mut Formulas, words: Vec<Word>) -> Self {
        let mut out = Self::default();
        for word in words {
            if !out.0.is_empty() {
                out.push_text(" ");
            }
            if word.when == Formulas::TRUE {
                out.push_text(&word.text);
            } else if word.when != Formulas::FALSE {
                let not = f.not(word.when);
                out.0.push(Seg::Either(vec![(word.when, word.text), (not, String::new())]));
            }
        }
        out
    }

    pub(super) fn push_text(&mut self, text: &str) {
        match self.0.last_mut() {
            Some(Seg::Text(last)) => last.push_str(text),
            _ if text.is_empty() => {}
            _ => self.0.push(Seg::Text(text.to_owned())),
        }
    }

    pub(super) fn push(&mut self, other: Self) {
        for seg in other.0 {
            match seg {
                Seg::Text(text) => self.push_text(&text),
                either @ Seg::Either(_) => self.0.push(either),
            }
        }
    }

    /// The same, but nothing unless `when`.
    pub(super) fn only(self, f: &mut Formulas, when: FormulaId) -> Self {
        if when == Formulas::TRUE {
            return self;
        }
        let not = f.not(when);
        let mut out = Self::default();
        for seg in self.0 {
            match seg {
                Seg::Text(text) if text.trim().is_empty() => out.push_text(&text),
                Seg::Text(text) => {
                    // Blanks stay outside, so that words can still be told apart.
                    let core = text.trim();
                    let start = text.len() - text.trim_start().len();
                    out.push_text(&text[..start]);
                    out.0.push(Seg::Either(vec![(when, core.to_owned()), (not, String::new())]));
                    out.push_text(&text[start + core.len()..]);
                }
                Seg::Either(options) => {
                    let options =
                        options.into_iter().map(|(c, text)| (f.and(c, when), text)).collect();
                    out.push(Self::either(f, options));
                }
            }
        }
        out
    }

    /// The one text that it is in every configuration.
    pub(super) fn constant(&self) -> Option<&str> {
        match &self.0[..] {
            [] => Some(""),
            [Seg::Text(text)] => Some(text),
            _ => None,
        }
    }

    /// Whether any text in it is `wanted`.
    pub(super) fn mentions(&self, wanted: impl Fn(&str) -> bool) -> bool {
        self.0.iter().any(|seg| match seg {
            Seg::Text(text) => wanted(text),
            Seg::Either(options) => options.iter().any(|(_, text)| wanted(text)),
        })
    }

    /// Bytes of text in all alternatives.
    pub(super) fn length(&self) -> usize {
        let of = |seg: &Seg| match seg {
            Seg::Text(text) => text.len(),
            Seg::Either(options) => options.iter().map(|(_, text)| text.len() + 8).sum(),
        };
        self.0.iter().map(of).sum()
    }

    /// Every text it can be, or nothing if these are too many.
    pub(super) fn options(&self, f: &mut Formulas) -> Option<Vec<(FormulaId, String)>> {
        combine(
            f,
            self.0.iter().map(|seg| match seg {
                Seg::Text(text) => Run::Text(text),
                Seg::Either(options) => Run::Either(options),
            }),
        )
    }

    /// The words, in order. Where a word cannot be told, it is unknown.
    pub(super) fn words(&self, f: &mut Formulas) -> Vec<Word> {
        let mut out = Vec::new();
        let mut run: Vec<Run> = Vec::new();
        for seg in &self.0 {
            match seg {
                Seg::Either(options) => run.push(Run::Either(options)),
                Seg::Text(text) => {
                    for (at, piece) in text.split(|c: char| c.is_ascii_whitespace()).enumerate() {
                        if at > 0 {
                            flush(f, &mut run, &mut out);
                        }
                        if !piece.is_empty() {
                            run.push(Run::Text(piece));
                        }
                    }
                }
            }
        }
        flush(f, &mut run, &mut out);
        out
    }

    /// When it is more than blanks.
    pub(super) fn nonempty(&self, f: &mut Formulas) -> FormulaId {
        let mut any = Formulas::FALSE;
        for seg in &self.0 {
            match seg {
                Seg::Text(text) => {
                    let here = text_nonempty(f, text);
                    any = f.or(any, here);
                }
                Seg::Either(options) => {
                    for (when, text) in options {
                        let here = text_nonempty(f, text);
                        let here = f.and(*when, here);
                        any = f.or(any, here);
                    }
                }
            }
        }
        any
    }

    /// When both are the same text, blanks apart.
    pub(super) fn equals(&self, f: &mut Formulas, other: &Self) -> FormulaId {
        for (a, b) in [(self, other), (other, self)] {
            if a.constant().is_some_and(|text| text.trim().is_empty()) {
                let some = b.nonempty(f);
                return f.not(some);
            }
        }
        let (Some(a), Some(b)) = (self.options(f), other.options(f)) else {
            return f.opaque("comparison of two lists");
        };
        let mut any = Formulas::FALSE;
        for (when_a, text_a) in &a {
            for (when_b, text_b) in &b {
                let same = same(f, text_a, text_b);
                let both = f.and(*when_a, *when_b);
                let both = f.and(both, same);
                any = f.or(any, both);
            }
        }
        any
    }
}

/// What stands between two blanks.
#[derive(Clone, Copy)]
enum Run<'a> {
    Text(&'a str),
    Either(&'a [(FormulaId, String)]),
}

fn combine<'a>(
    f: &mut Formulas,
    runs: impl Iterator<Item = Run<'a>>,
) -> Option<Vec<(FormulaId, String)>> {
    let mut all = vec![(Formulas::TRUE, String::new())];
    for run in runs {
        match run {
            Run::Text(text) => all.iter_mut().for_each(|(_, sofar)| sofar.push_str(text)),
            Run::Either(options) => {
                let mut next: Vec<(FormulaId, String)> = Vec::new();
                for (when, sofar) in &all {
                    for (c, text) in options {
                        let both = f.and(*when, *c);
                        if both == Formulas::FALSE {
                            continue;
                        }
                        let whole = format!("{sofar}{text}");
                        match next.iter_mut().find(|(_, known)| *known == whole) {
                            Some((known, _)) => *known = f.or(*known, both),
                            None => next.push((both, whole)),
                        }
                        if next.len() > MOST {
                            return None;
                        }
                    }
                }
                all = next;
            }
        }
    }
    Some(all)
}

fn flush(f: &mut Formulas, run: &mut Vec<Run>, out: &mut Vec<Word>) {
    match run[..] {
        [] => return,
        [Run::Text(text)] => out.push(Word { text: text.to_owned(), when: Formulas::TRUE }),
        [Run::Either(options)] => split(options, out),
        _ => match combine(f, run.iter().copied()) {
            Some(options) => split(&options, out),
            None => out.push(Word { text: unknown("too many"), when: Formulas::TRUE }),
        },
    }
    run.clear();
}

fn split(options: &[(FormulaId, String)], out: &mut Vec<Word>) {
    for (when, text) in options {
        let words = text.split_ascii_whitespace();
        out.extend(words.map(|word| Word { text: word.to_owned(), when: *when }));
    }
}

fn text_nonempty(f: &mut Formulas, text: &str) -> FormulaId {
    if !is_unknown(text) {
        return FormulaId(u32::from(!text.trim().is_empty()));
    }
    if let Some(symbol) = symbol(text.trim()) {
        let set = f.yes(symbol);
        let empty = f.equals(symbol, "");
        let not = f.not(empty);
        return f.and(set, not);
    }
    if text.trim().starts_with(OPEN) && text.trim().ends_with(CLOSE) {
        return f.opaque(&shown(text.trim()));
    }
    Formulas::TRUE
}

/// When two texts are the same.
pub(super) fn same(f: &mut Formulas, a: &str, b: &str) -> FormulaId {
    let (a, b) = (a.trim(), b.trim());
    if a == b {
        return Formulas::TRUE;
    }
    if !is_unknown(a) && !is_unknown(b) {
        // Runs of blanks come and go with what is between them.
        let same = a.split_ascii_whitespace().eq(b.split_ascii_whitespace());
        return FormulaId(u32::from(same));
    }
    match (symbol(a), symbol(b)) {
        (Some(name), None) if !is_unknown(b) => f.equals(name, b),
        (None, Some(name)) if !is_unknown(a) => f.equals(name, a),
        _ => f.opaque(&format!("{} = {}", shown(a), shown(b))),
    }
}
