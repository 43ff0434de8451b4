//! Statements into variables: every branch of every conditional is taken, each under its condition.
//!
//! One evaluator reads one directory's makefile (or the top one) as make would, except that the
//! configuration is left open. No command is run: what `$(shell …)` would print is unknown.

use rustc_hash::{FxHashMap, FxHashSet};

use super::around::{Around, Conditional};
use super::expand::{MAX_DEPTH, MAX_STEPS};
use super::files::{Files, normal};
use super::layer::Layer;
use super::syntax::{Assign, Branch, Expr, Loc, Makefile, Op, Part, Statement, Test};
use super::value::{self, Value, Word};
use super::vars::{Content, Piece, Variable};
use crate::model::diag::Diag;
use crate::model::formula::{FormulaId, Formulas};

/// No more is said about one directory.
const MAX_DIAGS: usize = 500;

/// Reads makefiles and remembers what they set.
pub(super) struct Evaluator<'a> {
    pub(super) files: &'a Files,
    /// Symbols that are int, hex or string.
    pub(super) texts: &'a FxHashSet<String>,
    pub(super) layer: &'a Layer,
    pub(super) f: Formulas,
    pub(super) vars: FxHashMap<Box<str>, Variable>,
    /// Names of make's command line: makefiles cannot change them.
    pub(super) fixed: FxHashSet<&'static str>,
    /// Names looked for outside of this makefile.
    pub(super) used: FxHashSet<Box<str>>,
    /// Names handed down to other makes.
    pub(super) exported: FxHashSet<String>,
    /// `target: variable = …` with a symbol defined in it.
    pub(super) for_targets: Vec<(Vec<Word>, Piece)>,
    /// Assignments with such a flag, to any variable.
    pub(super) mentioned: Vec<Piece>,
    pub(super) diags: Vec<Diag>,
    /// Makefiles read.
    pub(super) seen: FxHashSet<Box<str>>,
    when: FormulaId,
    /// The conditionals that are open, from the outside in.
    open: Vec<Conditional>,
    /// Those around each assignment.
    pub(super) around: Around,
    pub(super) depth: u32,
    pub(super) steps: usize,
    pub(super) loc: Loc,
}

impl<'a> Evaluator<'a> {
    pub(super) fn new(files: &'a Files, texts: &'a FxHashSet<String>, layer: &'a Layer) -> Self {
        Self {
            files,
            texts,
            layer,
            f: Formulas::default(),
            vars: FxHashMap::default(),
            fixed: FxHashSet::default(),
            used: FxHashSet::default(),
            exported: FxHashSet::default(),
            for_targets: Vec::new(),
            mentioned: Vec::new(),
            diags: Vec::new(),
            seen: FxHashSet::default(),
            when: Formulas::TRUE,
            open: Vec::new(),
            around: Around::default(),
            depth: 0,
            steps: 0,
            loc: Loc { file: "".into(), line: 0 },
        }
    }

    /// Gives `name` a value from outside.
    pub(super) fn set(&mut self, name: &str, text: &str) {
        let variable = Variable::fixed(Value::text(text), self.loc.clone());
        self.vars.insert(name.into(), variable);
    }

    pub(super) fn odd(&mut self, message: impl Into<String>) {
        let diag = Diag::at_line(&*self.loc.file, self.loc.line as usize, message);
        if self.diags.len() < MAX_DIAGS && !self.diags.contains(&diag) {
            self.diags.push(diag);
        }
    }

    /// Reads the makefile at `name`; false if there is none.
    pub(super) fn read(&mut self, name: &str) -> bool {
        let Some(parsed) = self.files.makefile(name) else { return false };
        let before = self.loc.clone();
        // A file says the same each time it is included.
        self.steps += 16;
        if self.seen.insert(name.into()) {
            self.diags.extend(parsed.1.iter().cloned());
        }
        self.makefile(&parsed.0);
        self.loc = before;
        true
    }

    fn makefile(&mut self, makefile: &Makefile) {
        self.loc.file = makefile.name.clone();
        self.statements(&makefile.body);
    }

