//! `hmmsize explain` for people: what a thing is, what it takes to have it, who uses it, what it costs.

use super::columns::{clean, put, shorten, table, wrap};
use super::number::grouped;
use super::table::View;
use crate::model::explain::{
    Answer, Bytes, Chain, Definition, FileAnswer, FunctionAnswer, FunctionOf, Gate, ObjectOf,
    OptionAnswer, Reach, Report, Selector, Way,
};

/// So many rows of each list, unless all are asked for.
const SHOWN: usize = 12;
/// So many bytes before the text of a fact.
const INDENT: usize = 14;

struct Text {
    out: String,
    width: usize,
    limit: usize,
    color: bool,
}

/// Everything as text, at most `view.width` columns wide as far as names allow.
pub fn text(report: &Report, all: bool, view: View) -> String {
    let limit = if all { usize::MAX } else { SHOWN };
    let mut text = Text { out: String::new(), width: view.width, limit, color: view.color };
    for (index, answer) in report.answers.iter().enumerate() {
        if index > 0 {
            text.out.push('\n');
        }
        text.answer(report, answer);
    }
    text.out
}

/// The same as Markdown.
pub fn markdown(report: &Report, all: bool) -> String {
    let mut out = String::new();
    for answer in &report.answers {
        let limit = if all { usize::MAX } else { SHOWN };
        let mut text = Text { out: String::new(), width: 100, limit, color: false };
        text.answer(report, answer);
        let (title, rest) = text.out.split_once('\n').unwrap_or((&text.out, ""));
        let fence = "```";
        put(&mut out, format_args!("### {}\n\n{fence}text\n", title.replace('`', "'")));
        // Nothing of the tree can end the block.
        put(
            &mut out,
            format_args!("{}\n{fence}\n\n", rest.replace(fence, "'''").trim_matches('\n')),
        );
    }
    out
}

/// `n files`, `1 file`
fn count(n: usize, what: &str) -> String {
    format!("{} {what}{}", grouped(n as u64), if n == 1 { "" } else { "s" })
}

impl Text {
    fn answer(&mut self, report: &Report, answer: &Answer) {
        match answer {
            Answer::Option(one) => self.option(one, report.arches.len()),
            Answer::Function(one) => self.function(one),
            Answer::File(one) => self.file(one),
        }
    }

    fn title(&mut self, text: &str) {
        let (on, off) = if self.color { ("\x1b[1m", "\x1b[0m") } else { ("", "") };
        put(&mut self.out, format_args!("{on}{}{off}\n", clean(text)));
    }

    /// A fact with its name, wrapped under itself.
    fn fact(&mut self, name: &str, text: &str) {
        let line = format!("  {name:<width$}{text}", width = INDENT - 2);
        put(&mut self.out, format_args!("{}\n", wrap(&line, self.width, INDENT)));
    }

    fn section(&mut self, text: &str) {
        put(&mut self.out, format_args!("\n{text}\n"));
    }

    fn more(&mut self, all: usize, what: &str) {
        if all > self.limit {
            let rest = count(all - self.limit, what);
            put(&mut self.out, format_args!("  … and {rest} more (--all)\n"));
        }
    }

    /// Rows in columns; the last takes what is left of the width.
    fn rows(&mut self, rows: Vec<Vec<String>>, what: &str) {
        let all = rows.len();
        let rows: Vec<Vec<String>> = rows.into_iter().take(self.limit).collect();
        let columns = rows.first().map_or(0, Vec::len);
        let mut widths: Vec<usize> = (0..columns)
            .map(|at| rows.iter().map(|row| row[at].chars().count()).max().unwrap_or(0))
            .collect();
        // What is before the last column leaves it a third.
        let most = (self.width * 2 / 3).max(20);
        while widths[..columns.saturating_sub(1)].iter().sum::<usize>() + 2 * columns > most {
            // A place without its line is worth little.
            let first = usize::from(columns > 2 && widths[0] < self.width / 2);
            let Some(widest) = widths[first..columns - 1].iter_mut().max() else { break };
            if *widest <= 8 {
                break;
            }
            *widest -= 1;
        }
        for row in &rows {
            let mut line = String::from(" ");
            for (at, cell) in row.iter().enumerate() {
                let last = at + 1 == columns;
                let left = self.width.saturating_sub(line.chars().count() + 1);
                let width = if last { left.max(8) } else { widths[at] };
                let cell = if at == 0 { tail(cell, width) } else { shorten(cell, width) };
                let fill = if last { 0 } else { width - cell.chars().count().min(width) + 1 };
                put(&mut line, format_args!(" {cell}{:fill$}", ""));
            }
            put(&mut self.out, format_args!("{}\n", line.trim_end()));
        }
        self.more(all, what);
    }

