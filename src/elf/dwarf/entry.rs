//! What matters of one debugging information entry, read without keeping it.

use gimli::{
    Abbreviation, AttributeSpecification, AttributeValue, DebugInfoOffset, EntriesRaw, Operation,
    RangeListsOffset, UnitOffset, constants as dw,
};

use super::sections::Slice;

pub(super) type Dwarf<'a> = gimli::Dwarf<Slice<'a>>;
pub(super) type Unit<'a> = gimli::Unit<Slice<'a>>;
pub(super) type Raw<'u, 'a> = EntriesRaw<'u, Slice<'a>>;
pub(super) type Value<'a> = AttributeValue<Slice<'a>>;
pub(super) type Read<T> = Result<T, gimli::Error>;

/// The attributes that say what and where something is.
#[derive(Debug, Default)]
pub(super) struct Entry<'a> {
    pub name: Option<Value<'a>>,
    pub file: Option<u64>,
    pub line: u64,
    /// `DW_AT_abstract_origin` or `DW_AT_specification`.
    pub origin: Option<Target>,
    pub sibling: Option<UnitOffset>,
    pub location: Option<Value<'a>>,
    pub declaration: bool,
    pub language: u64,
    pub bytes: Option<u64>,
    pub member_at: Option<u64>,
    /// `DW_AT_data_bit_offset`
    pub bit_at: Option<u64>,
    /// `DW_AT_bit_size`
    pub bits: Option<u64>,
    /// Of a dimension of an array, how many elements.
    pub count: Option<u64>,
    /// `DW_AT_type`, of the same unit.
    pub kind: Option<UnitOffset>,
    low: Option<Value<'a>>,
    high: Option<Value<'a>>,
    ranges: Option<RangeListsOffset>,
}

/// Another entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Target {
    /// Of the same unit.
    Here(UnitOffset),
    /// Of any unit: with link time optimisation.
    Anywhere(DebugInfoOffset),
}

impl<'a> Entry<'a> {
    /// Reads the attributes of an entry whose abbreviation was just read.
    pub fn read(
        dwarf: &Dwarf<'a>,
        unit: &Unit<'a>,
        raw: &mut Raw<'_, 'a>,
        abbreviation: &Abbreviation,
    ) -> Read<Self> {
        let mut entry = Self::default();
        for spec in abbreviation.attributes() {
            if !Self::matters(spec) {
                raw.skip_attributes(std::slice::from_ref(spec))?;
                continue;
            }
            let value = raw.read_attribute(*spec)?.value();
            match spec.name() {
                dw::DW_AT_name => entry.name = Some(value),
                dw::DW_AT_decl_file => {
                    entry.file = match value {
                        AttributeValue::FileIndex(file) => Some(file),
                        other => other.udata_value(),
                    };
                }
                dw::DW_AT_decl_line => entry.line = value.udata_value().unwrap_or(0),
                dw::DW_AT_abstract_origin | dw::DW_AT_specification => {
                    entry.origin = match value {
                        AttributeValue::UnitRef(at) => Some(Target::Here(at)),
                        AttributeValue::DebugInfoRef(at) => Some(Target::Anywhere(at)),
                        _ => entry.origin,
                    };
                }
                dw::DW_AT_sibling => {
                    if let AttributeValue::UnitRef(at) = value {
                        entry.sibling = Some(at);
                    }
                }
                dw::DW_AT_location => entry.location = Some(value),
                dw::DW_AT_declaration => entry.declaration = true,
                dw::DW_AT_language => {
                    if let AttributeValue::Language(language) = value {
                        entry.language = u64::from(language.0);
                    }
                }
                dw::DW_AT_byte_size => entry.bytes = value.udata_value(),
                dw::DW_AT_data_bit_offset => entry.bit_at = value.udata_value(),
                dw::DW_AT_bit_size => entry.bits = value.udata_value(),
                dw::DW_AT_count => entry.count = value.udata_value(),
                dw::DW_AT_upper_bound => {
                    entry.count = value.udata_value().and_then(|last| last.checked_add(1));
                }
                dw::DW_AT_type => {
                    if let AttributeValue::UnitRef(at) = value {
                        entry.kind = Some(at);
                    }
                }
                dw::DW_AT_data_member_location => entry.member_at = value.udata_value(),
                dw::DW_AT_low_pc => entry.low = Some(value),
                dw::DW_AT_high_pc => entry.high = Some(value),
                dw::DW_AT_ranges => entry.ranges = dwarf.attr_ranges_offset(unit, value)?,
                _ => {}
            }
        }
        Ok(entry)
    }

