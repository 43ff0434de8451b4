//! Audits: the verdict, on which architectures an option can be, and what each cost is made of.

use maud::{Markup, html};

use super::{bytes, signed, tone};
use crate::model::audit::{
    Arch, Cost, Group, Growth, Lacks, PossibleState, Report, Row, TypeChange, Verdict, Why,
};
use crate::model::number::grouped;
use crate::model::why::Hop;
use crate::render::audit::types;

/// As many reasons are shown at once.
const REASONS: usize = 6;
/// As many members of a type are shown.
const MEMBERS: usize = 12;

/// The verdict in a word or two, and the class that colours it.
pub fn verdict(verdict: Verdict) -> (&'static str, &'static str) {
    match verdict {
        Verdict::Holds => ("free where it is off", "pass"),
        Verdict::Broken => ("not free", "over-budget"),
        Verdict::Unknown => ("cannot be said", "incomplete"),
    }
}

/// Why bytes are there: `direct: ZONE_DEVICE`, `ungated, inline: ZONE_DEVICE`.
pub fn reason(why: Why, option: Option<&str>, growth: Option<&str>) -> String {
    let mut text = why.name().to_owned();
    if let Some(growth) = growth {
        text = format!("{text}, {growth}");
    }
    option.map_or(text.clone(), |option| format!("{text}: {option}"))
}

/// The reason of a row.
pub fn row_reason(row: &Row) -> String {
    reason(row.why, row.option.as_deref(), row.growth.map(Growth::name))
}

/// What leads from a symbol to what decides about it: facts, and where they stand.
pub fn chain(row: &Row) -> Vec<(String, Option<String>)> {
    let mut chain = vec![(row_reason(row), None)];
    if let Some(defined) = &row.defined {
        chain.push((format!("{} is defined", row.name), Some(defined.clone())));
    }
    for name in &row.through {
        chain.push((format!("through {name}"), None));
    }
    if let Some(gate) = &row.gate {
        chain.push((format!("{}: {}", gate.kind, gate.text), Some(gate.place.clone())));
    }
    if let Some(leak) = &row.leak {
        chain.push((format!("leaks: {}", leak.text), Some(leak.place.clone())));
        chain.push((format!("would be stopped by {}", leak.guard), Some(leak.at.clone())));
    }
    chain
}

/// The costs of an audit that were measured: what they are called, and what they are.
pub fn costs(report: &Report) -> Vec<(String, &Cost)> {
    let options = report.options.join(", ");
    let of = |arch: &'_ Arch| {
        let name = |word: &str| format!("{}: cost of {options} where it is {word}", arch.arch);
        [(name("on"), true), (name("off"), false)]
    };
    let mut found = Vec::new();
    for arch in &report.arches {
        for (name, on) in of(arch) {
            let cost = if on { &arch.on } else { &arch.off };
            found.extend(cost.as_ref().map(|cost| (name, cost)));
        }
    }
    found
}

/// The panel.
pub fn body(reports: &[Report]) -> Markup {
    html! {
        @for report in reports {
            (summary(report))
            @for (name, cost) in costs(report) { (one(&name, cost)) }
            (functions(report))
            @if !report.commit_message.is_empty() {
                article.card {
                    header { h2 { "For the commit message" } }
                    pre tabindex="0" { (report.commit_message) }
                }
            }
        }
    }
}