    fn option(&mut self, one: &OptionAnswer, arches: usize) {
        let facts = &one.facts;
        let ty = facts.definitions.first().map_or("", |first| first.ty.as_str());
        self.title(&format!("CONFIG_{} ({ty})", facts.name));
        for definition in facts.definitions.iter().take(self.limit) {
            self.fact("defined at", &with_arches(&definition.place, &definition.arches));
            match &definition.prompt {
                Some(prompt) => self.fact("prompt", &format!("\"{prompt}\"")),
                None => self.fact("prompt", "none: it is on only through others or its default"),
            }
            if !definition.menu.is_empty() {
                self.fact("menu", &definition.menu.join(" › "));
            }
            if let Some(depends) = &definition.depends {
                self.fact("depends on", depends);
            }
            for default in definition.defaults.iter().take(4) {
                self.fact("default", default);
            }
        }
        self.more(facts.definitions.len(), "definition");
        self.reach(&facts.reach, arches);
        for (name, list) in [
            ("Selects", &facts.selects),
            ("Selected by", &facts.selected_by),
            ("Implied by", &facts.implied_by),
        ] {
            if !list.is_empty() {
                self.section(&format!("{name} {}", count(list.len(), "option")));
                self.rows(list.iter().map(selector).collect(), "option");
            }
        }
        for witness in &one.witnesses {
            match &witness.config {
                Some(lines) => {
                    self.section(&format!("On with allnoconfig of {} and", witness.arch));
                    for line in lines {
                        put(&mut self.out, format_args!("  {}\n", clean(line)));
                    }
                    for probe in &witness.probes {
                        put(&mut self.out, format_args!("  if {} says so\n", clean(probe)));
                    }
                }
                None => self.section(&format!("No configuration of {} has it on", witness.arch)),
            }
        }
        if !one.rules.is_empty() {
            self.section("Makefiles");
            let row = |rule: &crate::model::explain::RuleOf| {
                let what = if rule.controls == "directory" { "object below" } else { "object" };
                let what = match (rule.count, what) {
                    (n, "object below") if n != 1 => format!("{} objects below", grouped(n as u64)),
                    (n, what) => count(n, what),
                };
                vec![rule.place.clone(), what, with_arches(&rule.text, &rule.arches)]
            };
            self.rows(one.rules.iter().map(row).collect(), "line");
        }
        if !one.guards.is_empty() {
            self.section(&format!("Guards and tests in code: {}", one.guards.len()));
            let row = |guard: &crate::model::explain::GuardOf| {
                let lines = guard.lines.1.saturating_sub(guard.lines.0) + 1;
                let lines = if guard.lines.1 < guard.lines.0 { 0 } else { lines };
                vec![guard.place.clone(), count(lines as usize, "line"), guard.text.clone()]
            };
            self.rows(one.guards.iter().map(row).collect(), "guard");
        }
        if !one.functions.is_empty() {
            self.section(&format!("{} only with it", count(one.functions.len(), "function")));
            self.functions(&one.functions);
        }
        self.bytes(&one.bytes, "value");
    }

    fn reach(&mut self, reach: &Reach, arches: usize) {
        let lists = [
            ("can be y", &reach.yes),
            ("can be m", &reach.module),
            ("never on", &reach.never),
            ("not decided", &reach.unknown),
            ("set on", &reach.other),
            ("undefined", &reach.undefined),
        ];
        for (name, list) in lists {
            match list.len() {
                0 => {}
                n if n == arches && n > 1 => self.fact(name, &format!("all {n} architectures")),
                _ => self.fact(name, &list.join(" ")),
            }
        }
    }

    fn functions(&mut self, functions: &[FunctionOf]) {
        let row = |one: &FunctionOf| {
            let name =
                if one.is_static { format!("{} (static)", one.name) } else { one.name.clone() };
            let options: Vec<String> =
                one.options.iter().map(|option| format!("CONFIG_{option}")).collect();
            vec![one.place.clone(), name, options.join(", ")]
        };
        self.rows(functions.iter().map(row).collect(), "function");
    }

    fn function(&mut self, one: &FunctionAnswer) {
        let count_ = one.definitions.len();
        let ambiguous = if count_ > 1 { format!(", {count_} definitions") } else { String::new() };
        self.title(&format!("{}() (function{ambiguous})", one.name));
        for place in &one.exported {
            self.fact("exported at", place);
        }
        for definition in one.definitions.iter().take(self.limit) {
            self.definition("Defined at", definition, count_ > 1);
        }
        self.more(count_, "definition");
        for (name, list) in [("Stub at", &one.stubs), ("Declared at", &one.prototypes)] {
            for definition in list.iter().take(self.limit) {
                self.definition(name, definition, false);
            }
        }
        let callers = one.callers.len();
        let more = match one.more_files {
            0 => String::new(),
            n => format!("; {} more mention it (--all)", count(n, "file")),
        };
        self.section(&format!("Used at {}{more}", count(callers, "place")));
        let row = |caller: &crate::model::explain::Caller| {
            let within = caller.within.as_ref().map_or(String::new(), |name| format!("{name}()"));
            let within = match caller.manner.as_str() {
                "calls" => within,
                manner => format!("{within} ({manner})").trim_start().to_owned(),
            };
            let gates: Vec<String> = caller.gates.iter().map(|gate| bracketed(gate)).collect();
            let gates = if gates.is_empty() { "always".to_owned() } else { gates.join(" && ") };
            vec![caller.place.clone(), within, gates]
        };
        self.rows(one.callers.iter().map(row).collect(), "place");
        self.bytes(&one.bytes, "presence");
    }

