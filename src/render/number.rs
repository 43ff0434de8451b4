//! Numbers as people read them: grouped digits, signs, and percentages that do not round to nothing.

/// `83,721,896`
pub fn grouped(value: u64) -> String {
    let digits = value.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at) % 3 == 0 {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// `+468`, `-8,192`, `0`
pub fn signed(value: i64) -> String {
    let sign = match value.signum() {
        1 => "+",
        -1 => "-",
        _ => "",
    };
    format!("{sign}{}", grouped(value.unsigned_abs()))
}

/// `+1.25%`, with as many digits as a small change needs to be seen: `+0.0006%`. Empty without a
/// percentage, for what is new.
pub fn percent(value: Option<f64>) -> String {
    let Some(value) = value else { return String::new() };
    if value == 0.0 {
        return "0.00%".to_owned();
    }
    let digits = match value.abs() {
        small if small < 0.000_1 => 6,
        small if small < 0.01 => 4,
        large if large >= 1000.0 => 0,
        _ => 2,
    };
    format!("{value:+.digits$}%")
}

/// A size, or `-` where there is nothing.
pub fn size(value: Option<u64>) -> String {
    value.map_or_else(|| "-".to_owned(), grouped)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_are_grouped_and_signs_are_signs() {
        assert_eq!(grouped(0), "0");
        assert_eq!(grouped(999), "999");
        assert_eq!(grouped(83_721_896), "83,721,896");
        assert_eq!(signed(-8192), "-8,192");
        assert_eq!(signed(i64::MIN), "-9,223,372,036,854,775,808");
        assert_eq!(signed(0), "0");
    }

    #[test]
    fn small_percentages_can_be_seen() {
        assert_eq!(percent(Some(468.0 * 100.0 / 83_721_896.0)), "+0.0006%");
        assert_eq!(percent(Some(-12.345)), "-12.35%");
        assert_eq!(percent(Some(0.0)), "0.00%");
        assert_eq!(percent(None), "");
    }
}