fn summary(report: &Report) -> Markup {
    let (words, class) = verdict(report.verdict);
    html! {
        article.card {
            header {
                h2 { (report.options.join(", ")) " " span.badge.(class) { (words) } }
                p { (report.tree) @if let Some(kernel) = &report.kernel { ", Linux " (kernel) } }
            }
            @let (first, more) = report.reasons.split_at(report.reasons.len().min(REASONS));
            @if !first.is_empty() { ul { @for reason in first { li { (reason) } } } }
            @if !more.is_empty() {
                details {
                    summary { (more.len()) " more reasons" }
                    ul { @for reason in more { li { (reason) } } }
                }
            }
            div.x tabindex="0" role="region" aria-label="Where it can be on" {
                table.sortable {
                    caption.sr { "Architectures: where the options can be on, and what they cost" }
                    thead {
                        tr {
                            th scope="col" { "Architecture" }
                            @for option in &report.options { th scope="col" { (option) } }
                            th.num scope="col" { "Payload when on" }
                            th.num scope="col" { "Payload when off" }
                        }
                    }
                    tbody {
                        @for arch in &report.arches {
                            tr {
                                th scope="row" { (arch.arch) }
                                @for option in &report.options { td { (possible(arch, option)) } }
                                (payload(arch.on.as_ref())) (payload(arch.off.as_ref()))
                            }
                        }
                    }
                }
            }
            @for arch in &report.arches {
                @for text in &arch.missing { p.dim { (arch.arch) ": " (text) } }
            }
            @if !report.findings.is_empty() {
                details open[report.findings.len() <= REASONS] {
                summary { "What the gating rules say: " (report.findings.len()) }
                ul {
                    @for finding in &report.findings {
                        li {
                            span.badge.(finding.severity) { (finding.code) } " " (finding.message) " "
                            span.mono.dim { (finding.place) }
                        }
                    }
                }
                }
            }
        }
    }
}

fn possible(arch: &Arch, option: &str) -> Markup {
    let Some(found) = arch.possible.iter().find(|one| one.option == option) else {
        return html! {};
    };
    html! {
        @match found.state {
            PossibleState::Possible => "possible",
            PossibleState::Unknown => span.dim { "no way found" },
            PossibleState::Impossible => {
                details { summary { "impossible" } ol.chain { @for hop in &found.chain { (fact(hop)) } } }
            }
        }
    }
}

fn fact(hop: &Hop) -> Markup {
    html! {
        li {
            (hop.symbol) " " (hop.says)
            @if let Some(place) = &hop.place { span.place.mono { (place) } }
        }
    }
}

fn payload(cost: Option<&Cost>) -> Markup {
    let bytes = cost.map(|cost| if cost.identical { 0 } else { cost.payload });
    html! {
        td.num data-v=[bytes] {
            @match (bytes, cost) {
                (Some(_), Some(cost)) if cost.identical => "0, proven",
                (Some(bytes), _) => span class=(tone(bytes)) { (signed(bytes)) },
                _ => "\u{2013}",
            }
        }
    }
}

/// What one cost is made of.
fn one(name: &str, cost: &Cost) -> Markup {
    html! {
        article.card {
            header {
                h2 { (name) }
                p { (cost.new.file) " against " (cost.old.file) }
            }
            @if cost.identical { p { "Identical inputs: 0 bytes, by proof." } } @else {
                div.columns {
                    div {
                        h3 { "Why these bytes are there" }
                        (partition(cost))
                        p.dim {
                            (grouped(cost.moved)) " bytes moved, of which "
                            (format!("{:.2}", cost.unattributed_percent()))
                            " % are unattributed; the sum of all parts is exact."
                        }
                        @for line in types::inlined(cost, Some(REASONS)) { p.dim { (line) "." } }
                    }
                    @if !cost.types.is_empty() { div { h3 { "Types that changed" } (type_table(cost)) } }
                }
                @if !cost.warnings.is_empty() {
                    ul.warnings { @for warning in &cost.warnings { li.warning { (warning) } } }
                }
            }
        }
    }
}

