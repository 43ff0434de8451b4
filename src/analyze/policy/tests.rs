//! Policies that must be refused, each with the line and the word at fault, and one that uses all.

use std::path::Path;

use crate::model::class::Class;
use crate::model::policy::{Against, Bound, Quantity};

const ARCHS: [&str; 3] = ["arm", "arm64", "x86_64"];

fn parse(text: &str) -> Result<super::Policy, String> {
    super::parse(Path::new("p.toml"), text, &ARCHS).map_err(|err| err.to_string())
}

#[test]
fn everything_a_policy_can_say_is_read() {
    let policy = parse(include_str!("../../../tests/samples/policy.toml")).unwrap();
    let rule = policy.off_costs_nothing.unwrap();
    assert_eq!((rule.max_growth, rule.variant.as_deref()), (16, Some("without")));
    let limits = &policy.limits;
    assert_eq!(limits[0].max_growth, Some(Bound::Bytes(40 * 1024)));
    assert_eq!(limits[0].arch, ["x86_64", "arm64"]);
    assert_eq!(limits[1].quantity, Some(Quantity::Class(Class::Code)));
    assert_eq!(limits[1].max_growth, Some(Bound::Percent(1.5)));
    assert_eq!(limits[2].quantity, Some(Quantity::Symbol("^(dm|test)_?hmm".into())));
    assert_eq!(limits[3].max, Some(16 << 20));
    assert_eq!(limits[3].quantity, Some(Quantity::Text));
    assert_eq!(limits[3].against, Some(Against::Variant));
    assert_eq!(limits[3].name, "limit-4");
    assert_eq!(policy.waivers[0].expires.to_string(), "2026-12-31");
    assert_eq!(policy.waivers[1].symbol.as_deref(), Some("^dmirror_"));
}

#[test]
fn a_wrong_policy_is_refused_with_its_line() {
    let limit = "[[limit]]\nmax-growth = 0\n";
    for (text, line, words) in [
        (format!("\n[[limits]]\n{limit}"), 2, "did you mean `limit`?"),
        ("[[limit]]\nmax-grwth = 3\n".into(), 2, "did you mean `max-growth`?"),
        ("[off-costs-nothing]\nvarint = \"x\"\n".into(), 2, "did you mean `variant`?"),
        ("[[limit]]\nmax-growth = -1\n".into(), 2, "cannot be negative: -1"),
        ("[[limit]]\nmax-growth = \"-4 KiB\"\n".into(), 2, "cannot be negative"),
        ("[[limit]]\nmax-growth = \"-0.5%\"\n".into(), 2, "cannot be negative"),
        ("[off-costs-nothing]\nmax-growth = -5\n".into(), 2, "cannot be negative"),
        ("[[limit]]\nmax-growth = \"4000%\"\n".into(), 2, "limits nothing"),
        ("[[limit]]\nmax-growth = \"NaN%\"\n".into(), 2, "limits nothing"),
        ("[[limit]]\nmax-growth = \"4 parsecs\"\n".into(), 2, "unknown unit"),
        ("[[limit]]\nmax = \"99999999999 GiB\"\n".into(), 2, "not a number of bytes"),
        ("[[limit]]\nmax = 4.5\n".into(), 2, "expected a number of bytes"),
        ("[[limit]]\n\narch = \"x86-64\"\nmax = 1\n".into(), 3, "did you mean `x86_64`?"),
        ("[[limit]]\nclass = \"coda\"\nmax = 1\n".into(), 2, "did you mean `code`?"),
        ("[[limit]]\nmeasure = \"flash\"\nmax = 1\n".into(), 2, "there are text, data"),
        ("[[limit]]\nsymbol = \"(\"\nmax = 1\n".into(), 2, "unclosed group"),
        ("[[limit]]\nclass = \"code\"\nmeasure = \"text\"\nmax = 1\n".into(), 3, "only one of"),
        ("[[limit]]\nname = \"x\"\n".into(), 1, "neither max-growth nor max"),
        ("limit = 3\n".into(), 1, "write [[limit]]"),
        (
            format!("{limit}[[waiver]]\nrule = \"limit-1\"\nexpires = 2026-01-01\n"),
            3,
            "needs `reason`",
        ),
        (
            format!(
                "{limit}[[waiver]]\nrule = \"limit-1\"\nreason = \" \"\nexpires = 2026-01-01\n"
            ),
            3,
            "needs `reason`",
        ),
        (format!("{limit}[[waiver]]\nrule = \"limit-1\"\nreason = \"r\"\n"), 3, "needs `expires`"),
        (
            format!("{limit}[[waiver]]\nrule = \"limit-1\"\nreason = \"r\"\nexpires = \"soon\"\n"),
            6,
            "not a day",
        ),
        (
            format!("{limit}[[waiver]]\nrule = \"limit1\"\nreason = \"r\"\nexpires = 2026-01-01\n"),
            3,
            "did you mean `limit-1`?",
        ),
        ("[[limit]\n".into(), 1, ""),
        ("schema = 2\n".into(), 1, "reads policy schema 1"),
    ] {
        let err = parse(&text).expect_err(&text);
        assert!(err.starts_with(&format!("p.toml:{line}: ")), "{text}\n→ {err}");
        assert!(err.contains(words) && !err.contains('\n'), "{text}\n→ {err}");
    }
}

#[test]
fn a_policy_without_rules_is_refused() {
    for text in ["", "off-costs-nothing = false\n"] {
        assert!(parse(text).unwrap_err().contains("judges nothing"));
    }
    let twice = "[[limit]]\nname = \"a\"\nmax = 1\n[[limit]]\nname = \"a\"\nmax = 2\n";
    assert!(parse(twice).unwrap_err().contains("two rules are called `a`"));
}
