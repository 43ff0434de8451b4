//! Says in plain words when a size difference and a payload difference tell different stories.
//!
//! Alignment padding can swallow a change (x86 rounds `.text` up to 2 MiB, and SRSO mitigations put
//! gaps of megabytes into it), so a kernel can grow while `size` says it shrank. Whoever reads only
//! the section sizes must be told.

use std::collections::BTreeMap;

use bstr::ByteSlice;

use crate::model::image::Image;
use crate::model::payload::{BIG_GAP, PayloadMap};
use crate::model::size::{Berkeley, Payload, PayloadKind};

/// What is known about one side.
#[derive(Debug, Clone)]
pub struct Side {
    /// What `size` says.
    pub size: Berkeley,
    /// Bytes without padding.
    pub payload: Payload,
    /// Padding by section name, in bytes; empty if not known.
    pub padding: BTreeMap<String, Padding>,
}

/// The padding of one section.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Padding {
    /// All of it, in bytes.
    pub bytes: u64,
    /// How many gaps of at least [`BIG_GAP`] bytes it has.
    pub big_gaps: usize,
    /// The bytes of those gaps.
    pub big_bytes: u64,
}

impl Side {
    /// Collects what is known about `image`.
    pub fn new(image: &Image<'_>, payload: &PayloadMap) -> Self {
        let mut padding: BTreeMap<String, Padding> = BTreeMap::new();
        for section in &image.sections {
            let Some(parts) = payload.section(section.index) else { continue };
            let sum = padding.entry(section.name.to_str_lossy().into_owned()).or_default();
            sum.bytes = sum.bytes.saturating_add(parts.padding());
            for run in parts.padding.iter().filter(|run| run.len() >= BIG_GAP) {
                sum.big_gaps += 1;
                sum.big_bytes = sum.big_bytes.saturating_add(run.len());
            }
        }
        Self { size: super::size::berkeley(image), payload: payload.payload(), padding }
    }
}

/// Plain sentences about where size and payload disagree; empty if they tell the same story.
///
/// They disagree if one grew and the other did not, or if padding makes up at least a quarter of
/// the larger difference.
pub fn disagreement(old: &Side, new: &Side) -> Vec<String> {
    if old.payload.kind != new.payload.kind {
        return vec![format!(
            "payloads are not compared: one is {}, the other {}",
            kind(old.payload.kind),
            kind(new.payload.kind)
        )];
    }
    let size = delta(old.size.dec(), new.size.dec());
    let payload = delta(old.payload.bytes, new.payload.bytes);
    let padding = size - payload;
    let larger = size.abs().max(payload.abs());
    if padding == 0 || (size.signum() == payload.signum() && 4 * padding.abs() < larger) {
        return Vec::new();
    }
    let mut out = vec![format!(
        "section sizes say {}, but payload{} says {}: {}",
        signed(size),
        if old.payload.kind == PayloadKind::Estimated { " (estimated)" } else { "" },
        signed(payload),
        whose(old, new, padding),
    )];
    out.extend(gaps(new));
    out
}

/// Which sections' padding made the difference, the largest first.
fn whose(old: &Side, new: &Side, padding: i128) -> String {
    let did = if padding < 0 { "absorbed" } else { "exaggerates" };
    let mut changes: Vec<(&str, i128)> = old
        .padding
        .keys()
        .chain(new.padding.keys().filter(|name| !old.padding.contains_key(*name)))
        .map(|name| {
            let bytes = |side: &Side| side.padding.get(name).map_or(0, |padding| padding.bytes);
            (name.as_str(), delta(bytes(old), bytes(new)))
        })
        .filter(|(_, change)| change.signum() == padding.signum())
        .collect();
    changes.sort_by_key(|&(name, change)| (std::cmp::Reverse(change.abs()), name));
    // The sections that together make up nine tenths of it are enough to name.
    let mut named: Vec<String> = Vec::new();
    let mut sum = 0;
    for &(name, change) in &changes {
        named.push(format!("{name} {}", signed(change)));
        sum += change;
        if 10 * sum.abs() >= 9 * padding.abs() || named.len() == 3 {
            break;
        }
    }
    if named.is_empty() {
        return format!("alignment padding {did} the change ({} bytes of it)", signed(padding));
    }
    format!("alignment padding {did} the change (padding in {})", named.join(", "))
}