fn partition(cost: &Cost) -> Markup {
    let most = cost.groups.iter().map(|group| group.bytes.unsigned_abs()).max().unwrap_or(1).max(1);
    let name =
        |group: &Group| reason(group.why, group.option.as_deref(), group.growth.map(Growth::name));
    html! {
        div.x tabindex="0" role="region" aria-label="Why these bytes are there" {
            table.bars.sortable {
                caption.sr { "The partition: reasons and their bytes" }
                thead {
                    tr {
                        th scope="col" { "Why" }
                        th scope="col" { span.sr { "Bar" } }
                        th.num scope="col" { "Bytes" }
                        th.num scope="col" { "Up" }
                        th.num scope="col" { "Down" }
                        th.num scope="col" { "Symbols" }
                    }
                }
                tbody {
                    @for group in &cost.groups {
                        tr {
                            th scope="row" { (name(group)) }
                            (super::comparison::bar(group.bytes, most))
                            td.num data-v=(group.bytes) { span class=(tone(group.bytes)) { (signed(group.bytes)) } }
                            td.num data-v=(group.up) { (signed(group.up as i64)) }
                            td.num data-v=(group.down) { (signed(-(group.down as i64))) }
                            td.num data-v=(group.rows) { (grouped(group.rows)) }
                        }
                    }
                }
                tfoot {
                    @for (name, bytes) in [("payload", cost.payload), ("size (dec)", cost.dec)] {
                        tr.total {
                            th scope="row" { (name) } td {}
                            td.num { span class=(tone(bytes)) { (signed(bytes)) } } td {} td {} td {}
                        }
                    }
                }
            }
        }
    }
}

/// What is different in a type.
fn members(one: &TypeChange) -> Markup {
    html! {
        @for field in one.fields.iter().take(MEMBERS) {
            div {
                (types::sign(field)) " " (field.name) ": " (types::width_of(field))
                @let said = types::said(field, ", ");
                @if !said.is_empty() { "; " (said) }
            }
        }
        @if one.fields.len() > MEMBERS { div { "… and " (one.fields.len() - MEMBERS) " more" } }
    }
}

fn type_table(cost: &Cost) -> Markup {
    html! {
        div.x tabindex="0" role="region" aria-label="Types that changed" {
            table.sortable {
                caption.sr { "Types that changed in size" }
                thead {
                    tr {
                        th scope="col" { "Type" }
                        th.num scope="col" { "Before" }
                        th.num scope="col" { "After" }
                        th scope="col" { "Members" }
                    }
                }
                tbody {
                    @for one in cost.types.iter().take(40) {
                        tr {
                            th.mono scope="row" { (one.name) }
                            td.num data-v=(one.old) { (bytes(Some(one.old))) }
                            td.num data-v=(one.new) { (bytes(Some(one.new))) }
                            td.mono.dim { (members(one)) }
                        }
                    }
                }
            }
        }
        @if cost.types.len() > 40 { p.dim { "… and " (cost.types.len() - 40) " more." } }
    }
}

fn functions(report: &Report) -> Markup {
    let lacking = report.functions.iter().filter(|one| one.lacks != Lacks::Nothing).count();
    html! {
        @if !report.functions.is_empty() {
            article.card {
                header {
                    h2 { "Functions that " (report.options.join(", ")) " gates" }
                    p { (report.functions.len()) ", of which " (lacking) " lack a stub or prototype" }
                }
                details open[report.functions.len() <= 15] {
                    summary { "Stubs and prototypes" }
                    div.x tabindex="0" role="region" aria-label="Stubs and prototypes" {
                        table.sortable {
                            caption.sr { "Gated functions, their stubs and prototypes" }
                            thead {
                                tr {
                                    th scope="col" { "Function" }
                                    th scope="col" { "Defined" }
                                    th scope="col" { "Gate" }
                                    th scope="col" { "Stub" }
                                    th scope="col" { "Prototype" }
                                }
                            }
                            tbody {
                                @for one in &report.functions {
                                    tr {
                                        th.mono scope="row" { (one.name) }
                                        td.mono.dim { (one.defined) }
                                        td.mono.dim { (one.gate.place) }
                                        td.mono { (places(&one.stubs, one.lacks == Lacks::Stub)) }
                                        td.mono { (places(&one.prototypes, one.lacks == Lacks::Prototype)) }
                                    }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn places(places: &[String], missing: bool) -> Markup {
    html! {
        @if !places.is_empty() { span.dim { (places.join(", ")) } }
        @else if missing { span.up { "missing" } }
        @else { span.dim { "none needed" } }
    }
}
