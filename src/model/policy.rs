//! A gate policy as plain data: what may grow, by how much, and what is excused until when.
//!
//! The TOML text becomes this in `analyze::policy`, which also says what is wrong with it and on
//! which line. Limits are bytes or percent; symbol patterns are regular expressions, unanchored as
//! in `compare --filter`. A rule that names an architecture or a variant insists on it: if the run
//! does not have it, the gate does not pass.

use std::fmt;

use super::class::Class;

/// A whole policy.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Policy {
    /// The rule that an option costs nothing where it is off, if it is asked for.
    pub off_costs_nothing: Option<OffCostsNothing>,
    /// Limits, in the order in which they are written.
    pub limits: Vec<Limit>,
    /// What is excused, by whom it was written down, and until when.
    pub waivers: Vec<Waiver>,
}

/// The name under which the rule is reported and waived.
pub const OFF_COSTS_NOTHING: &str = "off-costs-nothing";

/// The head source with the option off, against the base source with it off, must not grow.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OffCostsNothing {
    /// Bytes of payload by which it may grow all the same.
    pub max_growth: u64,
    /// The variant in which the option is off; the run's baseline variant by default.
    pub variant: Option<String>,
    /// Architectures it is judged on; empty for all.
    pub arch: Vec<String>,
}

/// One limit.
#[derive(Debug, Clone, PartialEq)]
pub struct Limit {
    /// Its name in reports and waivers.
    pub name: String,
    /// Architectures it holds for; empty for all.
    pub arch: Vec<String>,
    /// Variants it holds for; empty for all.
    pub variant: Vec<String>,
    /// What is limited; `None` is payload, or `dec` where neither side of a scope has a payload.
    pub quantity: Option<Quantity>,
    /// How much more than the base is allowed.
    pub max_growth: Option<Bound>,
    /// How much is allowed at all, in bytes.
    pub max: Option<u64>,
    /// What it is compared with; the command line decides where this is `None`.
    pub against: Option<Against>,
    /// Growth within the recorded noise passes.
    pub allow_noise: bool,
}

/// What a limit is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Quantity {
    /// Berkeley text.
    Text,
    /// Berkeley data.
    Data,
    /// Berkeley bss.
    Bss,
    /// Berkeley total.
    Dec,
    /// ALLOC bytes without padding.
    Payload,
    /// Bytes on disk (boot image, modules).
    File,
    /// The bytes of one class.
    Class(Class),
    /// The sizes of all symbols whose normalised name matches this regular expression.
    Symbol(String),
}

impl Quantity {
    /// The quantities a policy can name with `measure`.
    pub const MEASURES: [(&'static str, Self); 6] = [
        ("text", Self::Text),
        ("data", Self::Data),
        ("bss", Self::Bss),
        ("dec", Self::Dec),
        ("payload", Self::Payload),
        ("file", Self::File),
    ];
}

impl fmt::Display for Quantity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Class(class) => write!(f, "class {}", class.name()),
            Self::Symbol(pattern) => write!(f, "symbols /{pattern}/"),
            Self::Text => f.write_str("text"),
            Self::Data => f.write_str("data"),
            Self::Bss => f.write_str("bss"),
            Self::Dec => f.write_str("dec"),
            Self::Payload => f.write_str("payload"),
            Self::File => f.write_str("file"),
        }
    }
}

/// How much growth is allowed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Bound {
    /// Bytes.
    Bytes(u64),
    /// Percent of the base.
    Percent(f64),
}

/// What a cell is compared with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Against {
    /// The record in a baseline file.
    Baseline,
    /// The baseline variant of the same source.
    Variant,
    /// The baseline source with the same variant.
    Source,
}

impl fmt::Display for Against {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Baseline => "baseline",
            Self::Variant => "variant",
            Self::Source => "source",
        })
    }
}

/// An excuse with a reason and an end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waiver {
    /// The rule it excuses.
    pub rule: String,
    /// Architectures; empty for all.
    pub arch: Vec<String>,
    /// Variants; empty for all.
    pub variant: Vec<String>,
    /// Excuses only the growth of symbols that match this regular expression.
    pub symbol: Option<String>,
    /// Why.
    pub reason: String,
    /// The last day on which it holds.
    pub expires: Date,
    /// Its line in the policy, 1-based.
    pub line: usize,
}

/// A calendar day, as people write it: `2026-12-31`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Date {
    /// Year.
    pub year: u16,
    /// Month, from 1.
    pub month: u8,
    /// Day of the month, from 1.
    pub day: u8,
}

impl Date {
    /// Reads `YYYY-MM-DD`; `None` for anything else and for days that no month has.
    pub fn parse(text: &str) -> Option<Self> {
        let bytes = text.as_bytes();
        let digits = |from: usize, to: usize| {
            let part = &bytes[from..to];
            part.iter().all(u8::is_ascii_digit).then(|| {
                part.iter().fold(0_u16, |number, digit| number * 10 + u16::from(digit - b'0'))
            })
        };
        if bytes.len() != 10 || bytes[4] != b'-' || bytes[7] != b'-' {
            return None;
        }
        let (year, month, day) = (digits(0, 4)?, digits(5, 7)?, digits(8, 10)?);
        let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
        let days = match month {
            1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
            4 | 6 | 9 | 11 => 30,
            2 if leap => 29,
            2 => 28,
            _ => return None,
        };
        (1..=days).contains(&day).then_some(Self { year, month: month as u8, day: day as u8 })
    }

    /// The day (UTC) that lies `seconds` after 1970-01-01 00:00.
    ///
    /// The arithmetic is Howard Hinnant's `civil_from_days`.
    pub fn from_unix(seconds: u64) -> Self {
        let days = seconds / 86_400 + 719_468;
        let (era, day_of_era) = (days / 146_097, days % 146_097);
        let year_of_era =
            (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let shifted = (5 * day_of_year + 2) / 153;
        let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
        let year = year_of_era + era * 400 + u64::from(month <= 2);
        Self {
            year: year as u16,
            month: month as u8,
            day: (day_of_year - (153 * shifted + 2) / 5 + 1) as u8,
        }
    }
}

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}-{:02}", self.year, self.month, self.day)
    }
}

#[cfg(test)]
mod tests {
    use super::Date;

    #[test]
    fn dates_are_read_only_if_a_calendar_has_them() {
        for bad in [
            "2026-02-29",
            "2026-13-01",
            "2026-00-10",
            "2026-1-1",
            "tomorrow",
            "2026-04-31",
            "éééé-é-é",
        ] {
            assert_eq!(Date::parse(bad), None, "{bad}");
        }
        for good in ["2024-02-29", "2000-02-29", "2026-12-31", "1970-01-01"] {
            assert_eq!(Date::parse(good).unwrap().to_string(), good);
        }
    }

    #[test]
    fn seconds_become_the_day_that_date_prints() {
        // `date -u -d @N +%F`
        for (seconds, day) in [
            (0, "1970-01-01"),
            (951_782_399, "2000-02-28"),
            (951_782_400, "2000-02-29"),
            (1_795_305_600, "2026-11-22"),
            (1_798_761_599, "2026-12-31"),
            (4_102_444_800, "2100-01-01"),
        ] {
            assert_eq!(Date::from_unix(seconds).to_string(), day);
        }
    }
}
