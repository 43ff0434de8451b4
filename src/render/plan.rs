//! `build --dry-run`: the plan, with command lines that can be pasted into a shell, in 80 columns.

use std::fmt::Write as _;

use crate::model::planned::Planned;

/// Where lines are broken, unless one word is longer.
const WIDTH: usize = 80;

/// The whole plan.
pub fn plan(plan: &Planned) -> String {
    let mut out = String::new();
    let cells = plan.cells.len();
    let plural = if cells == 1 { "" } else { "s" };
    let jobs = plan.jobs;
    let _ = writeln!(out, "{cells} cell{plural}, target {}, -j{jobs}, in", plan.target);
    let _ = writeln!(out, "  {}", plan.out);
    for note in &plan.notes {
        out.push_str(&fill("note: ", "  ", note));
    }
    if !plan.env.is_empty() {
        out.push_str("\nEvery make gets this environment and nothing else:\n");
        let mut words = vec!["env".to_owned(), "-i".to_owned()];
        words.extend(plan.env.iter().cloned());
        out.push_str(&command("  ", &words));
    }
    for cell in &plan.cells {
        let _ = writeln!(out, "\n{}", cell.id);
        for (name, value) in &cell.facts {
            out.push_str(&fill(&format!("  {name:<10} "), "             ", value));
        }
        for words in &cell.commands {
            out.push_str(&command("  $ ", words));
        }
    }
    out
}

/// A command, broken between words with a backslash.
fn command(prompt: &str, words: &[String]) -> String {
    let indent = " ".repeat(prompt.len() + 4);
    let mut lines = Vec::new();
    let mut line = prompt.to_owned();
    for (index, word) in words.iter().enumerate() {
        let columns = line.chars().count() + 1 + word.chars().count();
        // Two columns for ` \`, but not after the last word.
        let reserve = if index + 1 < words.len() { 2 } else { 0 };
        if index > 0 && columns + reserve > WIDTH {
            lines.push(std::mem::replace(&mut line, indent.clone()));
        } else if index > 0 {
            line.push(' ');
        }
        line.push_str(word);
    }
    lines.push(line);
    lines.join(" \\\n") + "\n"
}

/// Text, broken between words.
fn fill(first: &str, rest: &str, text: &str) -> String {
    let mut out = first.to_owned();
    let mut column = first.chars().count();
    let mut fresh = true;
    for word in text.split_whitespace() {
        let length = word.chars().count();
        if !fresh && column + 1 + length > WIDTH {
            let _ = write!(out, "\n{rest}");
            column = rest.chars().count();
        } else if !fresh {
            out.push(' ');
            column += 1;
        }
        out.push_str(word);
        column += length;
        fresh = false;
    }
    out.trim_end().to_owned() + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::planned::PlannedCell;

    #[test]
    fn lines_fit_and_commands_can_be_pasted() {
        let words: Vec<String> = (0..30).map(|n| format!("KEY{n}=value")).collect();
        let cell = PlannedCell {
            id: "arm/linux/with".into(),
            facts: vec![("compiler".into(), "word ".repeat(40))],
            commands: vec![words.clone()],
        };
        let text = plan(&Planned { cells: vec![cell], ..Planned::default() });
        assert!(text.lines().all(|line| line.chars().count() <= WIDTH), "{text}");
        let at = text.find("$ ").unwrap();
        let pasted = text[at + 2..].replace("\\\n", "");
        assert_eq!(pasted.split_whitespace().collect::<Vec<_>>(), words);
    }

    #[test]
    fn a_word_that_is_too_long_stays_whole() {
        let long = "x".repeat(100);
        let text = command("$ ", &["make".into(), long.clone(), "vmlinux".into()]);
        assert_eq!(text, format!("$ make \\\n      {long} \\\n      vmlinux\n"));
    }
}
