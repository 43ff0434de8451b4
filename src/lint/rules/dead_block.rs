//! G005: a block that no configuration compiles.

use crate::lint::verdicts::What;
use crate::lint::{Check, Needs, Rule, TreeCx, evidence};
use crate::model::finding::Severity;
use crate::source::guards::Directive;

/// The rule.
pub const RULE: Rule = Rule {
    code: "G005",
    name: "dead-block",
    severity: Severity::Warning,
    default: true,
    what: "Reports `#if` and `#elif` blocks whose condition cannot hold where they stand: it contradicts \
           Kconfig, a guard around it, an earlier branch, or what the makefiles say about the file. Of \
           nested blocks the outermost is reported. Blocks that only have an `#error` are there to never \
           be compiled, and left alone; where it is only BROKEN that keeps one off, it is a note.",
    why: "The code is never compiled: nobody notices when it breaks, and what it was written for does \
          not happen.",
    example: "
#ifndef CONFIG_SPARSEMEM_VMEMMAP
#ifdef CONFIG_SPARSEMEM_VMEMMAP
void free_map(void);
#endif
#endif
",
    fix: "Remove the block, or correct the condition or the dependencies of the option.",
    needs: Needs::VERDICTS,
    check: Check::Tree(check),
};

fn check(cx: &mut TreeCx<'_>) {
    let tree = cx.tree;
    let mut texts = tree.source_texts();
    for verdict in tree.verdicts().iter(tree) {
        if verdict.what != What::Dead || verdict.block.directive == Directive::Else {
            continue;
        }
        let written = texts.written(&verdict.file.path, verdict.block.at);
        let message = format!("`{written}` can never hold here");
        let mut finding = super::universal(&verdict, verdict.block.at, message);
        evidence::spare_broken(&mut finding);
        cx.report(finding);
    }
}
