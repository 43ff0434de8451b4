//! The chain of a recursive dependency in `conf`'s words (symbol.c: `sym_check_print_recursive`).

use std::fmt::Write;

use super::{Search, Step, Via};
use crate::kconf::build::shown;
use crate::kconf::model::{Model, Place, PropKind, Severity, SymbolId};

/// The last lines, which do not change.
const ADVICE: &str = "For a resolution refer to Documentation/kbuild/kconfig-language.rst\n\
    subsection \"Kconfig recursive dependency limitations\"\n";

const fn kind_name(kind: PropKind) -> &'static str {
    match kind {
        PropKind::Prompt => "prompt",
        PropKind::Comment => "comment",
        PropKind::Menu => "menu",
        PropKind::Default => "default",
        PropKind::Choice => "choice",
        PropKind::Select => "select",
        PropKind::Imply => "imply",
        PropKind::Range => "range",
    }
}

impl Search<'_> {
    /// Prints the chain that came back to `symbol`.
    pub(super) fn tell(&mut self, symbol: SymbolId) {
        let choice = self.choice_of(symbol).and_then(|menu| self.model.menu(menu).symbol);
        let last = choice.unwrap_or(symbol);
        if choice.is_some() {
            self.push(symbol);
        }
        let start = self.stack.iter().rposition(|step| step.symbol == last);
        let text = match start {
            None => "unexpected recursive dependency error".to_owned(),
            Some(start) if self.model.dialect.choices_are_menus() => {
                told(self.model, &self.stack[start..], last)
            }
            Some(start) => self.told_before(&self.stack[start..], last),
        };
        if choice.is_some() {
            self.stack.pop();
        }
        let place = self.model.symbol(last).menus.first();
        let place = place.map(|&menu| self.model.menu(menu).place);
        self.say(Severity::Error, place, text);
    }

    /// Until 6.10 each line names a place: the property's or, without one, the first definition's.
    fn told_before(&self, chain: &[Step], last: SymbolId) -> String {
        let model = self.model;
        let mut text = String::new();
        for (at, step) in chain.iter().enumerate() {
            let next = chain.get(at + 1).map_or(last, |next| next.symbol);
            let symbol = model.symbol(step.symbol);
            let first = symbol.menus.first().map(|&menu| model.menu(menu).place);
            let member = symbol.choice.is_some();
            let place = match (step.prop, step.menu) {
                _ if symbol.is_choice || member => first,
                (Some(prop), _) => Some(model.prop(prop).place),
                (None, Some(menu)) => Some(model.menu(menu).place),
                (None, None) => first,
            };
            let place = located(model, place);
            if step.symbol == last {
                let _ = writeln!(text, "{place}error: recursive dependency detected!");
            }
            let kind = step.prop.map_or("symbol", |prop| kind_name(model.prop(prop).kind));
            let (name, other) = (shown(&symbol.name), shown(&model.symbol(next).name));
            let _ = match step.via {
                _ if symbol.is_choice => {
                    writeln!(text, "{place}\tchoice {name} contains symbol {other}")
                }
                _ if member => writeln!(text, "{place}\tsymbol {name} is part of choice {other}"),
                Via::Direct => writeln!(text, "{place}\tsymbol {name} depends on {other}"),
                Via::Reverse => writeln!(text, "{place}\tsymbol {name} is selected by {other}"),
                Via::Implied => writeln!(text, "{place}\tsymbol {name} is implied by {other}"),
                Via::Value => {
                    writeln!(text, "{place}\tsymbol {name} {kind} value contains {other}")
                }
                Via::Visible | Via::Nothing => {
                    writeln!(text, "{place}\tsymbol {name} {kind} is visible depending on {other}")
                }
            };
        }
        text + ADVICE
    }
}

fn told(model: &Model, chain: &[Step], last: SymbolId) -> String {
    let mut text = String::new();
    for (at, step) in chain.iter().enumerate() {
        let next = chain.get(at + 1).map_or(last, |next| next.symbol);
        let symbol = model.symbol(step.symbol);
        if step.symbol == last {
            text.push_str("error: recursive dependency detected!\n");
        }
        let (name, next) = (shown(&symbol.name), model.symbol(next));
        let other = String::from_utf8_lossy(&next.name);
        let kind = step.prop.map_or("unknown", |prop| kind_name(model.prop(prop).kind));
        let _ = match step.via {
            _ if next.is_choice => {
                let place = next.menus.first().map(|&menu| model.menu(menu).place);
                let place = located(model, place);
                let place = place.trim_end_matches(':');
                writeln!(text, "\tsymbol {name} is part of choice block at {place}")
            }
            Via::Direct => writeln!(text, "\tsymbol {name} depends on {other}"),
            Via::Reverse => writeln!(text, "\tsymbol {name} is selected by {other}"),
            Via::Implied => writeln!(text, "\tsymbol {name} is implied by {other}"),
            Via::Value => writeln!(text, "\tsymbol {name} {kind} value contains {other}"),
            Via::Visible | Via::Nothing => {
                writeln!(text, "\tsymbol {name} {kind} is visible depending on {other}")
            }
        };
    }
    text + ADVICE
}

/// `file:line:`
fn located(model: &Model, place: Option<Place>) -> String {
    place.map_or(String::new(), |place| format!("{}:{}:", model.file(place.file).name, place.line))
}
