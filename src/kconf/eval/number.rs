//! Numbers as the C library reads them: `conf` leaves them to `strtoll` and `strtoull`.
//!
//! Which text is a number decides whether a comparison is one of numbers or of strings, and where a
//! range clamps, so white space, signs, prefixes and overflow count.

use crate::kconf::syntax::Type;

/// What `strtoll` or `strtoull` makes of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Parsed {
    /// The value; of an overflow, the bound (as `strtoll`); unsigned values are reinterpreted.
    pub value: i64,
    /// How many bytes it took; 0 where there is no number.
    pub used: usize,
    /// Whether the value did not fit (`ERANGE`).
    pub overflow: bool,
}

/// `strtoll(text, &end, base)`; base 0 takes it from the prefix.
pub fn strtoll(text: &[u8], base: u32) -> Parsed {
    let (negative, magnitude, used, overflow) = scan(text, base);
    let (value, overflow) = if negative {
        match magnitude {
            _ if overflow => (i64::MIN, true),
            0..=0x8000_0000_0000_0000 => ((magnitude as i64).wrapping_neg(), false),
            _ => (i64::MIN, true),
        }
    } else {
        match i64::try_from(magnitude) {
            Ok(value) if !overflow => (value, false),
            _ => (i64::MAX, true),
        }
    };
    Parsed { value, used, overflow: overflow && used > 0 }
}

/// `strtoull(text, &end, base)`, its bits as an `i64`.
pub fn strtoull(text: &[u8], base: u32) -> Parsed {
    let (negative, magnitude, used, overflow) = scan(text, base);
    let value = match (overflow, negative) {
        (true, _) => u64::MAX,
        (false, true) => magnitude.wrapping_neg(),
        (false, false) => magnitude,
    };
    Parsed { value: value as i64, used, overflow: overflow && used > 0 }
}

/// Sign, magnitude, bytes used, overflow.
fn scan(text: &[u8], base: u32) -> (bool, u64, usize, bool) {
    let mut at = 0;
    let peek = |at: usize| text.get(at).copied().unwrap_or(0);
    while matches!(peek(at), b' ' | b'\t' | b'\n' | 0x0b | 0x0c | b'\r') {
        at += 1;
    }
    let negative = peek(at) == b'-';
    if matches!(peek(at), b'-' | b'+') {
        at += 1;
    }
    let mut base = base;
    let hex =
        peek(at) == b'0' && matches!(peek(at + 1), b'x' | b'X') && peek(at + 2).is_ascii_hexdigit();
    if (base == 0 || base == 16) && hex {
        at += 2;
        base = 16;
    } else if base == 0 {
        base = if peek(at) == b'0' { 8 } else { 10 };
    }
    let start = at;
    let mut value = 0u64;
    let mut overflow = false;
    while let Some(digit) = char::from(peek(at)).to_digit(base) {
        at += 1;
        match value.checked_mul(u64::from(base)).and_then(|v| v.checked_add(u64::from(digit))) {
            Some(next) => value = next,
            None => overflow = true,
        }
    }
    if at == start { (false, 0, 0, false) } else { (negative, value, at, overflow) }
}

/// Whether `text` may be the value of a symbol of type `ty` (scripts/kconfig/symbol.c:
/// `sym_string_valid`): decimal without leading zeros for int, hexadecimal digits for hex.
pub fn valid(ty: Type, text: &[u8]) -> bool {
    match ty {
        Type::String => true,
        Type::Int => {
            let digits = text.strip_prefix(b"-").unwrap_or(text);
            !digits.is_empty()
                && digits.iter().all(u8::is_ascii_digit)
                && (digits.len() == 1 || digits[0] != b'0')
        }
        Type::Hex => {
            let prefixed = matches!(text, [b'0', b'x' | b'X', ..]);
            let digits = if prefixed { &text[2..] } else { text };
            !digits.is_empty() && digits.iter().all(u8::is_ascii_hexdigit)
        }
        Type::Bool | Type::Tristate => super::Tristate::parse(text).is_some(),
        Type::Unknown => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_as_the_c_library_reads_them() {
        let read = |text: &str, base| {
            let parsed = strtoll(text.as_bytes(), base);
            (parsed.value, parsed.used, parsed.overflow)
        };
        assert_eq!(read("42", 10), (42, 2, false));
        assert_eq!(read(" \t-7x", 10), (-7, 4, false));
        assert_eq!(read("0x1f", 16), (31, 4, false));
        assert_eq!(read("0x1f", 10), (0, 1, false));
        assert_eq!(read("0x", 16), (0, 1, false));
        assert_eq!(read("010", 0), (8, 3, false));
        assert_eq!(read("0xg", 0), (0, 1, false));
        assert_eq!(read("", 10), (0, 0, false));
        assert_eq!(read("-", 10), (0, 0, false));
        assert_eq!(read("y", 10), (0, 0, false));
        assert_eq!(read("9223372036854775807", 10), (i64::MAX, 19, false));
        assert_eq!(read("9223372036854775808", 10), (i64::MAX, 19, true));
        assert_eq!(read("-9223372036854775808", 10), (i64::MIN, 20, false));
        assert_eq!(read("99999999999999999999999", 10), (i64::MAX, 23, true));
        let hex = |text: &str| strtoull(text.as_bytes(), 16);
        assert_eq!(hex("ffffffffffffffff").value, -1);
        assert_eq!(hex("-1").value, -1);
        assert!(hex("10000000000000000").overflow);
    }

    #[test]
    fn valid_values_by_type() {
        for (ty, good, bad) in [
            (Type::Int, ["0", "-5", "12"], ["", "012", "1a"]),
            (Type::Hex, ["0x1", "ff", "0XaB"], ["", "0x", "0xg"]),
            (Type::Bool, ["y", "Maybe", "n"], ["", "1", "x"]),
        ] {
            assert!(good.iter().all(|text| valid(ty, text.as_bytes())), "{ty:?}");
            assert!(bad.iter().all(|text| !valid(ty, text.as_bytes())), "{ty:?}");
        }
        assert!(valid(Type::String, b""));
        assert!(!valid(Type::Unknown, b"y"));
        // conf compares with '0' and the end of the text, so `-0` is fine and `-` is not.
        assert!(valid(Type::Int, b"-0"));
        assert!(!valid(Type::Int, b"-"));
    }
}
