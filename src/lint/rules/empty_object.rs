//! B006: a file that is compiled to nothing.

use rustc_hash::FxHashMap;

use crate::lint::verdicts::{Verdict, What};
use crate::lint::{Check, Needs, Rule, TreeCx};
use crate::model::finding::Severity;
use crate::source::guards::FileKind;

/// The rule.
pub const RULE: Rule = Rule {
    code: "B006",
    name: "empty-object",
    severity: Severity::Warning,
    default: true,
    what: "Reports C files all of whose code is in `#if` blocks that can never hold where the makefiles \
           build the file.",
    why: "The object is empty in every configuration that has it: either the line of the makefile or the \
          guard has the wrong option.",
    example: "
/* obj-$(CONFIG_ZONE_DEVICE) += flat.o, which nothing has without SPARSEMEM, and in flat.c: */
#include <linux/memory_hotplug.h>
#ifndef CONFIG_SPARSEMEM
int online_pages(void);
#endif
",
    fix: "Correct the guard or the condition in the makefile, or remove both with the file.",
    needs: Needs::VERDICTS,
    check: Check::Tree(check),
};

fn check(cx: &mut TreeCx<'_>) {
    let tree = cx.tree;
    let mut texts = tree.source_texts();
    let mut dead: FxHashMap<&str, Vec<Verdict<'_>>> = FxHashMap::default();
    for verdict in tree.verdicts().iter(tree) {
        let file = verdict.file;
        if verdict.what == What::Dead
            && file.kind == FileKind::C
            && tree.is_kernel(file)
            && !tree.is_included(&file.path)
        {
            dead.entry(&file.path).or_default().push(verdict);
        }
    }
    for (path, verdicts) in dead {
        let text = texts.get(path);
        let gone = |at: usize| {
            let inside =
                |one: &Verdict<'_>| one.block.at.end() <= at && at < one.block.end.start as usize;
            verdicts.iter().any(inside)
        };
        let Some(first) = verdicts.first() else { continue };
        if has_code(text, gone) {
            continue;
        }
        let written = texts.written(path, first.block.at);
        let message =
            format!("this file is empty wherever it is compiled: `{written}` can never hold here");
        cx.report(super::universal(first, first.block.at, message));
    }
}

/// Whether anything of the file is neither `gone`, nor a comment, nor a directive.
fn has_code(text: &[u8], gone: impl Fn(usize) -> bool) -> bool {
    let mut at = 0;
    let mut begins_line = true;
    while let Some(&byte) = text.get(at) {
        let rest = &text[at..];
        let skip = |end: Option<usize>, more: usize| end.map_or(text.len(), |end| at + end + more);
        if rest.starts_with(b"/*") {
            at = skip(memchr::memmem::find(rest, b"*/"), 2);
        } else if rest.starts_with(b"//") || (byte == b'#' && begins_line) {
            let mut end = skip(memchr::memchr(b'\n', rest), 0);
            while text[..end].ends_with(b"\\") && end < text.len() {
                let next = memchr::memchr(b'\n', &text[end + 1..]);
                end = next.map_or(text.len(), |next| end + 1 + next);
            }
            at = end;
        } else if !byte.is_ascii_whitespace() && !gone(at) {
            return true;
        } else {
            begins_line = byte == b'\n' || (begins_line && byte.is_ascii_whitespace());
            at += 1;
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::has_code;

    #[test]
    fn comments_and_directives_are_no_code() {
        let text =
            b"// a \\\n b\n/* c */ #include <d.h>\n# define E \\\n f\n#if G\nint h;\n#endif\n";
        let from = memchr::memmem::find(text, b"int").expect("is there");
        assert!(!has_code(text, |at| (from..from + 6).contains(&at)));
        assert!(has_code(text, |_| false));
        assert!(has_code(b"a #b\n", |_| false));
        assert!(!has_code(b"", |_| false));
    }
}
