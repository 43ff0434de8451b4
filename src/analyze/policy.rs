//! Policy text to [`Policy`], strictly: a gate that misreads its policy passes what it must not.
//!
//! Every key and value is checked where it stands, so that each error names the line: unknown keys
//! and classes (with the nearest known word), negative limits, percentages that limit nothing,
//! patterns that do not compile, waivers without a reason or for a rule that does not exist. The
//! format is described in the README; `tests/samples/policy.toml` uses all of it.

use std::path::Path;

use regex::Regex;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::exit::{At, Error, Result};
use crate::model::class::Class;
use crate::model::policy::{
    Against, Bound, Date, Limit, OFF_COSTS_NOTHING, OffCostsNothing, Policy, Quantity, Waiver,
};

/// The largest percentage that is taken for a limit; more is a slip of the pen.
const MAX_PERCENT: f64 = 1_000.0;

/// Parses the text of policy `file`. `archs` are the architecture names that exist.
pub fn parse(file: &Path, text: &str, archs: &[&str]) -> Result<Policy> {
    let reader = Reader { file, text, archs };
    let table = DeTable::parse(text).map_err(|err| {
        reader.error(err.span().map_or(0, |span| span.start), err.message().to_owned())
    })?;
    reader.policy(table.get_ref())
}

/// The text being read, for positions in errors.
struct Reader<'a> {
    file: &'a Path,
    text: &'a str,
    archs: &'a [&'a str],
}

type Key<'a> = Spanned<std::borrow::Cow<'a, str>>;
type Value<'a> = Spanned<DeValue<'a>>;

