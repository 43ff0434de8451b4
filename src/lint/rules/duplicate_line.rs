//! K001: a `depends on`, `select`, `imply` or `default` that repeats another one of the same definition.

use rustc_hash::FxHashMap;

use crate::kconf::model::PropKind;
use crate::lint::statements::whole_line;
use crate::lint::{ArchCx, Check, Needs, Rule};
use crate::model::finding::Severity;

/// The rule.
pub const RULE: Rule = Rule {
    code: "K001",
    name: "duplicate-line",
    severity: Severity::Warning,
    default: true,
    what: "Reports a `select`, `imply` or `default` line that says what an earlier line of the same \
           definition says already, condition included.",
    why: "The second line has no effect. It is often what a merge left behind, or one of the two was \
          meant to name something else.",
    example: "
config A
	bool
	select B
	select C
	select B
",
    fix: "Remove the later line, or correct the name in it. `--fix` removes it.",
    needs: Needs::KCONFIG,
    check: Check::Arch(check),
};

fn check(cx: &mut ArchCx<'_>) {
    let model = &cx.arch.model;
    for symbol in &model.symbols {
        let mut seen = FxHashMap::default();
        for &id in &symbol.props {
            let prop = model.prop(id);
            if !matches!(prop.kind, PropKind::Select | PropKind::Imply | PropKind::Default) {
                continue;
            }
            let first = *seen.entry((prop.kind, prop.menu, prop.expr, prop.cond)).or_insert(id);
            if first == id {
                continue;
            }
            let at = model.prop(first).place;
            let written = cx.arch.written(id).into_owned();
            let (line, _) = model.file(at.file).position(at.span.start);
            let mut finding =
                cx.arch.at(prop.place, format!("`{written}` repeats line {line} of this file"));
            finding.symbol = Some(String::from_utf8_lossy(&symbol.name).into_owned());
            finding.proof = Some(vec![cx.arch.fact(at, cx.arch.written(first))]);
            finding.fix = vec![whole_line(model.file(prop.place.file), prop.place.span)];
            cx.exists(finding);
        }
    }
}
