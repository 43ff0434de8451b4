//! Comparisons as comma-separated values (quoted as RFC 4180 has it): one header, one line for each row of each table.

use super::table;
use crate::model::class::Class;
use crate::model::delta::{By, Report, Row, SectionBytes, SectionDelta};

/// Every row of the report. `by` says of what: `column` (text, data, bss, dec, payload) or a table's
/// kind; padding, unattributed bytes and totals are rows of their tables. Sections have their accounts.
pub fn csv(report: &Report) -> String {
    let mut out =
        String::from("file,baseline,by,name,class,object,old,new,delta,percent,change,was,");
    out += "symbols_old,symbols_new,padding_old,padding_new,unattributed_old,unattributed_new,";
    out += "inlined_functions,inlined_growth,inlined_bytes\n";
    let name = |file: usize| report.files.get(file).map_or("", |file| file.name.as_str());
    let baseline = name(report.baseline);
    for comparison in &report.comparisons {
        let file = name(comparison.file);
        for row in &comparison.columns {
            line(&mut out, &[file, baseline, "column"], row, None);
        }
        for table in &comparison.tables {
            let front = [file, baseline, table.by.name()];
            for row in table.rows.iter().chain(&table.rest).chain([&table.total]) {
                let is_total = std::ptr::eq(row, &raw const table.total);
                let account = (table.by == By::Section)
                    .then(|| table::account(row, is_total, &comparison.sections));
                line(&mut out, &front, row, account.as_ref());
            }
        }
    }
    out
}

/// What a section's account is made of.
const PARTS: [fn(&SectionBytes) -> u64; 3] =
    [|bytes| bytes.symbols, |bytes| bytes.padding, |bytes| bytes.unattributed];

fn line(out: &mut String, front: &[&str], row: &Row, account: Option<&SectionDelta>) {
    let number = |value: Option<u64>| value.map_or_else(String::new, |value| value.to_string());
    let name = match row.nth {
        Some((nth, of)) => format!("{} [{nth} of {of}]", row.name),
        None => row.name.clone(),
    };
    let (old, new, delta) = (number(row.old), number(row.new), row.delta.to_string());
    let percent = row.percent.map_or_else(String::new, |percent| format!("{percent:.6}"));
    let fields = [
        name.as_str(),
        row.class.map_or("", Class::name),
        row.object.as_deref().unwrap_or(""),
        &old,
        &new,
        &delta,
        &percent,
        row.change.name(),
        row.was.as_deref().unwrap_or(""),
    ];
    let mut all: Vec<String> = front.iter().copied().chain(fields).map(quoted).collect();
    for part in PARTS {
        let side = |side: fn(&SectionDelta) -> Option<SectionBytes>| {
            number(account.and_then(side).map(|bytes| part(&bytes)))
        };
        all.extend([side(|section| section.old), side(|section| section.new)]);
    }
    let told = row.inlined.map(|told| [told.functions as i64, told.growth, told.bytes]);
    all.extend((0..3).map(|at| told.map_or_else(String::new, |told| told[at].to_string())));
    out.push_str(&all.join(","));
    out.push('\n');
}

/// A field as RFC 4180 wants it.
pub fn quoted(field: &str) -> String {
    if field.contains(['"', ',', '\n', '\r']) {
        format!("\"{}\"", field.replace('"', "\"\""))
    } else {
        field.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::quoted;

    #[test]
    fn fields_are_quoted_where_they_must_be() {
        assert_eq!(quoted("a b"), "a b");
        assert_eq!(quoted("a,b"), "\"a,b\"");
        assert_eq!(quoted("a\"b"), "\"a\"\"b\"");
    }
}
