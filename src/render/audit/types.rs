//! Types that changed in size, and what of growth was inlined: what debug information adds to an audit.

use crate::model::audit::{Cost, FieldChange, TypeChange};
use crate::model::number::{grouped, signed};
use crate::render::columns::{put, wrap};
use crate::render::table::{View, inlined_words};
use crate::render::verdict_markdown::escape;

/// As many members of a type are shown to people, unless all rows are.
const FIELDS: usize = 12;

/// `72 functions +1,234 bytes, of which +812 inlined put_page`, for each function.
pub fn inlined(cost: &Cost, top: Option<usize>) -> impl Iterator<Item = String> {
    let shown = top.unwrap_or(usize::MAX);
    cost.inlined.iter().take(shown).map(|one| inlined_words(one.told(), &one.name))
}

/// The types for a terminal.
pub fn text(out: &mut String, cost: &Cost, top: Option<usize>, view: View) {
    if cost.types.is_empty() {
        return;
    }
    out.push_str("\ntypes that changed in size\n");
    let shown = top.unwrap_or(usize::MAX).min(cost.types.len());
    let width = view.width.saturating_sub(2);
    for one in &cost.types[..shown] {
        let place = one.defined.as_ref().map(|place| format!(", {place}")).unwrap_or_default();
        let text = format!("{}: {}{place}", one.name, sizes(one));
        put(out, format_args!("  {}\n", wrap(&text, width, 4)));
        let (fields, rest) = fields(one, top);
        for field in fields {
            let name = format!("{} {}: {}", sign(field), field.name, width_of(field));
            let said = said(field, " > ");
            let text = if said.is_empty() { name } else { format!("{name}; {said}") };
            let text = wrap(&text, width.saturating_sub(2), 4).replace('\n', "\n    ");
            put(out, format_args!("    {text}\n"));
        }
        if rest > 0 {
            put(out, format_args!("    {} more members (--top 0 shows all)\n", grouped(rest)));
        }
    }
    let hidden = cost.types.len() - shown;
    if hidden > 0 {
        put(out, format_args!("  {} more types (--top 0 shows all)\n", grouped(hidden as u64)));
    }
}

/// The types as a table of markdown.
pub fn markdown(out: &mut String, cost: &Cost, top: Option<usize>) {
    if cost.types.is_empty() {
        return;
    }
    out.push_str("\n| type | size | member | width | why |\n|---|---|---|---|---|\n");
    let shown = top.unwrap_or(usize::MAX).min(cost.types.len());
    for one in &cost.types[..shown] {
        let head = format!("{} | {}", escape(&one.name), sizes(one));
        let (fields, rest) = fields(one, top);
        if fields.is_empty() {
            put(out, format_args!("| {head} | | | |\n"));
        }
        for (number, field) in fields.iter().enumerate() {
            let head = if number == 0 { head.as_str() } else { " | " };
            let name = escape(&format!("{} {}", sign(field), field.name));
            let (width, said) = (width_of(field), escape(&said(field, ", ")));
            put(out, format_args!("| {head} | {name} | {width} | {said} |\n"));
        }
        if rest > 0 {
            put(out, format_args!("| | | {} more members | | |\n", grouped(rest)));
        }
    }
    let hidden = cost.types.len() - shown;
    if hidden > 0 {
        put(out, format_args!("\n{} more types.\n", grouped(hidden as u64)));
    }
}

/// The members that are shown, and how many are not.
fn fields(one: &TypeChange, top: Option<usize>) -> (&[FieldChange], u64) {
    let shown = if top.is_some() { FIELDS.min(one.fields.len()) } else { one.fields.len() };
    (&one.fields[..shown], (one.fields.len() - shown) as u64)
}

/// `56 to 64 bytes (+8)`
fn sizes(one: &TypeChange) -> String {
    let change = signed((one.new as i64).wrapping_sub(one.old as i64));
    format!("{} to {} bytes ({change})", grouped(one.old), grouped(one.new))
}

/// `+` came, `-` went, `~` has another width.
pub fn sign(field: &FieldChange) -> char {
    match (field.old, field.new) {
        (None, _) => '+',
        (_, None) => '-',
        _ => '~',
    }
}

/// `8 bytes`, `3 bits`, `24 to 32 bytes`
pub fn width_of(field: &FieldChange) -> String {
    let all = || [field.old, field.new].into_iter().flatten();
    let (unit, by) = if all().all(|bits| bits % 8 == 0) { ("byte", 8) } else { ("bit", 1) };
    let numbers: Vec<String> = all().map(|bits| grouped(bits / by)).collect();
    let plural = if numbers.last().is_some_and(|last| last == "1") { "" } else { "s" };
    format!("{} {unit}{plural}", numbers.join(" to "))
}

/// The option, the gate and the way there.
pub fn said(field: &FieldChange, joint: &str) -> String {
    let through = match field.through.as_slice() {
        [] => String::new(),
        names => format!(" through {}", names.join(joint)),
    };
    let option = field.option.as_deref().map(|option| format!("{option}, ")).unwrap_or_default();
    match &field.gate {
        Some(gate) => format!("{option}{}: {}{through}", gate.place, gate.text),
        None => field.defined.clone().unwrap_or_default(),
    }
}
