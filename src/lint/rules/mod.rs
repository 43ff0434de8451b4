//! The one table of rules. A rule is one file, with its page, and one directory of `fixtures/lint/`
//! with a tree that breaks it (`bad`) and one that does not (`good`).

mod duplicate_line;

use super::Rule;

/// All rules, in the order of their codes.
pub static RULES: &[Rule] = &[duplicate_line::RULE];

/// The rule of that code or name.
pub fn find(name: &str) -> Option<&'static Rule> {
    RULES.iter().find(|rule| rule.code.eq_ignore_ascii_case(name) || rule.name == name)
}
