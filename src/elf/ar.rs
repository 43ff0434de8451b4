//! The `ar` format: bytes into a list of members, with the offset of whatever is wrong.
//!
//! Our own forty lines of decoding rather than `object`'s, because that one says neither where an
//! archive is damaged nor reads the entries of thin archives that point into another archive
//! (`/NAME:OFFSET`, written by `ar rcT thin.a ordinary.a`).

/// First bytes of an archive that holds its members.
pub(super) const MAGIC: &[u8] = b"!<arch>\n";
/// First bytes of one that only names them.
pub(super) const THIN_MAGIC: &[u8] = b"!<thin>\n";

/// Bytes of a member header: name 16, date 12, owner 6, group 6, mode 8, size 10, end mark 2.
const HEADER: usize = 60;

/// A member, special ones (symbol index, name table) left out.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Entry<'a> {
    /// As stored.
    pub name: &'a [u8],
    /// Where its header begins.
    pub header: usize,
    /// Where its bytes are.
    pub place: Place,
}

/// Where a member's bytes are.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// In this archive, from here to there.
    Inside(usize, usize),
    /// In the file of that name.
    File,
    /// In the archive of that name, whose member header is at this offset.
    Nested(usize),
}

/// What is wrong with an archive.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Fault {
    /// Byte offset.
    pub offset: usize,
    /// What.
    pub msg: String,
}

impl Fault {
    fn new(offset: usize, msg: impl Into<String>) -> Self {
        Self { offset, msg: msg.into() }
    }
}

/// Whether these are the bytes of an archive.
pub(super) fn is_archive(data: &[u8]) -> bool {
    data.starts_with(MAGIC) || is_thin(data)
}

fn is_thin(data: &[u8]) -> bool {
    data.starts_with(THIN_MAGIC)
}

/// All members in order.
pub(super) fn entries(data: &[u8]) -> Result<Vec<Entry<'_>>, Fault> {
    let mut entries = Vec::new();
    let mut walk = Walk::new(data);
    while let Some(entry) = walk.next()? {
        entries.push(entry);
    }
    Ok(entries)
}

/// The member whose header is at `offset`: what an entry of a thin archive points to.
pub(super) fn entry_at(data: &[u8], offset: usize) -> Result<Entry<'_>, Fault> {
    let mut walk = Walk::new(data);
    // The name table comes before all members; having met one member is enough.
    walk.next()?;
    walk.at = offset;
    walk.next()?.ok_or_else(|| {
        Fault::new(offset, "another archive points here, which is beyond the end of this one")
    })
}

/// A position in an archive.
struct Walk<'a> {
    data: &'a [u8],
    thin: bool,
    /// The table of long names, once it was met.
    names: Option<&'a [u8]>,
    at: usize,
}

impl<'a> Walk<'a> {
    fn new(data: &'a [u8]) -> Self {
        Self { data, thin: is_thin(data), names: None, at: MAGIC.len() }
    }

    /// The next member that isn't a table.
    fn next(&mut self) -> Result<Option<Entry<'a>>, Fault> {
        while self.at < self.data.len() {
            let (at, data) = (self.at, self.data);
            let header = Header::read(data, at)?;
            let body = at + HEADER;
            let special = matches!(header.name, b"/" | b"//" | b"/SYM64/")
                || header.name.starts_with(b"__.SYMDEF");
            // The tables of a thin archive are inside it, only its members are not.
            let size = if special || !self.thin { header.size } else { 0 };
            let Some(end) = body.checked_add(size).filter(|end| *end <= data.len()) else {
                return Err(Fault::new(
                    at,
                    format!(
                        "archive member of {size} bytes reaches beyond the end of the archive ({} bytes): truncated?",
                        data.len()
                    ),
                ));
            };
            // Members begin at even offsets.
            self.at = end + (end & 1);
            if header.name == b"//" {
                self.names = Some(&data[body..end]);
            } else if !special {
                let entry = entry(data, at, &header, self.names, end, self.thin)?;
                // A BSD symbol index may have a long name.
                if !entry.name.starts_with(b"__.SYMDEF") {
                    return Ok(Some(entry));
                }
            }
        }
        Ok(None)
    }
}