    fn statements(&mut self, body: &[Statement]) {
        for statement in body {
            self.steps += 1;
            if self.steps > MAX_STEPS {
                return;
            }
            match statement {
                Statement::Assign(assign) => {
                    self.loc.line = assign.line;
                    self.around.note(&self.loc, &self.open);
                    self.assign(assign);
                }
                Statement::If(branches) => self.conditional(branches),
                Statement::Include(line, files, optional) => {
                    self.loc.line = *line;
                    self.include(files, *optional);
                }
                Statement::Export(line, names) => {
                    self.loc.line = *line;
                    let names = self.expand(names);
                    let names = names.words(&mut self.f);
                    self.exported.extend(names.into_iter().map(|word| word.text));
                }
                Statement::Define(line, name) => {
                    self.loc.line = *line;
                    let name = self.expand(name);
                    if let Some(name) = name.constant() {
                        let content = Content::Done(Value::unknown(&format!("$({name})")));
                        self.put(name, Op::Simple, self.when, content);
                    }
                }
                Statement::Undefine(line, name) => {
                    self.loc.line = *line;
                    let name = self.expand(name);
                    if let Some(name) = name.constant() {
                        let content = Content::Done(Value::default());
                        self.put(name.trim(), Op::Simple, self.when, content);
                    }
                }
                Statement::Bare(line, text) => {
                    self.loc.line = *line;
                    let text = self.expand(text);
                    if text.nonempty(&mut self.f) != Formulas::FALSE {
                        self.odd("make would read more from this text; not evaluated");
                    }
                }
            }
        }
    }

    fn conditional(&mut self, branches: &[Branch]) {
        let outer = self.when;
        let mut left = Formulas::TRUE;
        let mut head = None;
        for branch in branches {
            self.loc.line = branch.line;
            let test = self.test(&branch.test);
            let taken = self.f.and(left, test);
            self.when = self.f.and(outer, taken);
            if self.when != Formulas::FALSE {
                let (rule, head) = (self.loc.clone(), head.clone());
                self.open.push(Conditional { rule, head, when: taken });
                self.statements(&branch.body);
                self.open.pop();
            }
            self.loc.line = branch.line;
            head.get_or_insert_with(|| self.loc.clone());
            self.when = outer;
            let not = self.f.not(test);
            left = self.f.and(left, not);
        }
    }

    /// When a branch is taken, as far as it alone decides.
    fn test(&mut self, test: &Test) -> FormulaId {
        let (holds, negated) = match test {
            Test::Else => return Formulas::TRUE,
            Test::Bad => return Formulas::FALSE,
            Test::Equal(a, b, negated) => (self.equal(a, b), *negated),
            Test::Defined(name, negated) => {
                let name = self.expand(name);
                let options = name.options(&mut self.f).unwrap_or_default();
                let mut any = Formulas::FALSE;
                for (when, name) in options {
                    let here = self.defined(name.trim());
                    let here = self.f.and(when, here);
                    any = self.f.or(any, here);
                }
                (any, *negated)
            }
        };
        if negated { self.f.not(holds) } else { holds }
    }

    fn equal(&mut self, a: &Expr, b: &Expr) -> FormulaId {
        let (left, right) = (self.expand(a), self.expand(b));
        // Without Kconfig's types: what is compared with 4 is no tristate.
        for (expr, other) in [(a, &right), (b, &left)] {
            if let Some(text) = other.constant().map(str::trim)
                && !matches!(text, "" | "y" | "m" | "n")
                && !value::is_unknown(text)
                && let Some(symbol) = self.free_symbol(expr)
            {
                return self.f.equals(symbol, text);
            }
        }
        left.equals(&mut self.f, &right)
    }

