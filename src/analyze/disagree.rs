//! Says in plain words when a size difference and a payload difference tell different stories.
//!
//! Alignment padding can swallow a change (x86 rounds `.text` up to 2 MiB, and SRSO mitigations put
//! gaps of megabytes into it), so a kernel can grow while `size` says it shrank. Whoever reads only
//! the section sizes must be told.

use std::collections::BTreeMap;

use bstr::ByteSlice;

use crate::model::baseline::Recorded;
use crate::model::image::Image;
use crate::model::number::{grouped, signed};
use crate::model::payload::{BIG_GAP, Padding, PayloadMap};
use crate::model::size::{Berkeley, Payload, PayloadKind};
use crate::model::verdict::delta;

/// What is known about one side.
#[derive(Debug, Clone)]
pub struct Side {
    /// What `size` says.
    pub size: Berkeley,
    /// Bytes without padding.
    pub payload: Payload,
    /// Padding by section name; empty if not known.
    pub padding: BTreeMap<String, Padding>,
}

impl Side {
    /// Collects what is known about `image`.
    pub fn new(image: &Image<'_>, payload: &PayloadMap) -> Self {
        Self {
            size: super::size::berkeley(image),
            payload: payload.payload(),
            padding: padding(image, payload),
        }
    }
}

/// The padding of every section of `image` that has any, by name.
pub fn padding(image: &Image<'_>, payload: &PayloadMap) -> BTreeMap<String, Padding> {
    let mut padding: BTreeMap<String, Padding> = BTreeMap::new();
    for section in &image.sections {
        let Some(parts) = payload.section(section.index) else { continue };
        if parts.padding.is_empty() {
            continue;
        }
        let sum = padding.entry(section.name.to_str_lossy().into_owned()).or_default();
        sum.bytes = sum.bytes.saturating_add(parts.padding());
        for run in parts.padding.iter().filter(|run| run.len() >= BIG_GAP) {
            sum.big_gaps += 1;
            sum.big_bytes = sum.big_bytes.saturating_add(run.len());
        }
    }
    padding
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
    let padding = size.saturating_sub(payload);
    let larger = size.unsigned_abs().max(payload.unsigned_abs());
    let small = padding.unsigned_abs() < larger.div_ceil(4);
    if padding == 0 || (size.signum() == payload.signum() && small) {
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
fn whose(old: &Side, new: &Side, padding: i64) -> String {
    let did = if padding < 0 { "absorbed" } else { "exaggerates" };
    // What is known of one side only is no change.
    let known = !old.padding.is_empty() && !new.padding.is_empty();
    let mut changes: Vec<(&str, i64)> = old
        .padding
        .keys()
        .chain(new.padding.keys().filter(|name| !old.padding.contains_key(*name)))
        .map(|name| {
            let bytes = |side: &Side| side.padding.get(name).map_or(0, |padding| padding.bytes);
            (name.as_str(), delta(bytes(old), bytes(new)))
        })
        .filter(|(_, change)| known && change.signum() == padding.signum())
        .collect();
    changes.sort_by_key(|&(name, change)| (std::cmp::Reverse(change.unsigned_abs()), name));
    // The sections that together make up nine tenths of it are enough to name.
    let mut named: Vec<String> = Vec::new();
    let mut sum = 0_i128;
    for &(name, change) in &changes {
        named.push(format!("{name} {}", signed(change)));
        sum += i128::from(change);
        if 10 * sum.abs() >= 9 * i128::from(padding).abs() || named.len() == 3 {
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
            format!("{name} ({} {gaps}, {} bytes)", padding.big_gaps, grouped(padding.big_bytes))
        })
        .collect();
    (!named.is_empty())
        .then(|| format!("alignment gaps of 4 KiB or more lie in {}", named.join(", ")))
}

/// The same of two records, in one sentence; `None` without payloads, and where neither size nor
/// payload moved by more than the noise.
pub fn recorded(base: &Recorded, head: &Recorded) -> Option<String> {
    let side = |recorded: &Recorded| {
        let padding = recorded.padding.clone();
        Some(Side { size: recorded.size, payload: recorded.payload?, padding })
    };
    let (base_side, head_side) = (side(base)?, side(head)?);
    let noise = base.noise.max(head.noise).unwrap_or(0);
    let within = |old: u64, new: u64| old.abs_diff(new) <= noise;
    if noise > 0
        && within(base_side.payload.bytes, head_side.payload.bytes)
        && within(base.size.dec(), head.size.dec())
    {
        return None;
    }
    disagreement(&base_side, &head_side).into_iter().next()
}

fn kind(kind: PayloadKind) -> &'static str {
    match kind {
        PayloadKind::Map => "from a linker map",
        PayloadKind::Estimated => "estimated",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn side(dec: u64, payload: u64, padding: &[(&str, u64)]) -> Side {
        let padding = padding.iter().map(|&(name, bytes)| {
            let big_gaps = u64::from(bytes >= BIG_GAP);
            (name.to_owned(), Padding { bytes, big_gaps, big_bytes: bytes * big_gaps })
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
    fn without_sections_on_both_sides_none_is_named() {
        let (old, new) = (side(8192, 4096, &[]), side(8192, 4136, &[(".text", 4056)]));
        let said = disagreement(&old, &new);
        let bytes = "alignment padding absorbed the change (-40 bytes of it)";
        assert!(said[0].ends_with(bytes), "{}", said[0]);
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
