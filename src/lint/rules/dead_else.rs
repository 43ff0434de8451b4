//! G006: an `#else` that no configuration compiles.

use crate::lint::verdicts::What;
use crate::lint::{Check, Needs, Rule, TreeCx};
use crate::model::finding::{Edit, Severity};
use crate::source::guards::Directive;

/// The rule.
pub const RULE: Rule = Rule {
    code: "G006",
    name: "dead-else",
    severity: Severity::Warning,
    default: true,
    what: "Reports an `#else` where one of the branches before it is always taken. An `#else` that only \
           has an `#error` is there to never be compiled, and left alone.",
    why: "The code is never compiled: it is often the stub for a configuration that no longer exists.",
    example: "
#ifdef CONFIG_MMU     /* in a file that is only built with MMU */
int remap(void);
#else
static inline int remap(void) { return -ENOSYS; }
#endif
",
    fix: "Remove the `#else` with what is in it, and the condition too. `--fix` removes the `#else`.",
    needs: Needs::VERDICTS,
    check: Check::Tree(check),
};

fn check(cx: &mut TreeCx<'_>) {
    let tree = cx.tree;
    let mut texts = tree.source_texts();
    for verdict in tree.verdicts().iter(tree) {
        if verdict.what != What::Dead || verdict.block.directive != Directive::Else {
            continue;
        }
        let (file, block) = (verdict.file, verdict.block);
        let head = &file.blocks[block.head as usize];
        let chain = file.blocks.iter().filter(|other| other.head == block.head).count();
        let written = texts.written(&file.path, head.at);
        let message = if chain == 2 {
            format!("this #else can never be compiled: `{written}` always holds here")
        } else {
            format!(
                "this #else can never be compiled: the branches from `{written}` on leave nothing"
            )
        };
        let mut finding = super::universal(&verdict, block.at, message);
        if block.end.line > block.at.line {
            let from = texts.offset(&file.path, block.at.line);
            let to = texts.offset(&file.path, block.end.line);
            finding.fix = vec![Edit {
                file: file.path.to_string(),
                start: from as u32,
                len: (to - from) as u32,
                text: String::new(),
            }];
        }
        cx.report(finding);
    }
}
