//! K104: an `if` behind a select, imply, default, range or prompt that always or never holds.

use crate::kconf::model::{PropKind, Property};
use crate::lint::{ArchCx, Check, Claim, Needs, Rule};
use crate::logic::circuit::Lit;
use crate::logic::encode::{Encoder, Tri};
use crate::logic::{Answer, words};
use crate::model::finding::Severity;

/// The rule.
pub const RULE: Rule = Rule {
    code: "K104",
    name: "constant-condition",
    severity: Severity::Note,
    default: true,
    what: "Reports the condition of a `select`, `imply`, `default`, `range` or prompt that holds \
           wherever its option can be on, or nowhere.",
    why: "One that always holds hides what the line really does. One that never holds makes the line \
          dead, which is hardly what was meant.",
    example: "
config USB_STORAGE
	tristate \"storage\"
	depends on SCSI
	select SCSI_PROC_FS if SCSI
",
    fix: "Remove the condition if it always holds, the line if it never does, or correct it.",
    needs: Needs::KCONFIG,
    check: Check::Arch(check),
};

fn check(cx: &mut ArchCx<'_>) {
    let model = &cx.arch.model;
    let mut claims = Vec::new();
    for prop in &model.props {
        let Some(cond) = prop.cond.filter(|_| cx.concerns_line(prop)) else { continue };
        let key = |cx: &ArchCx<'_>, says: &str| {
            let start = prop.place.span.start << 1 | u32::from(says == "never");
            cx.is_open((model.file(prop.place.file).name.as_str(), start))
        };
        let open = ["always", "never"].iter().any(|says| key(cx, says).is_some());
        if !open || !cx.is_reachable(prop.menu) {
            continue;
        }
        let definition = Some(model.menu(prop.menu).place);
        let encoder = cx.logic().encoder();
        let (given, value) = (around(encoder, prop), encoder.expr(Some(cond)));
        let always = vec![vec![given.m, !value.m], vec![given.y, !value.y]];
        for (says, never) in [("always", always), ("never", vec![vec![given.m, value.m]])] {
            let Some(key) = key(cx, says) else { continue };
            claims.push(Claim { key, definition, never, what: (says, cond, prop, given) });
        }
    }
    let answers = cx.ask(&claims);
    let holding = claims.iter().zip(answers).filter(|(_, holds)| *holds);
    let holding: Vec<&Claim<_>> = holding.map(|(claim, _)| claim).collect();
    // Where the line never counts at all, nothing is said of its condition.
    let counts: Vec<Vec<Lit>> = holding.iter().map(|claim| vec![claim.what.3.m]).collect();
    if counts.is_empty() {
        return;
    }
    let counts = cx.logic().each(&counts);
    let holding = holding.into_iter().zip(counts);
    for (claim, _) in holding.filter(|(_, counts)| *counts != Answer::Impossible) {
        let (says, cond, prop, _) = claim.what;
        let written = words::expr(model, Some(cond));
        let mut finding = cx.arch.at(prop.place, format!("`if {written}` {says} holds here"));
        finding.symbol = model.menu(prop.menu).symbol.map(|symbol| words::name(model, symbol));
        cx.universal(claim, finding, |_| {});
    }
}

/// Where the line counts: while the selector is on, or where the definition's dependency is met.
fn around(encoder: &mut Encoder<'_>, prop: &Property) -> Tri {
    let model = encoder.model;
    let node = model.menu(prop.menu);
    let met = encoder.expr(node.dep);
    let selects = matches!(prop.kind, PropKind::Select | PropKind::Imply);
    match node.symbol.filter(|_| selects) {
        Some(symbol) => {
            let on = encoder.value(symbol);
            encoder.both(on, met)
        }
        None => met,
    }
}