/// Names the sections that hold gaps large enough to hide changes in.
fn gaps(side: &Side) -> Option<String> {
    let mut large: Vec<(&String, &Padding)> =
        side.padding.iter().filter(|(_, padding)| padding.big_gaps > 0).collect();
    large.sort_by_key(|(name, padding)| (std::cmp::Reverse(padding.big_bytes), *name));
    let named: Vec<String> = large
        .iter()
        .take(3)
        .map(|(name, padding)| {
            let gaps = if padding.big_gaps == 1 { "gap" } else { "gaps" };
            format!("{name} ({} {gaps}, {} bytes)", padding.big_gaps, commas(padding.big_bytes))
        })
        .collect();
    (!named.is_empty())
        .then(|| format!("alignment gaps of 4 KiB or more lie in {}", named.join(", ")))
}

fn kind(kind: PayloadKind) -> &'static str {
    match kind {
        PayloadKind::Map => "from a linker map",
        PayloadKind::Estimated => "estimated",
    }
}

fn delta(old: u64, new: u64) -> i128 {
    i128::from(new) - i128::from(old)
}

/// `+33,813`, `-4,754`, `0`
fn signed(value: i128) -> String {
    let sign = match value.signum() {
        0 => "",
        1 => "+",
        _ => "-",
    };
    let bytes = u64::try_from(value.unsigned_abs()).unwrap_or(u64::MAX);
    format!("{sign}{}", commas(bytes))
}

/// Digits in groups of three.
fn commas(value: u64) -> String {
    let digits = value.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn side(dec: u64, payload: u64, padding: &[(&str, u64)]) -> Side {
        let padding = padding.iter().map(|&(name, bytes)| {
            let big_gaps = usize::from(bytes >= BIG_GAP);
            (name.to_owned(), Padding { bytes, big_gaps, big_bytes: bytes * big_gaps as u64 })
        });
        Side {
            size: Berkeley { text: dec, data: 0, bss: 0 },
            payload: Payload { bytes: payload, kind: PayloadKind::Map },
            padding: padding.collect(),
        }
    }

    #[test]
    fn a_kernel_that_grew_while_size_says_it_shrank() {
        let old = side(6_557_100, 2_272_098, &[(".text", 2_966_379), (".bss", 1_318_623)]);
        let new = side(6_552_346, 2_306_508, &[(".text", 2_938_896), (".bss", 1_306_942)]);
        let said = disagreement(&old, &new);
        assert_eq!(
            said[0],
            "section sizes say -4,754, but payload says +34,410: alignment padding absorbed the \
             change (padding in .text -27,483, .bss -11,681)"
        );
        assert_eq!(
            said[1],
            "alignment gaps of 4 KiB or more lie in .text (1 gap, 2,938,896 bytes), .bss (1 gap, \
             1,306,942 bytes)"
        );
    }

    #[test]
    fn the_same_story_needs_no_words() {
        assert_eq!(disagreement(&side(100, 90, &[]), &side(200, 185, &[])), [""; 0]);
        assert_eq!(disagreement(&side(100, 90, &[]), &side(100, 90, &[])), [""; 0]);
    }

    #[test]
    fn no_change_of_size_is_no_proof() {
        let said = disagreement(&side(4096, 4000, &[]), &side(4096, 4040, &[]));
        assert!(said[0].contains("say 0, but payload says +40"), "{}", said[0]);
        let said = disagreement(&side(4096, 4000, &[]), &side(8192, 4001, &[]));
        assert!(said[0].contains("exaggerates"), "{}", said[0]);
    }

    #[test]
    fn two_kinds_of_payload_are_not_compared() {
        let mut estimated = side(100, 90, &[]);
        estimated.payload.kind = PayloadKind::Estimated;
        let said = disagreement(&estimated, &side(100, 90, &[]));
        assert_eq!(
            said,
            ["payloads are not compared: one is estimated, the other from a linker map"]
        );
    }
}
