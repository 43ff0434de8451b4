//! Lines without their places: what has to stay the same when a file is printed and read again.

use crate::kconf::syntax::{ExprId, ExprKind, File, LineKind, OptionLine, Prompt, Word, help_text};

/// Every line in words, its spans replaced by what they hold.
pub(super) fn shape(file: &File) -> Vec<String> {
    file.lines.iter().map(|line| Shape(file).line(&line.kind, file.text(line.span))).collect()
}

struct Shape<'a>(&'a File);

impl Shape<'_> {
    fn line(&self, kind: &LineKind, raw: &[u8]) -> String {
        match kind {
            LineKind::MainMenu(text) => format!("mainmenu {}", self.word(*text)),
            LineKind::Config { name, menu } => format!("config {menu} {}", self.word(*name)),
            LineKind::Choice(name) => format!("choice {:?}", name.map(|name| self.word(name))),
            LineKind::Menu(text) => format!("menu {}", self.word(*text)),
            LineKind::If(cond) => format!("if {}", self.expr(*cond)),
            LineKind::Comment(text) => format!("comment {}", self.word(*text)),
            LineKind::Source(path) => format!("source {}", self.word(*path)),
            LineKind::Type { ty, prompt } => {
                format!("{ty:?} {:?}", prompt.map(|prompt| self.prompt(prompt)))
            }
            LineKind::Prompt(prompt) => format!("prompt {}", self.prompt(*prompt)),
            LineKind::Default { ty, value, cond } => {
                format!("default {ty:?} {} {}", self.expr(*value), self.cond(*cond))
            }
            LineKind::Select { name, cond } => {
                format!("select {} {}", self.word(*name), self.cond(*cond))
            }
            LineKind::Imply { name, cond } => {
                format!("imply {} {}", self.word(*name), self.cond(*cond))
            }
            LineKind::Range { low, high, cond } => {
                format!("range {} {} {}", self.word(*low), self.word(*high), self.cond(*cond))
            }
            LineKind::Depends { on, cond } => {
                format!("depends {} {}", self.expr(*on), self.cond(*cond))
            }
            LineKind::Visible(cond) => format!("visible {}", self.cond(*cond)),
            LineKind::Option(OptionLine::Env(name)) => format!("env {}", self.word(*name)),
            LineKind::Help(raw) => format!("help {:?}", help_text(self.0.text(*raw))),
            LineKind::Assign { name, flavor, value } => {
                format!("{} {flavor:?} {:?}", self.word(*name), self.0.text(*value))
            }
            LineKind::Expand(words) => {
                format!(
                    "expand {:?}",
                    words.iter().map(|word| self.word(*word)).collect::<Vec<_>>()
                )
            }
            LineKind::Bad(_) => format!("bad {raw:?}"),
            // Nothing in these has a place.
            LineKind::EndChoice
            | LineKind::EndMenu
            | LineKind::EndIf
            | LineKind::Optional
            | LineKind::Transitional
            | LineKind::Option(_) => format!("{kind:?}"),
        }
    }

    fn prompt(&self, prompt: Prompt) -> String {
        format!("{} {}", self.word(prompt.text), self.cond(prompt.cond))
    }

    fn cond(&self, cond: Option<ExprId>) -> String {
        cond.map_or(String::new(), |cond| format!("if {}", self.expr(cond)))
    }

    /// The value of a word; a backslash that escapes nothing has none.
    fn word(&self, word: Word) -> String {
        let raw = self.0.text(word.span).iter().copied().filter(|byte| *byte != 0);
        let mut value: Vec<u8> = raw.collect();
        if word.escaped && value.iter().rev().take_while(|byte| **byte == b'\\').count() % 2 == 1 {
            value.pop();
        }
        format!("{}{:?}", if word.quoted { 'q' } else { 'w' }, String::from_utf8_lossy(&value))
    }

    fn expr(&self, id: ExprId) -> String {
        match self.0.exprs[id.index()].kind {
            ExprKind::Word(word) => self.word(word),
            ExprKind::Not(inner) => format!("!{}", self.expr(inner)),
            ExprKind::And(left, right) => format!("({} & {})", self.expr(left), self.expr(right)),
            ExprKind::Or(left, right) => format!("({} | {})", self.expr(left), self.expr(right)),
            ExprKind::Compare(cmp, left, right) => {
                format!("({} {cmp:?} {})", self.word(left), self.word(right))
            }
        }
    }
}