    /// The symbol whose value `expr` is, unless a makefile has set it.
    fn free_symbol<'e>(&self, expr: &'e Expr) -> Option<&'e str> {
        let [Part::Var(Expr(inner))] = &expr.0[..] else { return None };
        let [Part::Text(name)] = &inner[..] else { return None };
        (!self.vars.contains_key(name)).then(|| name.strip_prefix("CONFIG_")).flatten()
    }

    fn defined(&mut self, name: &str) -> FormulaId {
        if let Some(variable) = self.vars.get(name) {
            return variable.defined(&mut self.f);
        }
        match name.strip_prefix("CONFIG_") {
            Some(symbol) if self.texts.contains(symbol) => {
                let value = self.lookup(name);
                value.nonempty(&mut self.f)
            }
            Some(symbol) => self.f.enabled(symbol),
            None => {
                let value = self.lookup(name);
                value.nonempty(&mut self.f)
            }
        }
    }

    fn include(&mut self, files: &Expr, optional: bool) {
        let files = self.expand(files);
        for word in files.words(&mut self.f) {
            let name = normal(&word.text);
            if value::is_unknown(&word.text) {
                self.odd(format!("include of unknown {}", value::shown(&word.text)));
                continue;
            }
            // Written by the build; `auto.conf` is what the formulas stand for.
            if name.starts_with("include/config/") || name.starts_with("include/generated/") {
                continue;
            }
            let mut names = vec![name];
            if names[0].contains(['*', '?']) {
                names = self.files.glob(&names[0]);
            }
            let outer = self.when;
            self.when = self.f.and(outer, word.when);
            self.open.push(Conditional { rule: self.loc.clone(), head: None, when: word.when });
            for name in names {
                if self.depth >= MAX_DEPTH {
                    self.odd("makefiles include each other without end");
                } else if self.when != Formulas::FALSE {
                    self.depth += 1;
                    if !self.read(&name) && !optional {
                        self.odd(format!("include: there is no {name}"));
                    }
                    self.depth -= 1;
                }
            }
            self.open.pop();
            self.when = outer;
        }
    }

    fn assign(&mut self, assign: &Assign) {
        if let Some(targets) = &assign.targets {
            if super::defines::mentions(&assign.value) {
                let targets = self.expand(targets).words(&mut self.f);
                let content = Content::Deferred(assign.value.clone());
                let loc = self.loc.clone();
                let piece = Piece { when: self.when, content, loc, instead: false };
                self.for_targets.push((targets, piece));
            }
            return;
        }
        if let [Part::Text(name)] = &assign.name.0[..] {
            return self.assign_to(name, assign, self.when);
        }
        let name = self.expand(&assign.name);
        let Some(options) = name.options(&mut self.f) else {
            return self.odd("the name of the variable has too many possible values");
        };
        for (when, name) in options {
            let mut when = self.f.and(self.when, when);
            let mut name = name;
            if value::is_unknown(&name) {
                // Such names are `obj-$(call …)`: an answer that may be `y`.
                let question = value::shown(&name);
                self.odd(format!("the variable is called {question}: taken for -y"));
                let answer = self.f.opaque(&question);
                when = self.f.and(when, answer);
                name = without_unknown(&name);
            }
            if when != Formulas::FALSE {
                self.assign_to(name.trim(), assign, when);
            }
        }
    }

    fn assign_to(&mut self, name: &str, assign: &Assign, when: FormulaId) {
        if assign.export {
            self.exported.insert(name.to_owned());
        }
        if super::defines::mentions(&assign.value) {
            let (content, loc) = (Content::Deferred(assign.value.clone()), self.loc.clone());
            self.mentioned.push(Piece { when, content, loc, instead: false });
        }
        let simple = self.vars.get(name).is_some_and(|variable| variable.simple);
        let content = match assign.op {
            Op::Shell => Content::Done(Value::unknown("$(shell)")),
            Op::Simple => Content::Done(self.expand(&assign.value)),
            Op::Append if simple => Content::Done(self.expand(&assign.value)),
            _ => Content::Deferred(assign.value.clone()),
        };
        self.put(name, assign.op, when, content);
    }

    fn put(&mut self, name: &str, op: Op, when: FormulaId, content: Content) {
        if self.fixed.contains(name) {
            return;
        }
        let loc = self.loc.clone();
        if !self.vars.contains_key(name) {
            // What comes from outside stays where this assignment does not act.
            let value = self.outside(name);
            let set = value.nonempty(&mut self.f);
            let mut variable = Variable::default();
            if set != Formulas::FALSE {
                let content = Content::Done(value);
                let from = Loc { file: "".into(), line: 0 };
                let when = Formulas::TRUE;
                variable.pieces.push(Piece { when, content, loc: from, instead: true });
                variable.set = Some(set);
            }
            self.vars.insert(name.into(), variable);
        }
        if let Some(variable) = self.vars.get_mut(name) {
            variable.assign(&mut self.f, op, when, content, loc);
        }
    }
}

/// A name with `y` in the place of what is unknown.
fn without_unknown(name: &str) -> String {
    let mut out = String::new();
    let mut inside = false;
    for c in name.chars() {
        match c {
            '\u{1}' => {
                inside = true;
                out.push('y');
            }
            '\u{2}' => inside = false,
            c if !inside => out.push(c),
            _ => {}
        }
    }
    out
}
