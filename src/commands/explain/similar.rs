//! What might have been meant by a name that nothing has.

use std::cmp::Reverse;

use super::index::Index;
use crate::exit::Error;

/// So many are proposed at most.
const SHOWN: usize = 3;
/// How similar they must be, in thousandths.
const ENOUGH: u32 = 850;

/// The error that `asked` is unknown; `only_options` if it was written as one.
pub fn nothing(asked: &str, name: &str, only_options: bool, index: &Index) -> Error {
    let upper = name.to_ascii_uppercase();
    let mut found: Vec<(Reverse<u32>, String)> = Vec::new();
    for (is_option, known) in index.all_names() {
        let Ok(known) = std::str::from_utf8(known) else { continue };
        let wanted = if is_option { upper.as_str() } else { name };
        let far = known.len().abs_diff(wanted.len()) > 4;
        if far || (only_options && !is_option) || (!is_option && known.starts_with("CONFIG_")) {
            continue;
        }
        let score = (strsim::jaro_winkler(known, wanted) * 1000.0) as u32;
        if score >= ENOUGH {
            let shown = if is_option { format!("CONFIG_{known}") } else { known.to_owned() };
            found.push((Reverse(score), shown));
        }
    }
    found.sort();
    found.dedup();
    let names: Vec<String> = found.into_iter().take(SHOWN).map(|(_, name)| name).collect();
    let what = if only_options { "no option" } else { "no option, function or file" };
    let mut text = format!("{asked}: {what} of the tree has that name");
    if let Some((last, first)) = names.split_last() {
        let first = first.join(", ");
        let or = if first.is_empty() { "" } else { " or " };
        text = format!("{text}; did you mean {first}{or}{last}?");
    }
    Error::Usage(text)
}
