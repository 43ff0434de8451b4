//! Lines back into text: what [`super::parse`] reads as the same lines.
//!
//! It shows that nothing of a file's meaning is lost in its lines; a statement that could not be read
//! is printed as it was written.

use super::{
    Cmp, ExprId, ExprKind, File, Line, LineKind, OptionLine, Prompt, Type, Word, help_text,
};

/// The text of a file: one statement a line, spaces where they belong, comments left out.
pub fn print(file: &File) -> Vec<u8> {
    let mut printer = Printer { file, out: Vec::with_capacity(file.text.len()) };
    let mut help = false;
    for (number, line) in file.lines.iter().enumerate() {
        printer.line(line, help, number + 1 == file.lines.len());
        help = matches!(line.kind, LineKind::Help(_));
    }
    printer.out
}

struct Printer<'a> {
    file: &'a File,
    out: Vec<u8>,
}

/// What is still to be written of an expression.
enum Todo {
    Expr(ExprId),
    Text(&'static str),
}

impl Printer<'_> {
    fn text(&mut self, text: &str) {
        self.out.extend_from_slice(text.as_bytes());
    }

    fn line(&mut self, line: &Line, after_help: bool, last: bool) {
        match &line.kind {
            LineKind::MainMenu(text) => self.words("mainmenu ", &[*text]),
            LineKind::Config { name, menu: false } => self.words("config ", &[*name]),
            LineKind::Config { name, menu: true } => self.words("menuconfig ", &[*name]),
            LineKind::Choice(name) => self.words("choice ", name.as_slice()),
            LineKind::EndChoice => self.text("endchoice"),
            LineKind::Menu(text) => self.words("menu ", &[*text]),
            LineKind::EndMenu => self.text("endmenu"),
            LineKind::If(cond) => {
                self.text("if ");
                self.expr(*cond);
            }
            LineKind::EndIf => self.text("endif"),
            LineKind::Comment(text) => self.words("comment ", &[*text]),
            LineKind::Source(path) => self.words("source ", &[*path]),
            LineKind::Expand(words) if words.is_empty() => self.text("option"),
            LineKind::Expand(words) => self.words("", words),
            LineKind::Assign { name, flavor, value } => {
                self.word(*name);
                self.text(&format!(" {} ", flavor.sign()));
                self.out.extend_from_slice(self.file.text(*value));
            }
            LineKind::Bad(_) => {
                self.out.extend_from_slice(self.file.text(line.span));
                // An open string means something else when a newline ends it.
                if last && self.file.no_newline {
                    return;
                }
            }
            option => {
                // In column 0 a line ends the help text before it together with its newline.
                if !after_help {
                    self.out.push(b'\t');
                }
                self.option(option);
                // The end of the file ends a help text that it is part of.
                if last && matches!(option, LineKind::Help(_)) {
                    return;
                }
            }
        }
        self.out.push(b'\n');
    }

    fn option(&mut self, kind: &LineKind) {
        match kind {
            LineKind::Type { ty, prompt } => {
                self.text(type_name(*ty));
                if let Some(prompt) = prompt {
                    self.out.push(b' ');
                    self.prompt(*prompt);
                }
            }
            LineKind::Prompt(prompt) => {
                self.text("prompt ");
                self.prompt(*prompt);
            }
            LineKind::Default { ty, value, cond } => {
                match ty {
                    None => self.text("default "),
                    Some(ty) => self.text(&format!("def_{} ", type_name(*ty))),
                }
                self.expr(*value);
                self.cond(*cond);
            }
            LineKind::Select { name, cond } => {
                self.words("select ", &[*name]);
                self.cond(*cond);
            }
            LineKind::Imply { name, cond } => {
                self.words("imply ", &[*name]);
                self.cond(*cond);
            }
            LineKind::Range { low, high, cond } => {
                self.words("range ", &[*low, *high]);
                self.cond(*cond);
            }
            LineKind::Depends { on, cond } => {
                self.text("depends on ");
                self.expr(*on);
                self.cond(*cond);
            }
            LineKind::Visible(cond) => {
                self.text("visible");
                self.cond(*cond);
            }
            LineKind::Optional => self.text("optional"),
            LineKind::Transitional => self.text("transitional"),
            LineKind::Option(option) => self.option_line(option),
            LineKind::Help(span) => {
                self.text("help\n");
                self.help(&help_text(self.file.text(*span)));
            }
            _ => {}
        }
    }

    fn option_line(&mut self, option: &OptionLine) {
        if self.file.dialect.has_option_lines() {
            self.text("option ");
        }
        match option {
            OptionLine::Modules => self.text("modules"),
            OptionLine::DefconfigList => self.text("defconfig_list"),
            OptionLine::AllnoconfigY => self.text("allnoconfig_y"),
            OptionLine::Env(name) => self.words("env=", &[*name]),
        }
    }