    fn definition(&mut self, name: &str, one: &Definition, several: bool) {
        let is_static = if one.is_static { " (static)" } else { "" };
        self.section(&format!("{name} {}{is_static}", one.place));
        self.chain(&one.chain, several);
    }

    /// The chain, innermost first; `brief` shows no more than the first object.
    fn chain(&mut self, chain: &Chain, brief: bool) {
        for gate in &chain.guards {
            self.gate(gate);
        }
        let shown = if brief { 1 } else { 4 };
        for object in chain.objects.iter().take(shown) {
            self.object(object, brief);
        }
        if chain.objects.len() > shown {
            let rest = count(chain.objects.len() - shown, "object");
            put(&mut self.out, format_args!("  … and {rest} more\n"));
        }
        if chain.guards.is_empty() && chain.objects.is_empty() {
            put(&mut self.out, format_args!("  no guard, and no makefile builds it by itself\n"));
        }
    }

    fn object(&mut self, object: &ObjectOf, brief: bool) {
        let apart = if object.apart { ", linked apart" } else { "" };
        let text = with_arches(&format!("{}{apart}", object.object), &object.arches);
        put(&mut self.out, format_args!("{}\n", wrap(&format!("  {text}"), self.width, 6)));
        // A rule of `obj-$(CONFIG_X)` is one way for y and one for m: the same lines.
        let mut seen: Vec<Vec<&str>> = Vec::new();
        for way in &object.ways {
            let places: Vec<&str> = way.rules.iter().map(|rule| rule.place.as_str()).collect();
            if seen.contains(&places) || (brief && !seen.is_empty()) {
                continue;
            }
            self.way(way);
            seen.push(places);
        }
    }

    fn way(&mut self, way: &Way) {
        for gate in &way.rules {
            self.gate(gate);
        }
    }

    fn gate(&mut self, gate: &Gate) {
        let text = format!("    {}  {}", gate.place, gate.text);
        put(&mut self.out, format_args!("{}\n", shorten(&text, self.width)));
    }

    fn file(&mut self, one: &FileAnswer) {
        match one.line {
            Some(line) => {
                let within = one.within.as_ref().map(|name| format!(", in {name}()"));
                self.title(&format!("{}:{line}{}", one.file, within.unwrap_or_default()));
            }
            None => self.title(&one.file),
        }
        self.chain(&one.chain, false);
        if !one.functions.is_empty() && one.line.is_none() {
            self.section(&count(one.functions.len(), "function"));
            self.functions(&one.functions);
        }
        self.bytes(&one.bytes, "presence");
    }

    fn bytes(&mut self, bytes: &[Bytes], value: &str) {
        if bytes.is_empty() {
            return;
        }
        self.out.push('\n');
        let row = |one: &Bytes| {
            let value = one.value.clone().unwrap_or_else(|| "?".to_owned());
            vec![one.image.clone(), grouped(one.bytes), grouped(one.symbols as u64), value]
        };
        let rows: Vec<Vec<String>> = bytes.iter().map(row).collect();
        let header = ["image", "bytes", "symbols", value];
        self.out.push_str(&table(&header, &rows, &[false, true, true, false], self.width));
    }
}

/// The end of a place, which has the file's name and the line.
fn tail(text: &str, width: usize) -> String {
    let text = clean(text);
    let long = text.chars().count().saturating_sub(width);
    if long == 0 {
        return text;
    }
    let rest: String = text.chars().skip(long + 1).collect();
    format!("…{rest}")
}

fn selector(one: &Selector) -> Vec<String> {
    let condition = one.condition.as_ref().map_or(String::new(), |cond| format!("if {cond}"));
    vec![one.option.clone(), one.place.clone(), with_arches(&condition, &one.arches)]
}

/// A formula that stands in a conjunction.
fn bracketed(formula: &str) -> String {
    if formula.contains(" || ") { format!("({formula})") } else { formula.to_owned() }
}

fn with_arches(text: &str, arches: &[String]) -> String {
    let arches = if arches.is_empty() { String::new() } else { format!("[{}]", arches.join(" ")) };
    format!("{text} {arches}").trim().to_owned()
}
