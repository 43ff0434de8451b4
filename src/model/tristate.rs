//! The three values of Kconfig's logic: n, m and y.
//!
//! AND is the smaller, OR the larger, NOT turns y and n around and leaves m alone
//! (scripts/kconfig/expr.h: `EXPR_AND`, `EXPR_OR`, `EXPR_NOT`).

use std::fmt;

/// A tristate value, ordered n < m < y.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
#[repr(u8)]
pub enum Tristate {
    /// `n`
    #[default]
    No = 0,
    /// `m`
    Mod = 1,
    /// `y`
    Yes = 2,
}

impl Tristate {
    /// `self && other`
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        self.min(other)
    }

    /// `self || other`
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        self.max(other)
    }

    /// `y` for true, else `n`.
    pub fn from_bool(value: bool) -> Self {
        if value { Self::Yes } else { Self::No }
    }

    /// `y`, `m` or `n`.
    pub fn text(self) -> &'static str {
        match self {
            Self::No => "n",
            Self::Mod => "m",
            Self::Yes => "y",
        }
    }

    /// The value of the first letter of `text`, in lower or upper case.
    pub fn parse(text: &[u8]) -> Option<Self> {
        match text.first()? {
            b'n' | b'N' => Some(Self::No),
            b'm' | b'M' => Some(Self::Mod),
            b'y' | b'Y' => Some(Self::Yes),
            _ => None,
        }
    }
}

impl std::ops::Not for Tristate {
    type Output = Self;

    fn not(self) -> Self {
        match self {
            Self::No => Self::Yes,
            Self::Mod => Self::Mod,
            Self::Yes => Self::No,
        }
    }
}

impl fmt::Display for Tristate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text())
    }
}

#[cfg(test)]
mod tests {
    use super::Tristate::{Mod, No, Yes};
    use super::*;

    #[test]
    fn the_logic_is_minimum_maximum_and_two_minus() {
        for a in [No, Mod, Yes] {
            for b in [No, Mod, Yes] {
                assert_eq!(a.and(b) as u8, (a as u8).min(b as u8));
                assert_eq!(a.or(b) as u8, (a as u8).max(b as u8));
            }
            assert_eq!((!a) as u8, 2 - a as u8);
        }
    }

    #[test]
    fn values_are_written_and_read_as_letters() {
        for value in [No, Mod, Yes] {
            assert_eq!(Tristate::parse(value.text().as_bytes()), Some(value));
        }
        assert_eq!(Tristate::parse(b"M"), Some(Mod));
        assert_eq!(Tristate::parse(b""), None);
        assert_eq!(Tristate::parse(b"1"), None);
        assert_eq!(Tristate::from_bool(true), Yes);
    }
}
