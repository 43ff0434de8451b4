//! G008: a part of a guard that makes no difference.

use crate::lint::verdicts::Verdict;
use crate::lint::{Check, Needs, Rule, TreeCx};
use crate::model::finding::{Edit, Severity};
use crate::source::guards::{Directive, OperandKind, Span};

/// The rule.
pub const RULE: Rule = Rule {
    code: "G008",
    name: "redundant-operand",
    severity: Severity::Warning,
    default: true,
    what: "Reports an operand of `&&` that the others imply, and an operand of `||` that is covered by \
           the others, given Kconfig, the guards around it, and what the makefiles say about the file.",
    why: "The guard says more than Kconfig does: who reads it has to think of combinations that do not \
          exist, and who changes a dependency has one more place to change.",
    example: "
#if defined(CONFIG_SPARSEMEM_VMEMMAP) && defined(CONFIG_ZONE_DEVICE)

config ZONE_DEVICE
	bool
	depends on SPARSEMEM_VMEMMAP
",
    fix: "Remove the operand. `--fix` does.",
    needs: Needs::VERDICTS,
    check: Check::Tree(check),
};

fn check(cx: &mut TreeCx<'_>) {
    let tree = cx.tree;
    let mut texts = tree.source_texts();
    for verdict in tree.verdicts().iter(tree) {
        let Some(operand) = verdict.operand() else { continue };
        let parent = operand.parent.map(|parent| &verdict.file.operands[parent as usize]);
        let conjunct = parent.is_some_and(|parent| parent.kind == OperandKind::And);
        let written = texts.written(&verdict.file.path, operand.at);
        let message = if conjunct {
            format!("`{written}` is implied by the rest of the condition and where it stands")
        } else {
            format!("`{written}` adds nothing to the rest of the condition where it stands")
        };
        let mut finding = super::universal(&verdict, operand.at, message);
        finding.fix = fix(&verdict, texts.get(&verdict.file.path)).into_iter().collect();
        cx.report(finding);
    }
}

/// The removal of the operand with its operator. Where only `defined(X)` is left, the directive becomes
/// an `#ifdef`, as people write it.
fn fix(verdict: &Verdict<'_>, text: &[u8]) -> Option<Edit> {
    let (file, block) = (verdict.file, verdict.block);
    let operand = verdict.operand()?;
    let siblings: Vec<Span> = block
        .operands
        .clone()
        .map(|index| &file.operands[index as usize])
        .filter(|other| other.parent == operand.parent)
        .map(|other| other.at)
        .collect();
    let at = siblings.iter().position(|other| *other == operand.at)?;
    let (start, end) = match siblings.get(at + 1) {
        Some(next) => (operand.at.start as usize, next.start as usize),
        None => (siblings.get(at.checked_sub(1)?)?.end(), operand.at.end()),
    };
    let edit = |start: usize, end: usize, text: String| Edit {
        file: file.path.to_string(),
        start: start as u32,
        len: (end - start) as u32,
        text,
    };
    let is_whole = operand.parent == Some(block.operands.start);
    if let (2, true, Directive::If) = (siblings.len(), is_whole, block.directive)
        && let Some(short) = shorter(siblings[1 - at].of(text))
    {
        return Some(edit(block.at.start as usize, block.condition.end(), short));
    }
    // A line that ends with a backslash, and comments, would take more thought.
    let plain = !text[start..end].contains(&b'\n') && !text[start..end].contains(&b'*');
    plain.then(|| edit(start, end, String::new()))
}

/// `#ifdef X` for `defined(X)`, `#ifndef X` for `!defined(X)`.
fn shorter(condition: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(condition).ok()?.trim();
    let (directive, text) = match text.strip_prefix('!') {
        Some(rest) => ("#ifndef", rest.trim_start()),
        None => ("#ifdef", text),
    };
    let name = text.strip_prefix("defined")?.trim();
    let name =
        name.strip_prefix('(').and_then(|name| name.strip_suffix(')')).unwrap_or(name).trim();
    let is_name = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    (is_name && !name.is_empty()).then(|| format!("{directive} {name}"))
}

#[cfg(test)]
mod tests {
    use super::shorter;

    #[test]
    fn what_is_left_is_written_as_people_do() {
        assert_eq!(shorter(b"defined(CONFIG_A)").as_deref(), Some("#ifdef CONFIG_A"));
        assert_eq!(shorter(b"!defined( CONFIG_A )").as_deref(), Some("#ifndef CONFIG_A"));
        assert_eq!(shorter(b"defined CONFIG_A").as_deref(), Some("#ifdef CONFIG_A"));
        assert_eq!(shorter(b"defined(A) || defined(B)"), None);
        assert_eq!(shorter(b"IS_ENABLED(CONFIG_A)"), None);
    }
}
