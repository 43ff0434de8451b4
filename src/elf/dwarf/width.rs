//! How large something of a type is: through typedefs and qualifiers, arrays multiplied out.

use gimli::{UnitOffset, constants as dw};

use super::entry::{Dwarf, Entry, Unit};

/// Typedefs of typedefs: a damaged file may have them go round.
const DEEPEST: usize = 32;

/// What a type is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Width {
    /// `sizeof`, in bytes; 0 if it has none, as a flexible array.
    pub bytes: u64,
    /// The structure or union that it is, or is an array of.
    pub record: Option<UnitOffset>,
    /// It is such a structure itself, not an array of them.
    pub is_plain: bool,
}

/// The width of the type at `at`; `None` where it cannot be read.
pub(super) fn of<'d>(dwarf: &Dwarf<'d>, unit: &Unit<'d>, at: UnitOffset) -> Option<Width> {
    let (mut at, mut times, mut is_plain) = (at, 1u64, true);
    for _ in 0..DEEPEST {
        let mut raw = unit.entries_raw(Some(at)).ok()?;
        let abbreviation = raw.read_abbreviation().ok()??;
        let entry = Entry::read(dwarf, unit, &mut raw, abbreviation).ok()?;
        match abbreviation.tag() {
            dw::DW_TAG_structure_type | dw::DW_TAG_union_type => {
                let bytes = entry.bytes.unwrap_or(0).wrapping_mul(times);
                return Some(Width { bytes, record: Some(at), is_plain });
            }
            dw::DW_TAG_array_type => {
                is_plain = false;
                // Its dimensions are its children.
                while !raw.is_empty() && raw.next_depth() > 0 {
                    let Some(abbreviation) = raw.read_abbreviation().ok()? else { break };
                    let dimension = Entry::read(dwarf, unit, &mut raw, abbreviation).ok()?;
                    if abbreviation.tag() == dw::DW_TAG_subrange_type {
                        times = times.wrapping_mul(dimension.count.unwrap_or(0));
                    }
                }
            }
            dw::DW_TAG_typedef
            | dw::DW_TAG_const_type
            | dw::DW_TAG_volatile_type
            | dw::DW_TAG_restrict_type
            | dw::DW_TAG_atomic_type => {}
            dw::DW_TAG_pointer_type => {
                let word = u64::from(unit.encoding().address_size);
                let bytes = entry.bytes.unwrap_or(word).wrapping_mul(times);
                return Some(Width { bytes, record: None, is_plain: false });
            }
            _ => {
                let bytes = entry.bytes.unwrap_or(0).wrapping_mul(times);
                return Some(Width { bytes, record: None, is_plain: false });
            }
        }
        at = entry.kind?;
    }
    None
}
