//! A run as CSV (quoted as RFC 4180 has it, lines end as everywhere else here): one line a comparison, plain numbers, for spreadsheets and scripts.

use crate::model::run_report::{Delta, RunReport};
use crate::model::size::PayloadKind;
use crate::model::verdict::delta;

use super::columns::put;
use super::csv::quoted;
use super::run::columns;

/// The report as CSV, with a header line.
pub fn render(report: &RunReport) -> String {
    let mut text = String::from("arch,head,base,labels");
    for column in ["text", "data", "bss", "dec", "payload", "prelink"] {
        put(&mut text, format_args!(",{column}_base,{column}_head,{column}_delta"));
    }
    text.push_str(",payload_kind,noise,verdict,note\n");
    for found in &report.summary {
        text.push_str(&line(found));
    }
    text
}

fn line(found: &Delta) -> String {
    let mut fields = vec![
        found.arch.clone(),
        found.head_name.clone(),
        found.base_name.clone(),
        found.labels.join(" "),
    ];
    for pair in columns(found) {
        match pair {
            Some((base, head)) => {
                fields.extend([base.to_string(), head.to_string(), delta(base, head).to_string()]);
            }
            None => fields.extend([const { String::new() }; 3]),
        }
    }
    let kind = found.head_payload.map(|payload| match payload.kind {
        PayloadKind::Map => "map",
        PayloadKind::Estimated => "estimated",
    });
    fields.push(kind.unwrap_or_default().to_owned());
    fields.push(found.noise.map(|noise| noise.to_string()).unwrap_or_default());
    fields.push(found.word.name().to_owned());
    fields.push(found.note.clone().unwrap_or_default());
    let quoted: Vec<String> = fields.iter().map(|field| quoted(field)).collect();
    format!("{}\n", quoted.join(","))
}
