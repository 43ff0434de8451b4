//! What a finding is called in a baseline.
//!
//! It is made of the rule, the file, the option and the text of the line, not of its number: a patch
//! above it changes nothing. Equal ones are told apart by counting them.

use rustc_hash::FxHashMap;

use super::context::Tree;
use crate::model::finding::Finding;

/// Gives every finding its fingerprint. The order of `findings` counts for equal ones.
pub(super) fn add(tree: &Tree, findings: &mut [Finding]) {
    let mut texts = tree.source_texts();
    let mut seen: FxHashMap<String, u32> = FxHashMap::default();
    for finding in findings {
        let line = texts.line(&finding.file, finding.line);
        let words: Vec<&str> = line.split_whitespace().collect();
        let symbol = finding.symbol.as_deref().unwrap_or_default();
        // The message has names in it, and sometimes line numbers.
        let message: String = finding.message.chars().filter(|c| !c.is_ascii_digit()).collect();
        let parts = [&*finding.code, &*finding.file, symbol, &message, &words.join(" ")];
        let key = parts.join("\0");
        let count = seen.entry(key.clone()).or_default();
        let digest = blake3::hash(format!("{key}\0{count}").as_bytes()).to_hex();
        *count += 1;
        digest[..16].clone_into(&mut finding.fingerprint);
    }
}
