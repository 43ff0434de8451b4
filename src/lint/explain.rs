//! The page of a rule, as Markdown: what `--explain CODE` prints and `rules.md` is made of.

use std::fmt::Write as _;

use super::Rule;
use super::rules::GATING;

/// The page of one rule.
pub fn page(rule: &Rule) -> String {
    let mut out = format!("## {} {}\n\n", rule.code, rule.name);
    let asked = match (rule.default, GATING.contains(&rule.code)) {
        (true, _) => "on by default",
        (_, true) => "only if asked for with --gating or --rule",
        _ => "only if asked for with --rule",
    };
    let _ = writeln!(out, "Severity: {}; {asked}.\n", rule.severity.name());
    for (title, text) in [("What it does", rule.what), ("Why is this bad?", rule.why)] {
        let _ = writeln!(out, "### {title}\n\n{}\n", text.trim());
    }
    let _ = writeln!(out, "### Example\n\n```\n{}\n```\n", rule.example.trim_matches('\n'));
    let _ = writeln!(out, "### How to fix\n\n{}", rule.fix.trim());
    out
}

/// What is explained beside the rules, by name.
pub const TOPICS: &[(&str, &str)] = &[("verify", VERIFY), ("suppress", SUPPRESS)];

const VERIFY: &str = "\
## --verify

The tree's own conf, makefiles and scripts are run, in directories that go away afterwards; the tree
is not written. Do not ask for it in a tree that you would not build.

- Unmet selects are shown to conf, which has to print its warning.
- What is impossible has to be so for a second solver (`--solver2 CMD` names another one, which reads
  DIMACS CNF) and in 200 random configurations of each architecture.
- For functions that are not where they are used, objects are compiled, for `--verify-limit` findings
  of each rule at most.

What is refuted is not printed, but counted on standard error; -v says which findings those are, and
which nobody could decide.
";

const SUPPRESS: &str = "\
## Hiding findings

`--write-baseline FILE` writes the findings of today; `--baseline FILE` hides them from then on. Lines
may move: a finding is known by its rule, its file, its option and the words of its line.

`--suppress FILE` hides what a file of TOML says, a table for each:

```
[[suppress]]
code = \"K001\"                 # or a rule's name
path = \"drivers/staging/**\"   # and symbol = \"NAME\", both optional
reason = \"on its way out\"
```

In a tree of your own, `hmmsize: allow(K001)` in a comment on the same line or the line above does the
same.
";

/// The pages of all rules.
pub fn book(rules: &[Rule]) -> String {
    let mut out =
        "# The rules of `hmmsize lint`\n\nMade by `hmmsize lint --explain all`.\n\n".to_owned();
    let _ = writeln!(out, "| code | rule | severity | default |\n|---|---|---|---|");
    for rule in rules {
        let on = if rule.default { "on" } else { "off" };
        let _ =
            writeln!(out, "| {} | {} | {} | {on} |", rule.code, rule.name, rule.severity.name());
    }
    for rule in rules {
        out.push('\n');
        out += &page(rule);
    }
    out
}
