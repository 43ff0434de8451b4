//! Numbers as people read them: digits in groups of three, deltas with a sign.

/// `4194304` → `4,194,304`
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// `-4754` → `-4,754`, `842` → `+842`, `0` → `0`
pub fn signed(number: i64) -> String {
    let sign = match number {
        0 => "",
        1.. => "+",
        _ => "-",
    };
    format!("{sign}{}", grouped(number.unsigned_abs()))
}

/// `+1.25%`, with as many digits as a small change needs to be seen: `+0.0006%`. Empty without a
/// percentage, for what is new.
pub fn percent(value: Option<f64>) -> String {
    let Some(value) = value else { return String::new() };
    if value == 0.0 {
        return "0%".to_owned();
    }
    let digits = match value.abs() {
        small if small < 0.000_1 => 6,
        small if small < 0.01 => 4,
        large if large >= 1000.0 => 0,
        _ => 2,
    };
    format!("{value:+.digits$}%")
}

/// The change of `base` by `delta` as [`percent`]; `new` where there was nothing before.
pub fn share(base: u64, delta: i64) -> String {
    match (base, delta) {
        (_, 0) => "0%".into(),
        (0, _) => "new".into(),
        _ => percent(Some(delta as f64 * 100.0 / base as f64)),
    }
}

#[cfg(test)]
mod tests {
    use super::{grouped, share, signed};

    #[test]
    fn digits_are_grouped_in_threes() {
        for (number, text) in [(0, "0"), (999, "999"), (1_000, "1,000"), (83_721_896, "83,721,896")]
        {
            assert_eq!(grouped(number), text);
        }
        assert_eq!(grouped(u64::MAX), "18,446,744,073,709,551,615");
    }

    #[test]
    fn deltas_have_a_sign_unless_they_are_nothing() {
        assert_eq!(
            (signed(-4754), signed(842), signed(0)),
            ("-4,754".into(), "+842".into(), "0".into())
        );
        assert_eq!(signed(i64::MIN), "-9,223,372,036,854,775,808");
        assert_eq!(
            (share(200, 3), share(0, 3), share(0, 0)),
            ("+1.50%".into(), "new".into(), "0%".into())
        );
    }
}
