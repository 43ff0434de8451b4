//! Make's functions over values that depend on the configuration.
//!
//! Lists can be long, each word with its own condition, so what works word by word does so here.
//! Everything else is done on each combination of its arguments' alternatives, as long as these are few.

use super::eval::Evaluator;
use super::expand::body;
use super::files::normal;
use super::syntax::{Expr, Function, Part};
use super::value::{self, MOST, Value, Word};
use crate::model::formula::{FormulaId, Formulas};

/// Words that a loop runs over.
const MAX_ITEMS: usize = 4096;

impl Evaluator<'_> {
    pub(super) fn call(&mut self, function: Function, raw: &[Expr], source: &str) -> Value {
        match (function, raw) {
            (Function::If, [condition, then, rest @ ..]) => {
                let condition = self.expand(condition).nonempty(&mut self.f);
                self.choose(condition, then, rest.first())
            }
            (Function::Or, _) => self.any(raw),
            (Function::And, _) => self.all(raw),
            (Function::ForEach, [name, list, text]) => self.for_each(name, list, text),
            (Function::Call, [name, arguments @ ..]) => self.user(name, arguments, source),
            (Function::Message, _) => Value::default(),
            (Function::Opaque, _) => {
                if source.starts_with("$(eval ") {
                    self.odd("$(eval …) is not evaluated");
                }
                Value::unknown(source)
            }
            _ => {
                let arguments: Vec<Value> = raw.iter().map(|raw| self.expand(raw)).collect();
                self.apply(function, &arguments, source)
            }
        }
    }

    fn apply(&mut self, function: Function, arguments: &[Value], source: &str) -> Value {
        match (function, arguments) {
            (Function::Filter, [patterns, list]) => self.filter(patterns, list, false),
            (Function::FilterOut, [patterns, list]) => self.filter(patterns, list, true),
            (Function::Patsubst, [from, to, list]) => self.patsubst(from, to, list, source),
            (Function::Subst, [from, to, text]) => match (from.constant(), to.constant()) {
                (Some(from), Some(to)) if !from.is_empty() && !from.contains([' ', '\t']) => {
                    self.each(text, source, |word| word.replace(from, to))
                }
                _ => self.lift(arguments, source, |a| match a[0] {
                    "" => format!("{}{}", a[2], a[1]),
                    from => a[2].replace(from, a[1]),
                }),
            },
            (Function::AddPrefix | Function::AddSuffix, [fix, list]) => {
                let before = function == Function::AddPrefix;
                let glue = |fix: &str, word: &str| {
                    if before { format!("{fix}{word}") } else { format!("{word}{fix}") }
                };
                let Some(options) = fix.options(&mut self.f) else {
                    return Value::unknown(source);
                };
                let mut words = list.words(&mut self.f);
                let mut out = Vec::new();
                for (when, fix) in options {
                    for word in &mut words {
                        let text = glue(&fix, &word.text);
                        out.push(Word { text, when: self.f.and(word.when, when) });
                    }
                }
                Value::from_words(&mut self.f, out)
            }
            (Function::NotDir, [list]) => self.each(list, source, |word| {
                word.rsplit_once('/').map_or(word, |(_, name)| name).to_owned()
            }),
            (Function::Dir, [list]) => self.each(list, source, |word| {
                word.rsplit_once('/').map_or_else(|| "./".to_owned(), |(dir, _)| format!("{dir}/"))
            }),
            (Function::BaseName, [list]) => {
                self.each(list, source, |word| word[..dot(word).unwrap_or(word.len())].to_owned())
            }
            (Function::Suffix, [list]) => {
                self.each(list, source, |word| dot(word).map_or("", |at| &word[at..]).to_owned())
            }
            (Function::AbsPath, [list]) => self.each(list, source, normal),
            (Function::Strip, [list]) => {
                let words = list.words(&mut self.f);
                self.glued(list, words)
            }
            (Function::Sort, [list]) => self.sort(list),
            (Function::Wildcard, [list]) => self.wildcard(list, source),
            (Function::Origin, [name]) => match name.constant() {
                Some(name) if self.vars.contains_key(name.trim()) => Value::text("file"),
                Some(_) => Value::text("undefined"),
                None => Value::unknown(source),
            },
            _ => self.lift(arguments, source, |texts| plain(function, texts)),
        }
    }

    /// `if`: one of two.
    fn choose(&mut self, condition: FormulaId, then: &Expr, otherwise: Option<&Expr>) -> Value {
        if condition == Formulas::TRUE {
            return self.expand(then);
        }
        let otherwise = otherwise.map_or_else(Value::default, |text| self.expand(text));
        if condition == Formulas::FALSE {
            return otherwise;
        }
        let then = self.expand(then);
        self.either(condition, then, otherwise)
    }

    pub(super) fn either(&mut self, condition: FormulaId, then: Value, otherwise: Value) -> Value {
        let not = self.f.not(condition);
        if let (Some(a), Some(b)) = (then.options(&mut self.f), otherwise.options(&mut self.f))
            && a.len() + b.len() <= MOST
        {
            let mut options = Vec::new();
            for (side, list) in [(condition, a), (not, b)] {
                for (when, text) in list {
                    options.push((self.f.and(side, when), text));
                }
            }
            return Value::either(&mut self.f, options);
        }
        let mut out = then.only(&mut self.f, condition);
        out.push_text(" ");
        out.push(otherwise.only(&mut self.f, not));
        out
    }

    /// `or`: the first that is not empty.
    fn any(&mut self, raw: &[Expr]) -> Value {
        let mut values = Vec::new();
        for raw in raw {
            let value = self.expand(raw);
            let some = value.nonempty(&mut self.f);
            values.push((some, value));
            if some == Formulas::TRUE {
                break;
            }
        }
        values
            .into_iter()
            .rev()
            .fold(Value::default(), |rest, (some, value)| self.either(some, value, rest))
    }

    /// `and`: the last, if none is empty.
    fn all(&mut self, raw: &[Expr]) -> Value {
        let mut every = Formulas::TRUE;
        let mut last = Value::default();
        for raw in raw {
            last = self.expand(raw);
            let some = last.nonempty(&mut self.f);
            every = self.f.and(every, some);
        }
        self.either(every, last, Value::default())
    }

    fn for_each(&mut self, name: &Expr, list: &Expr, text: &Expr) -> Value {
        let (name, list) = (self.expand(name), self.expand(list));
        let Some(name) = name.constant().map(|name| name.trim().to_owned()) else {
            return Value::unknown("$(foreach)");
        };
        let words = list.words(&mut self.f);
        if words.len() > MAX_ITEMS {
            self.odd("a loop over thousands of words is not evaluated");
            return Value::unknown("$(foreach)");
        }
        let mut out = Value::default();
        for word in words {
            let bound = vec![(name.clone(), Value::text(word.text))];
            let value = self.with(bound, |this| this.expand(text));
            let value = value.only(&mut self.f, word.when);
            out.push_text(" ");
            out.push(value);
        }
        out
    }

    /// A function that a makefile defines; unknown where it is not to be found.
    fn user(&mut self, name: &Expr, arguments: &[Expr], source: &str) -> Value {
        let name = self.expand(name);
        let name = name.constant().unwrap_or_default().trim().to_owned();
        let Some(body) = self.vars.get(name.as_str()).and_then(body) else {
            return Value::unknown(source);
        };
        let mut bound = vec![("0".to_owned(), Value::text(name))];
        for at in 1..10_usize {
            let value = arguments.get(at - 1).map_or_else(Value::default, |raw| self.expand(raw));
            bound.push((at.to_string(), value));
        }
        self.with(bound, |this| this.expand(&body))
    }

    /// Changes each word.
    fn each(&mut self, list: &Value, source: &str, change: impl Fn(&str) -> String) -> Value {
        let mut words = list.words(&mut self.f);
        for word in &mut words {
            word.text = if value::is_unknown(&word.text) {
                value::unknown(source)
            } else {
                change(&word.text)
            };
        }
        self.glued(list, words)
    }

    /// Words as a value; what was one word in every case can still be glued to its neighbours.
    fn glued(&mut self, before: &Value, words: Vec<Word>) -> Value {
        let single = before.0.len() <= 3
            && before.options(&mut self.f).is_some_and(|options| {
                options.iter().all(|(_, text)| text.split_ascii_whitespace().count() <= 1)
            });
        if !single {
            return Value::from_words(&mut self.f, words);
        }
        let options = words.into_iter().map(|word| (word.when, word.text)).collect();
        Value::either(&mut self.f, options)
    }

    fn filter(&mut self, patterns: &Value, list: &Value, out: bool) -> Value {
        let patterns = patterns.words(&mut self.f);
        let mut words = list.words(&mut self.f);
        for word in &mut words {
            let mut any = Formulas::FALSE;
            for pattern in &patterns {
                let hit = match pattern.text.split_once('%') {
                    _ if value::is_unknown(&pattern.text) => {
                        value::same(&mut self.f, &pattern.text, &word.text)
                    }
                    None => value::same(&mut self.f, &pattern.text, &word.text),
                    Some(("", "")) => Formulas::TRUE,
                    Some(_) if value::is_unknown(&word.text) => {
                        let (word, pattern) = (value::shown(&word.text), &pattern.text);
                        self.f.opaque(&format!("$(filter {pattern},{word})"))
                    }
                    Some((start, end)) => {
                        FormulaId(u32::from(stem(&word.text, start, end).is_some()))
                    }
                };
                let hit = self.f.and(pattern.when, hit);
                any = self.f.or(any, hit);
            }
            let keep = if out { self.f.not(any) } else { any };
            word.when = self.f.and(word.when, keep);
        }
        words.retain(|word| word.when != Formulas::FALSE);
        self.glued(list, words)
    }

    fn patsubst(&mut self, from: &Value, to: &Value, list: &Value, source: &str) -> Value {
        if let (Some(from), Some(to)) = (from.constant(), to.constant()) {
            let (from, to) = (from.trim(), to.trim());
            return self.each(list, source, |word| replaced(word, from, to));
        }
        let (Some(from), Some(to)) = (from.options(&mut self.f), to.options(&mut self.f)) else {
            return Value::unknown(source);
        };
        let words = list.words(&mut self.f);
        let mut out = Vec::new();
        for (when_from, from) in &from {
            for (when_to, to) in &to {
                let when = self.f.and(*when_from, *when_to);
                for word in &words {
                    let text = replaced(&word.text, from.trim(), to.trim());
                    out.push(Word { text, when: self.f.and(word.when, when) });
                }
            }
        }
        Value::from_words(&mut self.f, out)
    }

    /// `$(name:from=to)`
    pub(super) fn substitution(&mut self, parts: &[Expr; 3]) -> Value {
        let name = Expr(vec![Part::Var(parts[0].clone())]);
        let [list, from, to] = [&name, &parts[1], &parts[2]].map(|part| self.expand(part));
        let percent = from.0.iter().any(|seg| format!("{seg:?}").contains('%'));
        if percent {
            return self.patsubst(&from, &to, &list, "$(:=)");
        }
        let [mut full_from, mut full_to] = [Value::text("%"), Value::text("%")];
        full_from.push(from);
        full_to.push(to);
        self.patsubst(&full_from, &full_to, &list, "$(:=)")
    }

    fn sort(&mut self, list: &Value) -> Value {
        let mut words = list.words(&mut self.f);
        words.sort_by(|a, b| a.text.cmp(&b.text));
        let mut out: Vec<Word> = Vec::new();
        for word in words {
            match out.last_mut() {
                Some(last) if last.text == word.text => {
                    last.when = self.f.or(last.when, word.when);
                }
                _ => out.push(word),
            }
        }
        Value::from_words(&mut self.f, out)
    }

    fn wildcard(&mut self, list: &Value, source: &str) -> Value {
        let mut out = Vec::new();
        for word in list.words(&mut self.f) {
            if value::is_unknown(&word.text) {
                out.push(Word { text: value::unknown(source), ..word });
            } else if !word.text.starts_with('/') {
                let found = self.files.glob(&word.text);
                out.extend(found.into_iter().map(|text| Word { text, ..word }));
            }
        }
        Value::from_words(&mut self.f, out)
    }

    /// Runs `run` on every combination of texts that the arguments can be.
    fn lift(
        &mut self,
        arguments: &[Value],
        source: &str,
        run: impl Fn(&[&str]) -> String,
    ) -> Value {
        let mut sets = vec![(Formulas::TRUE, Vec::new())];
        for argument in arguments {
            let Some(options) = argument.options(&mut self.f) else {
                return Value::unknown(source);
            };
            if sets.len() * options.len() > MOST {
                return Value::unknown(source);
            }
            let mut next = Vec::new();
            for (when, texts) in &sets {
                for (c, text) in &options {
                    let both = self.f.and(*when, *c);
                    if both != Formulas::FALSE {
                        let mut texts: Vec<String> = texts.clone();
                        texts.push(text.clone());
                        next.push((both, texts));
                    }
                }
            }
            sets = next;
        }
        let mut options = Vec::new();
        for (when, texts) in sets {
            let text = if texts.iter().any(|text| value::is_unknown(text)) {
                value::unknown(source)
            } else {
                run(&texts.iter().map(String::as_str).collect::<Vec<_>>())
            };
            options.push((when, text));
        }
        Value::either(&mut self.f, options)
    }
}

