//! A file's text into its lines.

use std::path::PathBuf;
use std::sync::Arc;

use super::expr::Stacks;
use super::lexer::{End, Lexer};
use super::statement::{Cursor, Entry, statement};
use super::{BadLine, File, Line, LineKind, Severity, Span, Text};
use crate::kconf::dialect::Dialect;

/// Parses a file. Nothing is an error here: what is no statement becomes [`LineKind::Bad`], what the
/// lexer complains about is in [`File::diags`], and reading stops only where `conf` would exit.
///
/// `text` may have at most 4 GB, of which a caller should allow a fraction only.
pub fn parse(name: String, path: PathBuf, text: Vec<u8>, dialect: Dialect) -> File {
    let text = Arc::new(Text::from(text));
    let mut file = File { name, path, text: Arc::clone(&text), dialect, ..File::default() };
    read(&mut file, Lexer::new(&text, dialect), Entry::None);
    file
}

/// Parses `file` again from its line `from` on, where the builder knows more: what entry is open, and
/// which bare words, by their first bytes, expand to nothing. Spans are those of the whole file.
pub fn reparse(file: &File, from: usize, entry: Entry, gone: &[u32], dialect: Dialect) -> File {
    let (name, path) = (file.name.clone(), file.path.clone());
    let text = Arc::clone(&file.text);
    let mut rest = File { name, path, text, ..File::default() };
    if let Some(line) = file.lines.get(from) {
        let mut lexer = Lexer::new(&file.text, dialect);
        lexer.pos = line.span.start as usize;
        lexer.line = file.position(line.span.start).0;
        lexer.gone = gone;
        read(&mut rest, lexer, entry);
    }
    rest
}

fn read(file: &mut File, mut lexer: Lexer, mut entry: Entry) {
    let dialect = lexer.dialect;
    let mut stacks = Stacks::default();
    // Kconfig files of Linux have a statement in 50 bytes and an expression in 80.
    let length = lexer.text.len() - lexer.pos;
    file.lines.reserve(length / 40);
    file.exprs.reserve(length / 60);
    loop {
        let end = lexer.statement();
        if lexer.tokens.is_empty() || end == End::Fatal {
            file.unterminated = end == End::Fatal;
            break;
        }
        let line = lexer.statement_line;
        let cursor = Cursor::new(lexer.text, &lexer.tokens, dialect, &mut stacks);
        let said = statement(cursor, &mut entry, &mut file.exprs);
        for option in said.unknown_options {
            let name = &lexer.text[option.span.start as usize..][..option.span.len as usize];
            let name = String::from_utf8_lossy(name);
            let msg = format!(" warning: ignoring unknown option {name}");
            lexer.report_at(line, Severity::Warning, option.span, msg);
        }
        let mut kind = said.kind;
        if lexer.overflow {
            kind = LineKind::Bad(BadLine::TooDeep);
            entry = Entry::None;
        }
        let last = lexer.tokens.last().map_or(0, |token| token.end);
        let start = lexer.start as u32;
        let mut line = Line { line, span: Span { start, len: last - start }, kind };
        lexer.after_help = false;
        if matches!(line.kind, LineKind::Help(_)) {
            help(&mut lexer, &mut line);
        }
        file.lines.push(line);
        if end == End::File {
            file.no_newline = true;
            break;
        }
    }
    file.lines.shrink_to_fit();
    file.exprs.shrink_to_fit();
    file.diags = lexer.diags;
}

/// Reads the text after `help`. `conf` names the line where it ends.
fn help(lexer: &mut Lexer, line: &mut Line) {
    let help = super::help::scan(lexer.text, lexer.pos);
    lexer.pos = help.next;
    lexer.line += help.newlines;
    if lexer.dialect.has_flat_lexer() {
        lexer.after_help = true;
        lexer.statement_line = lexer.line;
        line.line = lexer.line;
    }
    line.span.len = help.span.start + help.span.len - line.span.start;
    line.kind = LineKind::Help(help.span);
}
