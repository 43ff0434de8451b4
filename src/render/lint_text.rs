//! One finding for people, drawn as rustc draws them: the line with a mark, the evidence below.

use annotate_snippets::{AnnotationKind, Group, Level, Origin, Renderer, Snippet as Source};

use crate::model::finding::{Finding, Report, Severity};
use crate::model::words::Assignment;

/// As many facts of a proof and settings of a witness are shown.
const SHOWN: usize = 12;

/// The text of a finding, with a line feed at its end.
pub fn render(finding: &Finding, report: &Report, color: bool) -> String {
    let level = match finding.severity {
        Severity::Note => Level::NOTE,
        Severity::Warning => Level::WARNING,
        Severity::Error => Level::ERROR,
    };
    let title = level.primary_title(&*finding.message).id(&*finding.code);
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
    for note in notes(finding, report) {
        group = group.element(Level::NOTE.message(note));
    }
    let renderer = if color { Renderer::styled() } else { Renderer::plain() };
    renderer.render(&[group]) + "\n"
}

/// The evidence, a note each.
fn notes(finding: &Finding, report: &Report) -> Vec<String> {
    let mut notes = Vec::new();
    if let Some(proof) = &finding.proof {
        let mut facts: Vec<String> = proof
            .iter()
            .take(SHOWN)
            .map(|fact| format!("{}:{}: {}", fact.file, fact.line, fact.text))
            .collect();
        if proof.len() > SHOWN {
            facts.push(format!("… and {} more", proof.len() - SHOWN));
        }
        notes.push(if facts.len() == 1 {
            format!("because of {}", facts[0])
        } else {
            format!("because of\n{}", facts.join("\n"))
        });
    }
    if let Some(witness) = &finding.witness {
        let mut lines: Vec<String> = witness
            .iter()
            .take(SHOWN)
            .map(|(name, value)| Assignment::new(name, value).line())
            .collect();
        if witness.len() > SHOWN {
            lines.push(format!("… and {} more", witness.len() - SHOWN));
        }
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
        notes.push(format!("depends on the toolchain: {}", finding.probes.join("; ")));
    }
    if !finding.arches.is_empty() && finding.arches != report.arches {
        notes.push(format!("on {}", finding.arches.join(", ")));
    }
    notes
}