/// Where the suffix of a file name begins.
fn dot(word: &str) -> Option<usize> {
    let name = word.rfind('/').map_or(0, |at| at + 1);
    word[name..].rfind('.').map(|at| name + at)
}

/// What `%` stands for in `start%end`, if `word` matches.
fn stem<'a>(word: &'a str, start: &str, end: &str) -> Option<&'a str> {
    let rest = word.strip_prefix(start)?;
    rest.strip_suffix(end)
}

fn replaced(word: &str, from: &str, to: &str) -> String {
    let Some((start, end)) = from.split_once('%') else {
        return if word == from { to.to_owned() } else { word.to_owned() };
    };
    match stem(word, start, end) {
        Some(stem) => to.replacen('%', stem, 1),
        None => word.to_owned(),
    }
}

/// What has one text and gives one text.
fn plain(function: Function, texts: &[&str]) -> String {
    let words = |at: usize| texts.get(at).unwrap_or(&"").split_ascii_whitespace();
    let number = |at: usize| texts.get(at).and_then(|text| text.trim().parse::<usize>().ok());
    match function {
        Function::FindString => {
            let hit = texts.get(1).is_some_and(|text| text.contains(texts[0]));
            if hit { texts[0].to_owned() } else { String::new() }
        }
        Function::Words => words(0).count().to_string(),
        Function::FirstWord => words(0).next().unwrap_or_default().to_owned(),
        Function::LastWord => words(0).next_back().unwrap_or_default().to_owned(),
        Function::Word => {
            let at = number(0).unwrap_or(0);
            words(1).nth(at.wrapping_sub(1)).unwrap_or_default().to_owned()
        }
        Function::WordList => {
            let (from, to) = (number(0).unwrap_or(1).max(1), number(1).unwrap_or(0));
            let count = (to + 1).saturating_sub(from);
            words(2).skip(from - 1).take(count).collect::<Vec<_>>().join(" ")
        }
        Function::Join => {
            let (mut a, mut b) = (words(0), words(1));
            let mut out = Vec::new();
            loop {
                match (a.next(), b.next()) {
                    (None, None) => return out.join(" "),
                    (x, y) => out.push([x.unwrap_or(""), y.unwrap_or("")].concat()),
                }
            }
        }
        _ => String::new(),
    }
}
