//! The format of the kernel's `scripts/diffconfig`, and its merge style (`-m`).

use std::fmt::Write as _;

use crate::model::config::ConfigChange;

/// `-X y`, ` X y -> n`, `+X y`: one line for each change.
pub fn changes(changes: &[ConfigChange]) -> String {
    let mut out = String::new();
    for ConfigChange { symbol, old, new } in changes {
        let _ = match (old, new) {
            (Some(old), None) => writeln!(out, "-{symbol} {old}"),
            (Some(old), Some(new)) => writeln!(out, " {symbol} {old} -> {new}"),
            (None, Some(new)) => writeln!(out, "+{symbol} {new}"),
            (None, None) => Ok(()),
        };
    }
    out
}

/// The new values as lines of a configuration fragment; what is gone is not mentioned.
pub fn merge(changes: &[ConfigChange]) -> String {
    let mut out = String::new();
    for ConfigChange { symbol, new, .. } in changes {
        let _ = match new.as_deref() {
            None | Some("") => Ok(()),
            Some("n") => writeln!(out, "# CONFIG_{symbol} is not set"),
            Some(value) => writeln!(out, "CONFIG_{symbol}={value}"),
        };
    }
    out
}

/// The changes, the requested ones first, each part under a heading.
pub fn listing(requested: &[ConfigChange], rest: &[ConfigChange]) -> String {
    let part = |text: String| if text.is_empty() { "(none)\n".to_owned() } else { text };
    format!("# requested\n{}# dragged in\n{}", part(changes(requested)), part(changes(rest)))
}