    fn help(&mut self, kept: &[u8]) {
        let mut lines = kept.split(|byte| *byte == b'\n').peekable();
        while let Some(line) = lines.next() {
            if !line.is_empty() {
                self.text("\t  ");
                self.out.extend_from_slice(line);
            }
            if lines.peek().is_some() {
                self.out.push(b'\n');
            }
        }
    }

    fn prompt(&mut self, prompt: Prompt) {
        self.word(prompt.text);
        self.cond(prompt.cond);
    }

    fn cond(&mut self, cond: Option<ExprId>) {
        if let Some(cond) = cond {
            self.text(" if ");
            self.expr(cond);
        }
    }

    fn words(&mut self, before: &str, words: &[Word]) {
        self.text(before);
        for (number, word) in words.iter().enumerate() {
            if number > 0 {
                self.out.push(b' ');
            }
            self.word(*word);
        }
    }

    /// A word as it was written; a string that had no end gets one.
    fn word(&mut self, word: Word) {
        let raw = self.file.text(word.span).iter().copied();
        let raw: Vec<u8> = raw.filter(|byte| *byte != 0).collect();
        let (mut double, mut lone) = (false, false);
        if word.quoted {
            let mut at = 0;
            while at < raw.len() {
                lone = raw[at] == b'\\' && at + 1 == raw.len();
                double |= raw[at] == b'"';
                at += match raw[at] {
                    b'\\' => 2,
                    b'$' if self.file.dialect.has_macros() => reference(&raw[at..]),
                    _ => 1,
                };
            }
            self.out.push(if double { b'\'' } else { b'"' });
        }
        self.out.extend_from_slice(&raw[..raw.len() - usize::from(lone)]);
        if word.quoted {
            self.out.push(if double { b'\'' } else { b'"' });
        }
    }

    /// Without recursion, as expressions may be long and deep.
    fn expr(&mut self, whole: ExprId) {
        let mut todo = vec![Todo::Expr(whole)];
        while let Some(next) = todo.pop() {
            let id = match next {
                Todo::Text(text) => {
                    self.text(text);
                    continue;
                }
                Todo::Expr(id) => id,
            };
            match self.file.exprs[id.index()].kind {
                ExprKind::Word(word) => self.word(word),
                ExprKind::Compare(cmp, left, right) => {
                    self.word(left);
                    self.text(sign(cmp));
                    self.word(right);
                }
                ExprKind::Not(inner) => {
                    self.text("!");
                    self.operand(&mut todo, inner, 3);
                }
                ExprKind::And(left, right) => {
                    self.operand(&mut todo, right, 3);
                    todo.push(Todo::Text(" && "));
                    self.operand(&mut todo, left, 2);
                }
                ExprKind::Or(left, right) => {
                    self.operand(&mut todo, right, 2);
                    todo.push(Todo::Text(" || "));
                    self.operand(&mut todo, left, 1);
                }
            }
        }
    }

    /// An operand, in parentheses unless it binds at least as tightly as `needed`.
    fn operand(&self, todo: &mut Vec<Todo>, id: ExprId, needed: u8) {
        let binds = match self.file.exprs[id.index()].kind {
            ExprKind::Or(..) => 1,
            ExprKind::And(..) => 2,
            _ => 3,
        };
        if binds < needed {
            todo.push(Todo::Text(")"));
        }
        todo.push(Todo::Expr(id));
        if binds < needed {
            todo.push(Todo::Text("("));
        }
    }
}

/// The length of the reference that starts here, or of a `$` that starts none.
fn reference(text: &[u8]) -> usize {
    let mut nest = 0_usize;
    if text.get(1) == Some(&b'(') {
        for (at, byte) in text.iter().enumerate().skip(1) {
            match byte {
                b'(' => nest += 1,
                b')' if nest == 1 => return at + 1,
                b')' => nest -= 1,
                _ => {}
            }
        }
    }
    1
}

/// The keyword of a type.
fn type_name(ty: Type) -> &'static str {
    match ty {
        Type::Unknown => "",
        Type::Bool => "bool",
        Type::Tristate => "tristate",
        Type::Int => "int",
        Type::Hex => "hex",
        Type::String => "string",
    }
}

/// A comparison with the spaces around it.
fn sign(cmp: Cmp) -> &'static str {
    match cmp {
        Cmp::Eq => " = ",
        Cmp::Ne => " != ",
        Cmp::Lt => " < ",
        Cmp::Le => " <= ",
        Cmp::Gt => " > ",
        Cmp::Ge => " >= ",
    }
}
