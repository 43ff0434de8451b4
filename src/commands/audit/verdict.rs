//! The verdict on an audit: what speaks against "no bloat for whoever does not use it".

use crate::analyze::attribute::record;
use crate::cli::audit::Audit;
use crate::cli::lint::Deny;
use crate::model::audit::{Cost, Report, Row, Verdict, Why};

/// Judges what was found, and says why.
pub fn judge(report: &mut Report, args: &Audit) {
    let mut broken = Vec::new();
    let mut unknown = Vec::new();
    let options = report.options.join(", ");
    for arch in &report.arches {
        let name = &arch.arch;
        if let Some(cost) = &arch.off {
            let more = leaked(cost);
            if more > args.max_off {
                let count = cost.rows.iter().filter(|row| grown(cost, row) > 0).count();
                let (what, verb) =
                    if count == 1 { ("symbol", "costs") } else { ("symbols", "cost") };
                let off = if report.options.len() == 1 { "is off" } else { "are off" };
                broken.push(format!(
                    "{name}: {count} {what} {verb} {more} bytes although {options} {off} ({} are allowed)",
                    args.max_off
                ));
            }
        }
        if let Some(cost) = &arch.on {
            let over = |bytes: i64, limit: Option<u64>| {
                limit.is_some_and(|limit| bytes > i64::try_from(limit).unwrap_or(i64::MAX))
            };
            if over(cost.payload, args.max_on) {
                let limit = args.max_on.unwrap_or_default();
                broken.push(format!(
                    "{name}: {options} costs {} bytes ({limit} are allowed)",
                    cost.payload
                ));
            }
            let ungated = cost.bytes(Why::Ungated);
            if over(ungated, args.max_ungated) {
                let limit = args.max_ungated.unwrap_or_default();
                broken.push(format!(
                    "{name}: {ungated} bytes of {options} have no gate ({limit} are allowed)"
                ));
            }
        }
        for cost in arch.on.iter().chain(&arch.off).filter(|cost| !record::is_exact(cost)) {
            let (dec, payload) = (cost.dec, cost.payload);
            unknown.push(format!("{name}: the parts do not add up to {dec} and {payload} (a bug)"));
        }
        unknown.extend(arch.missing.iter().cloned());
        let asked = args.what.base.is_some() || args.before.is_some();
        if asked && arch.on.is_some() && arch.off.is_none() && arch.missing.is_empty() {
            unknown.push(format!("{name}: nothing of the earlier source was compared"));
        }
    }
    let lowest = match args.deny {
        Deny::Note => 0,
        Deny::Warning => 1,
        Deny::Error => 2,
        Deny::Never => 3,
    };
    let level = |severity: &str| match severity {
        "error" => 2,
        "warning" => 1,
        _ => 0,
    };
    let denied = report.findings.iter().filter(|one| level(&one.severity) >= lowest).count();
    if denied > 0 {
        let word = if denied == 1 { "finding" } else { "findings" };
        broken.push(format!("the source: {denied} {word} of the gating rules"));
    }
    report.verdict = match (unknown.is_empty(), broken.is_empty()) {
        (false, _) => Verdict::Unknown,
        (true, false) => Verdict::Broken,
        (true, true) => Verdict::Holds,
    };
    report.reasons = unknown.into_iter().chain(broken).collect();
}

/// Bytes that symbols gained although the option is off: what others lost does not count against it.
pub fn leaked(cost: &Cost) -> u64 {
    cost.rows.iter().map(|row| grown(cost, row)).sum()
}

/// The bytes of a row that are more than before. Bytes without a symbol are what an object's symbols
/// leave of its sections: where one goes, they may become more, and that is no growth.
fn grown(cost: &Cost, row: &Row) -> u64 {
    if row.delta <= 0 || row.why == Why::Noise {
        return 0;
    }
    let more = row.delta.unsigned_abs();
    if !row.name.starts_with('(') {
        return more;
    }
    let same =
        cost.rows.iter().filter(|other| other.object == row.object && other.class == row.class);
    let less: u64 =
        same.filter(|other| other.delta < 0).map(|other| other.delta.unsigned_abs()).sum();
    more.saturating_sub(less)
}
