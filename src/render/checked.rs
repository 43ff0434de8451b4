//! `build --configure-only`: which requests hold where, and why the others do not.

use super::columns;
use crate::model::checked::{Checked, Outcome};

/// A row for each cell, then the reasons.
pub fn checked(cells: &[Checked], width: usize) -> String {
    let several = cells.iter().any(|cell| cell.source != cells[0].source);
    let rows: Vec<Vec<String>> = cells
        .iter()
        .map(|cell| {
            let count = |pick: fn((usize, usize)) -> usize| {
                cell.options.map_or_else(|| "-".to_owned(), |o| pick(o).to_string())
            };
            let source = if several { format!("{}/", cell.source) } else { String::new() };
            let same = cell.same_as.as_ref();
            let same = same.map_or(String::new(), |of| format!(", same as {of}"));
            let result = format!("{}{same}", cell.verdict.word());
            vec![
                cell.arch.clone(),
                format!("{source}{}", cell.variant),
                count(|(y, _)| y),
                count(|(_, m)| m),
                requests(cell),
                result,
            ]
        })
        .collect();
    let header = ["architecture", "variant", "=y", "=m", "requests", "result"];
    let right = [false, false, true, true, false, false];
    let mut text = columns::table(&header, &rows, &right, width);
    for cell in cells {
        for request in cell.requests.iter().filter(|request| request.holds) {
            if let Some(why) = &request.why {
                let id = format!("{}/{}/{}", cell.arch, cell.source, cell.variant);
                let line = format!("{id}: {}={}: {why}", request.symbol, request.wanted);
                columns::put(&mut text, format_args!("\n{}\n", columns::wrap(&line, width, 2)));
            }
        }
        let reason = match &cell.verdict {
            Outcome::Holds => continue,
            Outcome::Impossible(why)
            | Outcome::Dropped(why)
            | Outcome::Skipped(why)
            | Outcome::Failed(why) => why,
        };
        let line = format!(
            "{}/{}/{} {}: {reason}",
            cell.arch,
            cell.source,
            cell.variant,
            cell.verdict.word()
        );
        text.push('\n');
        text.push_str(columns::wrap(&columns::clean(&line), width, 2).trim_end());
        text.push('\n');
    }
    text
}

/// `A=y B=n`, with what became of those that do not hold: `A=y (is n)`.
fn requests(cell: &Checked) -> String {
    let one = |request: &crate::model::run::Request| {
        let became = match &request.got {
            Some(got) if !request.holds => format!(" (is {got})"),
            _ => String::new(),
        };
        format!("{}={}{became}", request.symbol, request.wanted)
    };
    cell.requests.iter().map(one).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::run::Request;

    #[test]
    fn a_dropped_request_is_shown_with_its_value_and_its_reason() {
        let cell = Checked {
            arch: "arm".into(),
            source: "linux".into(),
            variant: "without".into(),
            options: Some((9000, 0)),
            requests: vec![Request {
                symbol: "HMM_MIRROR".into(),
                wanted: "n".into(),
                got: Some("y".into()),
                holds: false,
                why: None,
            }],
            same_as: None,
            verdict: Outcome::Dropped("HMM_MIRROR=n became y: selected by DRM_XE".into()),
        };
        let text = checked(&[cell], 80);
        assert!(text.contains("HMM_MIRROR=n (is y)"), "{text}");
        assert!(text.contains("arm/linux/without dropped: HMM_MIRROR=n became y"), "{text}");
        assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
    }
}
