//! B004: an object that is listed but has no source.

use std::collections::BTreeMap;
use std::path::Path;

use rustc_hash::FxHashSet;

use crate::lint::context::ArchSet;
use crate::lint::{Check, Needs, Rule, TreeCx};
use crate::model::finding::{Finding, Severity};
use crate::model::formula::Formulas;
use crate::source::makefile::words::Words;

/// The rule.
pub const RULE: Rule = Rule {
    code: "B004",
    name: "missing-source",
    severity: Severity::Error,
    default: true,
    what: "Reports objects in the lists of a makefile for which there is neither a source file nor a rule \
           that could make one.",
    why: "Make stops with `No rule to make target` in every configuration that asks for the object.",
    example: "
obj-$(CONFIG_ZONE_DEVICE) += memremap.o   # and there is no memremap.c
",
    fix: "Remove the object from the list, or add the file.",
    needs: Needs::KBUILD,
    check: Check::Tree(check),
};

fn check(cx: &mut TreeCx<'_>) {
    let tree = cx.tree;
    let mut missing: BTreeMap<(&str, u32, &str), ArchSet> = BTreeMap::new();
    let mut composed: FxHashSet<&str> = FxHashSet::default();
    for (index, arch) in tree.arches.iter().enumerate() {
        let Some(kbuild) = &arch.kbuild else { continue };
        composed.extend(kbuild.composites.iter().map(|object| &*object.path));
        for object in &kbuild.objects {
            if object.source.is_some() || object.built == Formulas::FALSE {
                continue;
            }
            for one in kbuild.contributions(object) {
                let rule = one.part_of.as_ref().map_or(&one.rule, |composite| &composite.rule);
                *missing.entry((&rule.file, rule.line, &object.path)).or_default() |= 1 << index;
            }
        }
    }
    let words = Words::read(&tree.roots());
    for ((file, line, object), set) in missing {
        // What makes a file names it once more, or has a pattern for it.
        if composed.contains(object) || words.count(object) != 1 || is_made(&tree.roots(), object) {
            continue;
        }
        cx.report(Finding {
            file: file.to_owned(),
            line,
            column: 1,
            arches: tree.names(set),
            message: format!("{object} has no source file and no rule"),
            ..Finding::default()
        });
    }
}

/// Whether a rule that all makefiles share makes the object: there is a file of its name with another
/// ending (`.asn1`, `.dts`, `.l`, `.c_shipped`).
fn is_made(roots: &[&Path], object: &str) -> bool {
    let (dir, name) = object.rsplit_once('/').unwrap_or(("", object));
    let (stem, ending) = name.split_once('.').unwrap_or((name, ""));
    let entries = roots.iter().flat_map(|root| std::fs::read_dir(root.join(dir)));
    let entries = entries.flatten().flatten();
    ending != "o"
        || entries
            .filter_map(|entry| entry.file_name().into_string().ok())
            .any(|name| name.strip_prefix(stem).is_some_and(|rest| rest.starts_with('.')))
}
