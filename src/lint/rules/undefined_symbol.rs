//! K004: a name in a condition, `select`, `imply` or `default` that no Kconfig file defines.

use rustc_hash::FxHashSet;

use crate::kconf::syntax::{LineKind, Word};
use crate::lint::statements::{defined, entries, files, finding, text, words};
use crate::lint::{Check, Needs, Rule, TreeCx, similar};
use crate::model::finding::Severity;

/// The rule.
pub const RULE: Rule = Rule {
    code: "K004",
    name: "undefined-symbol",
    severity: Severity::Warning,
    default: true,
    what: "Reports an option that is named in Kconfig but defined for no architecture. In a condition \
           it is always n; to select it does nothing. Names that could be values (numbers, words in \
           comparisons that are not in capitals) are left alone.",
    why: "It is a misspelling, or what is left of an option that was renamed or removed: the condition \
          is not what its author meant.",
    example: "
config A
	bool \"a\"
	depends on PCI_MIS
",
    fix: "Correct the name, or remove what depends on an option that is gone.",
    needs: Needs::KCONFIG,
    check: Check::Tree(check),
};

fn check(cx: &mut TreeCx<'_>) {
    let names = similar::Names::new(cx.tree.symbols.keys().map(|name| &**name));
    for read in files(cx.tree) {
        let file = &read.0;
        let mut owner = None;
        let mut ends = entries(file).into_iter().peekable();
        for (index, line) in file.lines.iter().enumerate() {
            while let Some(entry) = ends.next_if(|entry| entry.head <= index) {
                owner = defined(file, entry.head);
            }
            let mut mentioned: Vec<(Word, bool)> = Vec::new();
            let mut verb = None;
            let (value, cond) = match &line.kind {
                LineKind::If(e) => (None, Some(*e)),
                LineKind::Depends { on, cond } => (Some(*on), *cond),
                LineKind::Visible(e) => (None, *e),
                LineKind::Default { value, cond, .. } => (Some(*value), *cond),
                LineKind::Select { name, cond } => {
                    verb = Some("select");
                    mentioned.push((*name, false));
                    (None, *cond)
                }
                LineKind::Imply { name, cond } => {
                    verb = Some("imply");
                    mentioned.push((*name, false));
                    (None, *cond)
                }
                LineKind::Range { low, high, cond } => {
                    mentioned.extend([(*low, true), (*high, true)]);
                    (None, *cond)
                }
                LineKind::Prompt(prompt) => (None, prompt.cond),
                LineKind::Type { prompt, .. } => (None, prompt.and_then(|prompt| prompt.cond)),
                _ => continue,
            };
            for expr in value.into_iter().chain(cond) {
                words(file, expr, &mut mentioned);
            }
            let mut said = FxHashSet::default();
            for (position, (word, compared)) in mentioned.into_iter().enumerate() {
                let name = text(file, word.span);
                if !is_name(word, &name, compared)
                    || cx.tree.symbols.contains_key(&*name)
                    || !said.insert(name.clone())
                {
                    continue;
                }
                let what = match verb.filter(|_| position == 0) {
                    Some(verb) => {
                        format!("`{verb} {name}` does nothing: no Kconfig file defines it")
                    }
                    None => format!("no Kconfig file defines {name}: it is always n"),
                };
                let hint = names.like(&name);
                let hint = hint.map_or(String::new(), |near| format!("; did you mean {near}?"));
                let mut found = finding(cx.tree, &read, word.span, what + &hint);
                found.symbol = Some(owner.clone().unwrap_or(name));
                cx.report(found);
            }
        }
    }
}

/// Whether a word can only mean an option.
fn is_name(word: Word, name: &str, compared: bool) -> bool {
    let plain = !word.quoted && !word.dollar && !word.escaped;
    let is_value = matches!(name, "y" | "m" | "n" | "")
        || name.strip_prefix('-').unwrap_or(name).bytes().all(|byte| byte.is_ascii_digit())
        || name.starts_with("0x")
        || name.starts_with("0X");
    let in_capitals = name.bytes().all(|b| !b.is_ascii_lowercase());
    plain && !is_value && (in_capitals || !compared)
}
