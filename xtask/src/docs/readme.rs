//! What the README's console blocks say: commands with their marks and output, and how that is compared.

use anyhow::{Context, Result, bail};

/// What a block may need of this machine.
pub const NEEDS: &[&str] = &["tree", "demo", "debian", "off"];

/// One command of a console block.
#[derive(Debug, PartialEq, Eq)]
pub struct Example {
    /// Where its line is in the README, 1-based.
    pub line: usize,
    /// What is typed.
    pub command: String,
    /// What it prints.
    pub output: Vec<String>,
    /// What stands in the comment before the block.
    pub marks: Vec<String>,
}

impl Example {
    /// The number of a mark such as `exit-1`.
    pub fn number(&self, mark: &str) -> Option<i32> {
        self.marks.iter().find_map(|word| word.strip_prefix(mark)?.parse().ok())
    }

    /// Whether this word stands in the comment before the block.
    pub fn marked(&self, mark: &str) -> bool {
        self.marks.iter().any(|word| word == mark)
    }

    /// The words of a command that no shell is needed for; a comment is left out, quotes are stripped.
    pub fn words(&self) -> Vec<String> {
        let words = self.command.split_whitespace().take_while(|word| *word != "#");
        words.map(|word| word.trim_matches(['"', '\'']).to_owned()).collect()
    }
}

/// The first line that is not as expected, seen through `view`. `…` alone on a line stands for any lines.
pub fn differs(expected: &[&str], printed: &[&str], view: fn(&str) -> String) -> Option<String> {
    let mut rest = printed;
    let mut any = false;
    for line in expected {
        if *line == "…" {
            any = true;
            continue;
        }
        let far = if any { rest.len() } else { 1 };
        let found = rest.iter().take(far).position(|other| view(other) == view(line));
        let Some(at) = found else {
            let next = rest.first().unwrap_or(&"(nothing more)");
            return Some(format!("    README: {line}\n    now:    {next}"));
        };
        rest = &rest[at + 1..];
        any = false;
    }
    let next = rest.first().filter(|_| !any)?;
    Some(format!("    README: (nothing more)\n    now:    {next}"))
}

/// A line without what differs between compilers: numbers are all one, and so are blanks and rules.
pub fn outline(line: &str) -> String {
    let mut out = String::new();
    let number = |c: char| c.is_ascii_digit() || ",.+-%".contains(c);
    for word in line.split_whitespace() {
        if !out.is_empty() {
            out.push(' ');
        }
        let hex = word.len() >= 5 && word.chars().all(|c| c.is_ascii_hexdigit());
        if hex || word.chars().all(number) {
            out.push('0');
        } else if word.chars().all(|c| c == '─') {
            out.push('─');
        } else {
            let mut last = ' ';
            for c in word.chars().map(|c| if c.is_ascii_digit() { '0' } else { c }) {
                if !(c == '0' && last == '0') {
                    out.push(c);
                }
                last = c;
            }
        }
    }
    out
}

/// The commands of all console blocks: fenced, without a language, with lines that begin with `$ `.
pub fn examples(readme: &str) -> Result<Vec<Example>> {
    let mut found: Vec<Example> = Vec::new();
    let (mut marks, mut block): (Vec<String>, Option<bool>) = (Vec::new(), None);
    let mut open = false;
    for (index, line) in readme.lines().enumerate() {
        if let Some(language) = line.strip_prefix("```") {
            if block.is_some() {
                (block, open) = (None, false);
                marks.clear();
            } else {
                block = Some(language.is_empty());
            }
        } else if block == Some(true) {
            if let Some(command) = line.strip_prefix("$ ") {
                // All commands of a block but the last succeed.
                if let Some(before) = found.last_mut().filter(|_| open) {
                    before.marks.retain(|mark| !mark.starts_with("exit-"));
                }
                let marks = marks.clone();
                let command = command.to_owned();
                found.push(Example { line: index + 1, command, output: Vec::new(), marks });
                open = true;
            } else if let (true, Some(example)) = (open, found.last_mut()) {
                example.output.push(line.trim_end().to_owned());
            }
        } else if let Some(words) = line.strip_prefix("<!-- docs: ") {
            let words = words.strip_suffix(" -->").context("a comment without an end")?;
            marks = words.split_whitespace().map(str::to_owned).collect();
            for word in &marks {
                let known = ["builds", "exact", "slow", "in-tree"].contains(&word.as_str())
                    || NEEDS.contains(&word.as_str())
                    || word.starts_with("exit-")
                    || word.starts_with("columns-");
                if !known {
                    bail!("README.md:{}: `{word}` means nothing", index + 1);
                }
            }
        }
    }
    for example in &mut found {
        while example.output.last().is_some_and(String::is_empty) {
            example.output.pop();
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "\
Words.

<!-- docs: demo exit-1 -->
```
$ hmmsize compare a b
total  1,234  +5
…
end

$ hmmsize x
```

```toml
$ not this
```

```
$ hmmsize y
```
";

    #[test]
    fn commands_are_found_with_their_marks_and_output() {
        let found = examples(TEXT).unwrap();
        let commands: Vec<&str> = found.iter().map(|example| example.command.as_str()).collect();
        assert_eq!(commands, ["hmmsize compare a b", "hmmsize x", "hmmsize y"]);
        assert_eq!((found[0].line, found[0].number("exit-")), (5, None));
        assert_eq!(found[1].number("exit-"), Some(1));
        assert_eq!(found[0].output, ["total  1,234  +5", "…", "end"]);
        assert_eq!((found[1].marks.len(), found[2].marks.len()), (2, 0));
        assert!(examples("<!-- docs: nonsense -->\n").is_err());
    }

    #[test]
    fn output_is_compared_exactly_or_in_shape() {
        let expected = ["total  1,234  +5", "…", "end"];
        let same = |printed: &[&str], view| differs(&expected, printed, view).is_none();
        assert!(same(&["total  1,234  +5", "end"], str::to_owned));
        assert!(same(&["total  1,234  +5", "x", "y", "end"], str::to_owned));
        assert!(!same(&["total  9  +5", "end"], str::to_owned));
        assert!(same(&["total   99 -1,000", "end"], outline));
        for bad in [&["sum 1 +5", "end"][..], &["total 1 +5"], &["total 1 2", "end", "more"], &[]] {
            assert!(!same(bad, outline), "{bad:?}");
        }
    }
}
