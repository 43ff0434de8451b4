//! The one table of rules. A rule is one file, with its page, and one directory of `fixtures/lint/`
//! with a tree that breaks it (`bad`) and one that does not (`good`).

mod always_true_guard;
mod bad_default;
mod bad_range;
mod bare_name;
mod bloat_leak;
mod builtin_uses_module;
mod conf_warning;
mod conflicting_definition;
mod constant_condition;
mod dead_block;
mod dead_branch;
mod dead_default;
mod dead_else;
mod dead_imply;
mod dead_object;
mod dead_prompt;
mod dead_range;
mod dead_symbol;
mod duplicate_dependency;
mod duplicate_line;
mod empty_choice;
mod empty_object;
mod ineffective_setting;
mod missing_help;
mod missing_source;
mod missing_stub;
mod not_exported;
mod prototype_outside_guard;
pub mod recursive_dependency;
mod redundant_dependency;
mod redundant_operand;
mod select_choice_member;
mod select_visible;
mod stub_signature;
mod tristate_ifdef;
mod unbuilt_source;
mod undefined_in_defconfig;
mod undefined_in_makefile;
mod undefined_option;
mod undefined_symbol;
mod unmet_select;
mod value_of_bool;

use super::verdicts::Verdict;
use super::{Rule, places};
use crate::model::confirm::Test;
use crate::model::finding::Finding;
use crate::source::guards::Span;

/// All rules, in the order of their codes.
pub static RULES: &[Rule] = &[
    duplicate_line::RULE,
    duplicate_dependency::RULE,
    conf_warning::RULE,
    undefined_symbol::RULE,
    bad_range::RULE,
    select_choice_member::RULE,
    select_visible::RULE,
    missing_help::RULE,
    recursive_dependency::RULE,
    bad_default::RULE,
    conflicting_definition::RULE,
    empty_choice::RULE,
    unmet_select::RULE,
    dead_symbol::RULE,
    redundant_dependency::RULE,
    constant_condition::RULE,
    dead_default::RULE,
    dead_imply::RULE,
    dead_prompt::RULE,
    dead_range::RULE,
    undefined_option::RULE,
    tristate_ifdef::RULE,
    bare_name::RULE,
    value_of_bool::RULE,
    dead_block::RULE,
    dead_else::RULE,
    always_true_guard::RULE,
    redundant_operand::RULE,
    dead_branch::RULE,
    undefined_in_makefile::RULE,
    undefined_in_defconfig::RULE,
    unbuilt_source::RULE,
    missing_source::RULE,
    dead_object::RULE,
    empty_object::RULE,
    ineffective_setting::RULE,
    missing_stub::RULE,
    builtin_uses_module::RULE,
    not_exported::RULE,
    stub_signature::RULE,
    bloat_leak::RULE,
    prototype_outside_guard::RULE,
];

/// The rules that `--gating` adds, by code.
pub const GATING: &[&str] = &["S001", "S002", "S003", "S004", "S005", "S006"];

/// The rule of that code or name.
pub fn find(name: &str) -> Option<&'static Rule> {
    RULES.iter().find(|rule| rule.code.eq_ignore_ascii_case(name) || rule.name == name)
}

/// A finding of what is so in every configuration.
fn universal<B>(verdict: &Verdict<'_, B>, at: Span, message: String) -> Finding {
    Finding {
        arches: verdict.names.clone(),
        proof: Some(verdict.proof.to_vec()),
        test: Some(Test::Guard(verdict.number)),
        ..places::at_span(&verdict.file.path, at, message)
    }
}