struct Header<'a> {
    name: &'a [u8],
    size: usize,
}

impl<'a> Header<'a> {
    fn read(data: &'a [u8], at: usize) -> Result<Self, Fault> {
        let Some(bytes) = at.checked_add(HEADER).and_then(|end| data.get(at..end)) else {
            let left = data.len().saturating_sub(at);
            return Err(Fault::new(
                at,
                format!(
                    "truncated: an archive member header needs {HEADER} bytes, there are {left}"
                ),
            ));
        };
        if &bytes[58..] != b"`\n" {
            return Err(Fault::new(at + 58, "archive member header without its end mark"));
        }
        let size = number(&bytes[48..58])
            .ok_or_else(|| Fault::new(at + 48, "archive member size is not a number"))?;
        Ok(Self { name: bytes[..16].trim_ascii_end(), size })
    }
}

fn entry<'a>(
    data: &'a [u8],
    at: usize,
    header: &Header<'a>,
    names: Option<&'a [u8]>,
    end: usize,
    thin: bool,
) -> Result<Entry<'a>, Fault> {
    let body = at + HEADER;
    let mut start = body;
    let mut nested = None;
    let name = if let Some(length) = header.name.strip_prefix(b"#1/") {
        // BSD: the name is the beginning of the body.
        let length = number(length)
            .filter(|length| !thin && *length <= end - body)
            .ok_or_else(|| Fault::new(at, "bad length of an archive member's name"))?;
        start += length;
        let name = &data[body..start];
        &name[..name.iter().position(|byte| *byte == 0).unwrap_or(length)]
    } else if header.name.len() > 1 && header.name[0] == b'/' && header.name[1].is_ascii_digit() {
        // GNU: an offset into the name table, in a thin archive perhaps with one into that file.
        // It ends at the first blank: GNU ar leaves the slash of a 15-byte name at the end of the
        // field (`/233           /` for `mm/compaction.o`).
        let field = &header.name[1..];
        let blank = field.iter().position(|byte| *byte == b' ').unwrap_or(field.len());
        let field = &field[..blank];
        let (name, origin) = match field.iter().position(|byte| *byte == b':') {
            Some(colon) if thin => (&field[..colon], Some(&field[colon + 1..])),
            _ => (field, None),
        };
        // Behind the digits may be what was in the header before (a path of 15 bytes its slash).
        let name = leading_digits(name);
        nested = match origin.map(leading_digits).map(number) {
            Some(None) => return Err(Fault::new(at, "bad offset into a nested archive")),
            Some(origin) => origin.filter(|origin| *origin != 0),
            None => None,
        };
        number(name).zip(names).and_then(|(offset, names)| long_name(names, offset)).ok_or_else(
            || Fault::new(at, "name of an archive member lies outside the archive's name table"),
        )?
    } else {
        // A slash ends the name, so that it may contain blanks.
        let end = header.name.iter().position(|byte| *byte == b'/').unwrap_or(header.name.len());
        &header.name[..end]
    };
    let place = match nested {
        Some(origin) => Place::Nested(origin),
        None if thin => Place::File,
        None => Place::Inside(start, end),
    };
    Ok(Entry { name, header: at, place })
}

/// Names in the table end with `/` and a newline; those of thin archives contain slashes.
fn long_name(names: &[u8], offset: usize) -> Option<&[u8]> {
    let rest = names.get(offset..)?;
    let line = &rest[..rest.iter().position(|byte| matches!(byte, b'\n' | 0))?];
    let name = line.strip_suffix(b"/").unwrap_or(line);
    (!name.is_empty()).then_some(name)
}

fn leading_digits(field: &[u8]) -> &[u8] {
    &field[..field.iter().position(|byte| !byte.is_ascii_digit()).unwrap_or(field.len())]
}

/// A decimal number followed by blanks only.
fn number(field: &[u8]) -> Option<usize> {
    let digits = field.trim_ascii_end();
    if digits.is_empty() || digits.len() > 10 || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    digits
        .iter()
        .try_fold(0usize, |sum, digit| sum.checked_mul(10)?.checked_add(usize::from(digit - b'0')))
}