impl Reader<'_> {
    fn error(&self, offset: usize, msg: impl Into<String>) -> Error {
        Error::input_at(self.file, At::Line(self.line(offset)), msg)
    }

    /// The 1-based line of a byte offset.
    fn line(&self, offset: usize) -> usize {
        let end = offset.min(self.text.len());
        self.text.as_bytes()[..end].split(|byte| *byte == b'\n').count()
    }

    fn unknown_key(&self, key: &Key<'_>, known: &[&str]) -> Error {
        self.error(key.span().start, unknown("key", key.get_ref(), known))
    }

    fn policy(&self, table: &DeTable<'_>) -> Result<Policy> {
        let mut policy = Policy::default();
        for (key, value) in table {
            match key.get_ref().as_ref() {
                "schema" => {
                    if self.bytes(value)? != 1 {
                        return Err(
                            self.error(value.span().start, "this hmmsize reads policy schema 1")
                        );
                    }
                }
                OFF_COSTS_NOTHING => policy.off_costs_nothing = self.off_costs_nothing(value)?,
                "limit" => {
                    for (index, entry) in self.tables(key, value)?.into_iter().enumerate() {
                        policy.limits.push(self.limit(entry.0, entry.1, index + 1)?);
                    }
                }
                "waiver" => {
                    for (offset, entry) in self.tables(key, value)? {
                        policy.waivers.push(self.waiver(offset, entry)?);
                    }
                }
                _ => {
                    return Err(
                        self.unknown_key(key, &["schema", OFF_COSTS_NOTHING, "limit", "waiver"])
                    );
                }
            }
        }
        self.check(&policy)?;
        Ok(policy)
    }

    /// What only shows when the whole policy has been read.
    fn check(&self, policy: &Policy) -> Result<()> {
        if policy.off_costs_nothing.is_none() && policy.limits.is_empty() {
            let msg = "the policy judges nothing: no [[limit]] and no off-costs-nothing";
            return Err(Error::input(self.file, msg));
        }
        let mut rules = vec![OFF_COSTS_NOTHING];
        for limit in &policy.limits {
            if rules.contains(&limit.name.as_str()) {
                let msg = format!("two rules are called `{}`", limit.name);
                return Err(Error::input(self.file, msg));
            }
            rules.push(&limit.name);
        }
        for waiver in &policy.waivers {
            if !rules.contains(&waiver.rule.as_str()) {
                let msg = unknown("rule", &waiver.rule, &rules);
                return Err(Error::input_at(self.file, At::Line(waiver.line), msg));
            }
        }
        Ok(())
    }

    /// `[[name]]`: the tables and the offsets of their first keys.
    fn tables<'v, 'i>(
        &self,
        key: &Key<'_>,
        value: &'v Value<'i>,
    ) -> Result<Vec<(usize, &'v DeTable<'i>)>> {
        let wrong = || self.error(key.span().start, format!("write [[{}]]", key.get_ref()));
        let array = value.get_ref().as_array().ok_or_else(wrong)?;
        array
            .iter()
            .map(|entry| {
                let table = entry.get_ref().as_table().ok_or_else(wrong)?;
                Ok((entry.span().start, table))
            })
            .collect()
    }

    fn off_costs_nothing(&self, value: &Value<'_>) -> Result<Option<OffCostsNothing>> {
        let mut rule = OffCostsNothing::default();
        match value.get_ref() {
            DeValue::Boolean(asked) => Ok(asked.then_some(rule)),
            DeValue::Table(table) => {
                for (key, value) in table {
                    match key.get_ref().as_ref() {
                        "max-growth" => rule.max_growth = self.bytes(value)?,
                        "variant" => rule.variant = Some(self.string(value)?),
                        "arch" => rule.arch = self.archs(value)?,
                        _ => return Err(self.unknown_key(key, &["max-growth", "variant", "arch"])),
                    }
                }
                Ok(Some(rule))
            }
            _ => Err(self.error(value.span().start, "expected true, false or a table")),
        }
    }

    fn limit(&self, offset: usize, table: &DeTable<'_>, number: usize) -> Result<Limit> {
        const KEYS: [&str; 10] = [
            "name",
            "arch",
            "variant",
            "measure",
            "class",
            "symbol",
            "max-growth",
            "max",
            "against",
            "allow-noise",
        ];
        let mut limit = Limit {
            name: format!("limit-{number}"),
            arch: Vec::new(),
            variant: Vec::new(),
            quantity: None,
            max_growth: None,
            max: None,
            against: None,
            allow_noise: false,
        };
        for (key, value) in table {
            let quantity = match key.get_ref().as_ref() {
                "name" => {
                    limit.name = self.string(value)?;
                    None
                }
                "arch" => {
                    limit.arch = self.archs(value)?;
                    None
                }
                "variant" => {
                    limit.variant = self.strings(value)?;
                    None
                }
                "measure" => Some(self.word(value, "measure", &Quantity::MEASURES)?),
                "class" => {
                    let classes = Class::ALL.map(|class| (class.name(), Quantity::Class(class)));
                    Some(self.word(value, "class", &classes)?)
                }
                "symbol" => Some(Quantity::Symbol(self.pattern(value)?)),
                "max-growth" => {
                    limit.max_growth = Some(self.bound(value)?);
                    None
                }
                "max" => {
                    limit.max = Some(self.bytes(value)?);
                    None
                }
                "against" => {
                    let words = [Against::Baseline, Against::Variant, Against::Source];
                    let words = words.map(|word| (word.to_string(), word));
                    let words = [0, 1, 2].map(|at| (words[at].0.as_str(), words[at].1));
                    limit.against = Some(self.word(value, "comparison", &words)?);
                    None
                }
                "allow-noise" => {
                    limit.allow_noise = self.boolean(value)?;
                    None
                }
                _ => return Err(self.unknown_key(key, &KEYS)),
            };
            if let Some(quantity) = quantity
                && let Some(other) = limit.quantity.replace(quantity)
            {
                let msg = format!(
                    "only one of measure, class and symbol: this limit is already about {other}"
                );
                return Err(self.error(key.span().start, msg));
            }
        }
        if limit.max_growth.is_none() && limit.max.is_none() {
            return Err(
                self.error(offset, format!("`{}` has neither max-growth nor max", limit.name))
            );
        }
        Ok(limit)
    }

    fn waiver(&self, offset: usize, table: &DeTable<'_>) -> Result<Waiver> {
        const KEYS: [&str; 6] = ["rule", "arch", "variant", "symbol", "reason", "expires"];
        let (mut rule, mut reason, mut expires) = (None, None, None);
        let (mut arch, mut variant, mut symbol) = (Vec::new(), Vec::new(), None);
        for (key, value) in table {
            match key.get_ref().as_ref() {
                "rule" => rule = Some(self.string(value)?),
                "arch" => arch = self.archs(value)?,
                "variant" => variant = self.strings(value)?,
                "symbol" => symbol = Some(self.pattern(value)?),
                "reason" => reason = Some(self.string(value)?),
                "expires" => expires = Some(self.date(value)?),
                _ => return Err(self.unknown_key(key, &KEYS)),
            }
        }
        let missing = |what: &str| self.error(offset, format!("a waiver needs `{what}`"));
        let rule = rule.ok_or_else(|| missing("rule"))?;
        let reason =
            reason.filter(|text| !text.trim().is_empty()).ok_or_else(|| missing("reason"))?;
        let expires = expires.ok_or_else(|| missing("expires"))?;
        Ok(Waiver { rule, arch, variant, symbol, reason, expires, line: self.line(offset) })
    }

    fn string(&self, value: &Value<'_>) -> Result<String> {
        let text = value.get_ref().as_str();
        text.map(str::to_owned).ok_or_else(|| self.error(value.span().start, "expected a string"))
    }

    fn boolean(&self, value: &Value<'_>) -> Result<bool> {
        value
            .get_ref()
            .as_bool()
            .ok_or_else(|| self.error(value.span().start, "expected true or false"))
    }

    /// A string, or an array of strings.
    fn strings(&self, value: &Value<'_>) -> Result<Vec<String>> {
        match value.get_ref() {
            DeValue::Array(array) => array.iter().map(|entry| self.string(entry)).collect(),
            _ => Ok(vec![self.string(value)?]),
        }
    }

    fn archs(&self, value: &Value<'_>) -> Result<Vec<String>> {
        let archs = self.strings(value)?;
        match archs.iter().find(|arch| !self.archs.contains(&arch.as_str())) {
            Some(arch) => {
                Err(self.error(value.span().start, unknown("architecture", arch, self.archs)))
            }
            None => Ok(archs),
        }
    }

    /// One word of a closed list.
    fn word<T: Clone>(&self, value: &Value<'_>, what: &str, words: &[(&str, T)]) -> Result<T> {
        let text = self.string(value)?;
        words.iter().find(|(name, _)| *name == text).map(|(_, word)| word.clone()).ok_or_else(
            || {
                let names: Vec<_> = words.iter().map(|(name, _)| *name).collect();
                self.error(value.span().start, unknown(what, &text, &names))
            },
        )
    }

    fn pattern(&self, value: &Value<'_>) -> Result<String> {
        let text = self.string(value)?;
        match Regex::new(&text) {
            Ok(_) => Ok(text),
            Err(err) => {
                // The crate draws a picture over several lines; its last line says what is wrong.
                let reason = err.to_string();
                let reason =
                    reason.lines().last().unwrap_or_default().trim_start_matches("error: ");
                Err(self.error(
                    value.span().start,
                    format!("not a regular expression: {text}: {reason}"),
                ))
            }
        }
    }

    fn date(&self, value: &Value<'_>) -> Result<Date> {
        let text = match value.get_ref() {
            DeValue::Datetime(datetime) => datetime.to_string(),
            _ => self.string(value)?,
        };
        let wrong = || self.error(value.span().start, format!("not a day (YYYY-MM-DD): {text}"));
        Date::parse(&text).ok_or_else(wrong)
    }

    /// Bytes: an integer, or a string such as `"40 KiB"`.
    fn bytes(&self, value: &Value<'_>) -> Result<u64> {
        let start = value.span().start;
        match value.get_ref() {
            DeValue::Integer(number) => {
                let number = i64::from_str_radix(number.as_str(), number.radix())
                    .map_err(|_| self.error(start, "not a number of bytes"))?;
                u64::try_from(number)
                    .map_err(|_| self.error(start, format!("a limit cannot be negative: {number}")))
            }
            DeValue::String(text) => self.bytes_of(start, text),
            _ => Err(self.error(start, "expected a number of bytes, such as 4096 or \"4 KiB\"")),
        }
    }

    fn bytes_of(&self, start: usize, text: &str) -> Result<u64> {
        let text = text.trim();
        if text.starts_with('-') {
            return Err(self.error(start, format!("a limit cannot be negative: {text}")));
        }
        let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
        let factor = match text[digits..].trim() {
            "" | "B" => 1,
            "K" | "k" | "KiB" => 1 << 10,
            "M" | "MiB" => 1 << 20,
            "G" | "GiB" => 1 << 30,
            unit => {
                let msg = format!("unknown unit `{unit}`: write B, KiB, MiB, GiB or %");
                return Err(self.error(start, msg));
            }
        };
        let number =
            text[..digits].parse::<u64>().ok().and_then(|number| number.checked_mul(factor));
        number.ok_or_else(|| self.error(start, format!("not a number of bytes: {text}")))
    }

    /// Bytes or percent.
    fn bound(&self, value: &Value<'_>) -> Result<Bound> {
        let Some(percent) = value.get_ref().as_str().and_then(|text| text.trim().strip_suffix('%'))
        else {
            return Ok(Bound::Bytes(self.bytes(value)?));
        };
        let start = value.span().start;
        let number: f64 = percent
            .trim()
            .parse()
            .map_err(|_| self.error(start, format!("not a percentage: {percent}%")))?;
        if number.is_sign_negative() {
            return Err(self.error(start, format!("a limit cannot be negative: {number}%")));
        }
        if !(0.0..=MAX_PERCENT).contains(&number) {
            let msg = format!("{number}% limits nothing (at most {MAX_PERCENT}%)");
            return Err(self.error(start, msg));
        }
        Ok(Bound::Percent(number))
    }
}

/// `unknown WHAT `x`; did you mean `y`?`, or the list if nothing is near.
fn unknown(what: &str, word: &str, known: &[&str]) -> String {
    let near = known
        .iter()
        .map(|name| (strsim::jaro_winkler(word, name), name))
        .filter(|(score, _)| *score > 0.75)
        .max_by(|a, b| a.0.total_cmp(&b.0));
    match near {
        Some((_, name)) => format!("unknown {what} `{word}`; did you mean `{name}`?"),
        None => format!("unknown {what} `{word}`; there are {}", known.join(", ")),
    }
}

#[cfg(test)]
mod tests;
