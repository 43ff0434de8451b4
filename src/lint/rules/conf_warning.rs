//! K003: what the tree's own `conf` warns about while it parses.

use crate::kconf::model::Severity as Said;
use crate::lint::{ArchCx, Check, Needs, Rule};
use crate::model::finding::Severity;

/// The rule.
pub const RULE: Rule = Rule {
    code: "K003",
    name: "conf-warning",
    severity: Severity::Error,
    default: true,
    what: "Reports what the kernel's `conf` warns about while it reads the tree: types redefined, \
           wrong types of what is selected, invalid numbers, options without a type, choices whose \
           members have no prompt, `config` lines outside of what they should be in.",
    why: "Kconfig goes on with half of the line ignored. The warning scrolls by in every build.",
    example: "
config A
	bool
	select B

config B
	int \"b\"
",
    fix: "Do what the message says.",
    needs: Needs::KCONFIG,
    check: Check::Arch(check),
};

fn check(cx: &mut ArchCx<'_>) {
    for message in &cx.arch.model.messages {
        let (Said::Warning, Some(place)) = (message.severity, message.place) else { continue };
        // Without the place, which conf writes in front.
        let file = &cx.arch.model.file(place.file).name;
        let text = message.text.strip_prefix(&**file).unwrap_or(&message.text);
        let text = text.trim_start_matches(|c: char| c == ':' || c.is_ascii_digit()).trim_start();
        let text = text.strip_prefix("warning: ").unwrap_or(text);
        let finding = cx.arch.at(place, text);
        cx.exists(finding);
    }
}