    fn matters(spec: &AttributeSpecification) -> bool {
        matches!(
            spec.name(),
            dw::DW_AT_name
                | dw::DW_AT_decl_file
                | dw::DW_AT_decl_line
                | dw::DW_AT_abstract_origin
                | dw::DW_AT_specification
                | dw::DW_AT_sibling
                | dw::DW_AT_location
                | dw::DW_AT_declaration
                | dw::DW_AT_language
                | dw::DW_AT_byte_size
                | dw::DW_AT_data_member_location
                | dw::DW_AT_data_bit_offset
                | dw::DW_AT_bit_size
                | dw::DW_AT_count
                | dw::DW_AT_upper_bound
                | dw::DW_AT_type
                | dw::DW_AT_low_pc
                | dw::DW_AT_high_pc
                | dw::DW_AT_ranges
        )
    }

    /// Only the sibling of an entry whose abbreviation was just read.
    pub fn read_sibling(
        raw: &mut Raw<'_, 'a>,
        abbreviation: &Abbreviation,
    ) -> Read<Option<UnitOffset>> {
        let specs = abbreviation.attributes();
        let Some(at) = specs.iter().position(|spec| spec.name() == dw::DW_AT_sibling) else {
            raw.skip_attributes(specs)?;
            return Ok(None);
        };
        raw.skip_attributes(&specs[..at])?;
        let value = raw.read_attribute(specs[at])?.value();
        raw.skip_attributes(&specs[at + 1..])?;
        Ok(if let AttributeValue::UnitRef(at) = value { Some(at) } else { None })
    }

    /// The code it has: pieces that are not empty, in no order, as (first address, address after it).
    pub fn ranges(
        &self,
        dwarf: &Dwarf<'a>,
        unit: &Unit<'a>,
        into: &mut Vec<(u64, u64)>,
    ) -> Read<()> {
        into.clear();
        let mut add = |begin: u64, end: u64| {
            if begin < end && !unit.header.is_tombstone_address(begin) {
                into.push((begin, end));
            }
        };
        if let Some(offset) = self.ranges {
            let mut list = dwarf.ranges(unit, offset)?;
            while let Some(range) = list.next()? {
                add(range.begin, range.end);
            }
            return Ok(());
        }
        let (Some(low), Some(high)) = (&self.low, &self.high) else { return Ok(()) };
        let Some(low) = dwarf.attr_address(unit, *low)? else { return Ok(()) };
        let high = match high {
            AttributeValue::Udata(size) => low.checked_add(*size),
            value => dwarf.attr_address(unit, *value)?,
        };
        add(low, high.unwrap_or(low));
        Ok(())
    }

    /// The address of a variable that is at one place all the time.
    pub fn address(&self, dwarf: &Dwarf<'a>, unit: &Unit<'a>) -> Option<u64> {
        let Some(AttributeValue::Exprloc(expression)) = self.location else { return None };
        let mut operations = expression.operations(unit.encoding());
        let address = match operations.next().ok()?? {
            Operation::Address { address } => address,
            Operation::AddressIndex { index } => dwarf.address(unit, index).ok()?,
            _ => return None,
        };
        // More than an address: thread-local, or a value made from it.
        operations.next().ok()?.is_none().then_some(address)
    }
}
