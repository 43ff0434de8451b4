//! One finding for people, drawn as rustc draws them: the line with a mark, the evidence below.

use annotate_snippets::{AnnotationKind, Group, Level, Origin, Renderer, Snippet as Source};

use super::table::View;
use crate::model::finding::{Finding, Report, Severity};
use crate::model::words::Assignment;

/// As many facts of a proof and settings of a witness are shown; one more is, too.
const SHOWN: usize = 12;

/// The text of a finding, with a line feed at its end: as wide as `view` is, but for lines of files and
/// names that are longer.
pub fn render(finding: &Finding, report: &Report, view: View) -> String {
    let level = match finding.severity {
        Severity::Note => Level::NOTE,
        Severity::Warning => Level::WARNING,
        Severity::Error => Level::ERROR,
    };
    // `error[K101]: ` is before it, and before the lines that follow.
    let before = finding.severity.name().len() + finding.code.len() + "[]: ".len();
    let message = wrapped(&finding.message, "", view.width.saturating_sub(before));
    let title = level.primary_title(message).id(&*finding.code);
    let mut group = Group::with_title(title);
    if let Some(excerpt) = &finding.excerpt {
        let mark = AnnotationKind::Primary.span(excerpt.start..excerpt.end);
        let source =
            Source::source(&*excerpt.text).line_start(excerpt.line as usize).annotation(mark);
        group = if excerpt.start + 1 == excerpt.column as usize {
            group.element(source.path(&*excerpt.file))
        } else {
            // The line's start is cut off, so that its columns are not those of the file.
            let origin = Origin::path(&*excerpt.file).line(excerpt.line as usize);
            group.element(origin.char_column(excerpt.column as usize)).element(source)
        };
    }
    // `    = note: `, where the number of the line has as many digits as there are blanks more.
    let number = finding.excerpt.as_ref().map_or(0, |excerpt| excerpt.line.to_string().len());
    let width = view.width.saturating_sub(number + " = note: ".len());
    for note in notes(finding, report, width) {
        group = group.element(Level::NOTE.message(note));
    }
    let renderer = if view.color { Renderer::styled() } else { Renderer::plain() };
    renderer.render(&[group]) + "\n"
}

/// The evidence, a note each, in lines of `width` columns.
fn notes(finding: &Finding, report: &Report, width: usize) -> Vec<String> {
    let mut notes = Vec::new();
    if let Some(proof) = &finding.proof {
        let facts = proof.iter().map(|fact| format!("{}:{}: {}", fact.file, fact.line, fact.text));
        let facts = first(facts.collect(), width);
        notes.push(match &facts[..] {
            [one] if !one.contains('\n') && one.chars().count() + "because of ".len() <= width => {
                format!("because of {one}")
            }
            _ => format!("because of\n{}", facts.join("\n")),
        });
    }
    if let Some(witness) = &finding.witness {
        let lines = witness.iter().map(|(name, value)| Assignment::new(name, value).line());
        let lines = first(lines.collect(), width);
        let on = finding.witness_arch.as_ref().map_or(String::new(), |arch| format!(" on {arch}"));
        let by = finding.verified.words().map_or(String::new(), |words| format!(" ({words})"));
        notes.push(if lines.is_empty() {
            format!("for example{on} with nothing set{by}")
        } else {
            format!("for example{on} with{by}\n{}", lines.join("\n"))
        });
    } else if let Some(words) = finding.verified.words() {
        notes.push(words.to_owned());
    }
    if !finding.probes.is_empty() {
        let probes = format!("depends on the toolchain: {}", finding.probes.join("; "));
        notes.push(wrapped(&probes, "", width));
    }
    if !finding.arches.is_empty() && finding.arches != report.arches {
        notes.push(wrapped(&format!("on {}", finding.arches.join(", ")), "", width));
    }
    notes
}

/// The first lines, wrapped, and how many there are beside.
fn first(mut lines: Vec<String>, width: usize) -> Vec<String> {
    let more = lines.len().saturating_sub(SHOWN);
    if more > 1 {
        lines.truncate(SHOWN);
    }
    let mut lines: Vec<String> = lines.iter().map(|line| wrapped(line, "  ", width)).collect();
    if more > 1 {
        lines.push(format!("… and {more} more"));
    }
    lines
}

/// A text in lines of `width` columns, with `indent` before all but the first, broken between words.
fn wrapped(text: &str, indent: &str, width: usize) -> String {
    let mut out = String::new();
    let mut column = 0;
    for word in text.split(' ') {
        let len = word.chars().count();
        if column > indent.len() && column + 1 + len > width {
            out.push('\n');
            out.push_str(indent);
            column = indent.len();
        } else if !out.is_empty() {
            out.push(' ');
            column += 1;
        }
        out.push_str(word);
        column += len;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_broken_between_words() {
        assert_eq!(wrapped("aa bb cc", "", 5), "aa bb\ncc");
        assert_eq!(wrapped("aa bb cc", "  ", 5), "aa bb\n  cc");
        assert_eq!(wrapped("aaaaaaaa bb", "  ", 5), "aaaaaaaa\n  bb");
        assert_eq!(wrapped("aa  bb", "", 80), "aa  bb", "as it was");
        assert_eq!(wrapped("", "", 5), "");
    }

    #[test]
    fn one_line_more_is_no_reason_to_leave_it_out() {
        let lines = |count: usize| vec!["x".to_owned(); count];
        assert_eq!(first(lines(13), 80).len(), 13);
        assert_eq!(first(lines(14), 80)[12..], ["… and 2 more"]);
    }
}
