//! Findings in text files, as compilers print them: message, place, the line, a mark below it.

use annotate_snippets::{AnnotationKind, Level as Severity, Origin, Renderer, Snippet as Source};

use crate::model::snippet::{Level, Snippet};

/// The text of a finding, with a line feed at its end; `color` is for terminals.
pub fn render(snippet: &Snippet, color: bool) -> String {
    let level = match snippet.level {
        Level::Warning => Severity::WARNING,
        Level::Error => Severity::ERROR,
    };
    let mark = AnnotationKind::Primary.span(snippet.start..snippet.end);
    let source = Source::source(&*snippet.text).line_start(snippet.line as usize).annotation(mark);
    let title = level.primary_title(&*snippet.message);
    let report = [if snippet.start + 1 == snippet.column as usize {
        title.element(source.path(&*snippet.file))
    } else {
        // The line's start is cut off, so that its columns are not those of the file.
        let (line, column) = (snippet.line as usize, snippet.column as usize);
        let origin = Origin::path(&*snippet.file).line(line).char_column(column);
        title.element(origin).element(source)
    }];
    let renderer = if color { Renderer::styled() } else { Renderer::plain() };
    renderer.render(&report) + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn message_place_line_and_mark() {
        let text = b"config A\n\tbool if B\n";
        let what = (Level::Error, "syntax error".to_owned());
        let snippet = Snippet::cut(what, "drivers/Kconfig".into(), text, (10, 9));
        let expected = "\
error: syntax error
 --> drivers/Kconfig:2:2
  |
2 |     bool if B
  |     ^^^^^^^^^
";
        assert_eq!(render(&snippet, false), expected);
        let long = Snippet::cut((Level::Warning, "m".into()), "K".into(), &[b'x'; 999], (500, 3));
        assert!(render(&long, false).starts_with("warning: m\n --> K:1:501\n"));
        assert!(render(&snippet, true).contains("\u{1b}["));
    }
}
