//! The one table of rules. A rule is one file, with its page, and one directory of `fixtures/lint/`
//! with a tree that breaks it (`bad`) and one that does not (`good`).

mod bad_range;
mod conf_warning;
mod constant_condition;
mod dead_default;
mod dead_imply;
mod dead_prompt;
mod dead_symbol;
mod duplicate_dependency;
mod duplicate_line;
mod missing_help;
pub mod recursive_dependency;
mod redundant_dependency;
mod select_choice_member;
mod select_visible;
mod undefined_symbol;
mod unmet_select;

use super::Rule;

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
    unmet_select::RULE,
    dead_symbol::RULE,
    redundant_dependency::RULE,
    constant_condition::RULE,
    dead_default::RULE,
    dead_imply::RULE,
    dead_prompt::RULE,
];

/// The rule of that code or name.
pub fn find(name: &str) -> Option<&'static Rule> {
    RULES.iter().find(|rule| rule.code.eq_ignore_ascii_case(name) || rule.name == name)
}
