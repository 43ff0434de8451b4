//! B003: a source file that nothing compiles.

use rustc_hash::FxHashSet;

use crate::lint::{Check, Needs, Rule, TreeCx};
use crate::model::finding::{Finding, Severity};
use crate::source::makefile::words::Words;

/// The rule.
pub const RULE: Rule = Rule {
    code: "B003",
    name: "unbuilt-source",
    severity: Severity::Warning,
    default: true,
    what: "Reports `.c` and `.S` files that no makefile of any architecture builds or even names, and that \
           no other file includes.",
    why: "The file is not compiled in any configuration: it rots, and whoever changes an interface still \
          has to read and mend it.",
    example: "
drivers/gadget/
	Makefile    obj-y += core.o
	core.c
	debug.c     nobody builds this
",
    fix: "List the file in a makefile, or remove it.",
    needs: Needs::ALL,
    check: Check::Tree(check),
};

fn check(cx: &mut TreeCx<'_>) {
    let tree = cx.tree;
    let listed: FxHashSet<&str> = tree
        .arches
        .iter()
        .filter_map(|arch| arch.kbuild.as_ref())
        .flat_map(|kbuild| kbuild.objects.iter().chain(&kbuild.special).chain(&kbuild.composites))
        .filter_map(|object| object.source.as_deref())
        .collect();
    let included: FxHashSet<&str> = tree.guards.included.iter().map(|name| last(name)).collect();
    let words = Words::read(&tree.roots());
    for path in &tree.guards.sources {
        let is_included = included.contains(last(path));
        if listed.contains(&**path) || is_included || words.count(path) > 0 || is_example(path) {
            continue;
        }
        let name = last(path);
        cx.report(Finding {
            file: path.to_string(),
            line: 1,
            column: 1,
            message: format!("no makefile builds {name}, and no file includes it"),
            ..Finding::default()
        });
    }
}

/// The last part of a path.
fn last(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

/// What is there to be read or copied, is included by a name that Kconfig gives, or is built by other
/// means than make's.
fn is_example(path: &str) -> bool {
    path.starts_with("samples/")
        || path.contains("/Documentation/")
        || path.contains("/include/")
        || path.contains("skeleton")
        || path.ends_with(".bpf.c")
}
