//! Numbers as people read them: grouped digits, signs, and percentages that do not round to nothing.

pub use crate::model::number::{grouped, percent, signed};

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
        assert_eq!(percent(Some(0.0)), "0%");
        assert_eq!(percent(None), "");
    }
}
