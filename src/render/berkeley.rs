//! The tables of GNU `size` 2.40, byte for byte: they are what kernel commit messages quote.
//!
//! Names are written as the bytes they are, since that is what `size` does. Widths are minima:
//! `size` lets long numbers push a column to the right, and so does this.

use std::io::{self, Write};

use bstr::BString;

use crate::model::size::{Berkeley, Radix, SizeRow, SysvTable};

/// Writes the default table of `size`: a header if there is any row, the rows, and the line of
/// `size -t` if `totals` are given.
pub fn write_berkeley(
    out: &mut dyn Write,
    rows: &[SizeRow],
    totals: Option<&Berkeley>,
    radix: Radix,
) -> io::Result<()> {
    if !rows.is_empty() {
        // With --radix=16, too, `size` calls the fourth column "dec", and prints it in decimal.
        let base = if radix == Radix::Octal { "oct" } else { "dec" };
        writeln!(out, "   text\t   data\t    bss\t    {base}\t    hex\tfilename")?;
    }
    lines(out, rows, totals, radix, berkeley_numbers)
}

/// A line for each row and for the totals: the numbers, then the name.
fn lines(
    out: &mut dyn Write,
    rows: &[SizeRow],
    totals: Option<&Berkeley>,
    radix: Radix,
    numbers: fn(&mut dyn Write, &Berkeley, Radix) -> io::Result<()>,
) -> io::Result<()> {
    for row in rows {
        numbers(out, &row.size, radix)?;
        name(out, &row.name, row.archive.as_ref())?;
    }
    if let Some(totals) = totals {
        numbers(out, totals, radix)?;
        out.write_all(b"(TOTALS)\n")?;
    }
    Ok(())
}

fn berkeley_numbers(out: &mut dyn Write, size: &Berkeley, radix: Radix) -> io::Result<()> {
    for column in [size.text, size.data, size.bss] {
        write!(out, "{:>7}\t", number(column, radix))?;
    }
    let dec = size.dec();
    match radix {
        Radix::Octal => write!(out, "{dec:>7o}\t{dec:>7x}\t"),
        Radix::Decimal | Radix::Hex => write!(out, "{dec:>7}\t{dec:>7x}\t"),
    }
}

/// Writes the table of `size -G`; `totals` as for [`write_berkeley`].
pub fn write_gnu(
    out: &mut dyn Write,
    rows: &[SizeRow],
    totals: Option<&Berkeley>,
    radix: Radix,
) -> io::Result<()> {
    if !rows.is_empty() {
        out.write_all(b"      text       data        bss      total filename\n")?;
    }
    lines(out, rows, totals, radix, gnu_numbers)
}

fn gnu_numbers(out: &mut dyn Write, size: &Berkeley, radix: Radix) -> io::Result<()> {
    for column in [size.text, size.data, size.bss, size.dec()] {
        write!(out, "{:>10} ", number(column, radix))?;
    }
    Ok(())
}

fn name(out: &mut dyn Write, name: &BString, archive: Option<&BString>) -> io::Result<()> {
    out.write_all(name)?;
    if let Some(archive) = archive {
        out.write_all(b" (ex ")?;
        out.write_all(archive)?;
        out.write_all(b")")?;
    }
    out.write_all(b"\n")
}

/// Writes the tables of `size -A`, one a file.
pub fn write_sysv(out: &mut dyn Write, tables: &[SysvTable], radix: Radix) -> io::Result<()> {
    for table in tables {
        write_sysv_table(out, table, radix)?;
    }
    Ok(())
}

fn write_sysv_table(out: &mut dyn Write, table: &SysvTable, radix: Radix) -> io::Result<()> {
    let total = table.rows.iter().fold(0u64, |sum, row| sum.wrapping_add(row.size));
    let highest = table.rows.iter().map(|row| row.addr).max().unwrap_or(0);
    let names = table.rows.iter().map(|row| row.name.len()).max().unwrap_or(0);
    let sizes = number(total, radix).len().max("size".len());
    let addrs = number(highest, radix).len().max("addr".len());

    out.write_all(&table.name)?;
    out.write_all(b"  ")?;
    if let Some(archive) = &table.archive {
        out.write_all(b" (ex ")?;
        out.write_all(archive)?;
        out.write_all(b")")?;
    }
    writeln!(out, ":\n{:<names$}   {:>sizes$}   {:>addrs$}", "section", "size", "addr")?;
    for row in &table.rows {
        // Not `{:<names$}`: names are bytes, and padding counts bytes.
        out.write_all(&row.name)?;
        let pad = names - row.name.len();
        let (size, addr) = (number(row.size, radix), number(row.addr, radix));
        writeln!(out, "{:pad$}   {size:>sizes$}   {addr:>addrs$}", "")?;
    }
    writeln!(out, "{:<names$}   {:>sizes$}\n\n", "Total", number(total, radix))
}

/// A number as `size` prints it in `radix`: zero has its prefix too.
fn number(value: u64, radix: Radix) -> String {
    match radix {
        Radix::Octal => format!("0{value:o}"),
        Radix::Decimal => value.to_string(),
        Radix::Hex => format!("{value:#x}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(name: &str, text: u64, data: u64, bss: u64) -> SizeRow {
        SizeRow { name: name.into(), archive: None, size: Berkeley { text, data, bss } }
    }

    fn rendered(write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> String {
        let mut out = Vec::new();
        write(&mut out).expect("memory does not fail");
        String::from_utf8(out).expect("UTF-8")
    }

    /// The table of the commit message that started it all, numbers wider than their columns.
    #[test]
    fn the_table_of_a_commit_message() {
        let rows = [
            row("../without/vmlinux", 83_721_896, 46_511_131, 27_582_964),
            row("vmlinux", 83_722_364, 46_511_131, 27_582_964),
        ];
        assert_eq!(
            rendered(|out| write_berkeley(out, &rows, None, Radix::Decimal)),
            "   text\t   data\t    bss\t    dec\t    hex\tfilename\n\
             83721896\t46511131\t27582964\t157815991\t96814b7\t../without/vmlinux\n\
             83722364\t46511131\t27582964\t157816459\t968168b\tvmlinux\n"
        );
    }

    /// `size -t` of an empty archive: no header, but totals.
    #[test]
    fn totals_of_nothing() {
        let none = Berkeley::default();
        let text = rendered(|out| write_berkeley(out, &[], Some(&none), Radix::Decimal));
        assert_eq!(text, "      0\t      0\t      0\t      0\t      0\t(TOTALS)\n");
    }

    /// Names are bytes: no replacement characters, no column computed from characters.
    #[test]
    fn names_that_are_not_utf8() {
        let name = BString::from(&b"m\xfcll.o"[..]);
        let rows = [SizeRow { name, archive: Some("a.a".into()), size: Berkeley::default() }];
        let mut out = Vec::new();
        write_gnu(&mut out, &rows, None, Radix::Decimal).expect("memory does not fail");
        assert!(out.ends_with(b"         0          0          0          0 m\xfcll.o (ex a.a)\n"));
    }
}
