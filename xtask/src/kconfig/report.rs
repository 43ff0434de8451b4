//! What the comparison found, as a table for people and as JSON.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::compare::Difference;

/// The counts of one sort of job on one architecture of one tree.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Count {
    /// How many were compared.
    pub compared: usize,
    /// How many of them were the same.
    pub identical: usize,
}

/// All results.
#[derive(Debug, Default)]
pub struct Report {
    counts: BTreeMap<(String, String, &'static str), Count>,
    differences: Vec<(String, Difference)>,
}

/// The sorts of jobs in the order of the columns.
const KINDS: &[&str] = &[
    "allyesconfig",
    "allmodconfig",
    "allnoconfig",
    "alldefconfig",
    "tinyconfig",
    "defconfig",
    "generated",
    "olddefconfig",
    "savedefconfig",
    "listnewconfig",
    "helpnewconfig",
    "fragment",
    "randconfig",
];

impl Report {
    /// Takes in the result of one job.
    pub fn add(
        &mut self,
        tree: &str,
        arch: &str,
        kind: &'static str,
        name: &str,
        difference: Option<Difference>,
    ) {
        let count = self.counts.entry((tree.to_owned(), arch.to_owned(), kind)).or_default();
        count.compared += 1;
        match difference {
            None => count.identical += 1,
            Some(difference) => {
                self.differences.push((format!("Linux {tree} {arch} {name}"), difference));
            }
        }
    }

    /// The counts of a tree, or of all.
    pub fn total(&self, tree: Option<&str>) -> Count {
        self.sum(|of, _| tree.is_none_or(|tree| tree == of))
    }

    /// The counts of the trees and sorts of jobs that are `wanted`.
    fn sum(&self, wanted: impl Fn(&str, &str) -> bool) -> Count {
        let mut sum = Count::default();
        for (_, count) in self.counts.iter().filter(|((tree, _, kind), _)| wanted(tree, kind)) {
            sum.compared += count.compared;
            sum.identical += count.identical;
        }
        sum
    }

    /// The jobs whose outcomes differ.
    pub fn differences(&self) -> &[(String, Difference)] {
        &self.differences
    }

    fn trees(&self) -> Vec<&str> {
        let mut trees: Vec<&str> = self.counts.keys().map(|(tree, ..)| tree.as_str()).collect();
        trees.dedup();
        trees
    }

    /// One table for each tree in Markdown: a row for each architecture, `identical/compared` or,
    /// where nothing differs, one number.
    pub fn tables(&self) -> String {
        let mut text = String::new();
        for tree in self.trees() {
            let total = self.total(Some(tree));
            let _ = writeln!(
                text,
                "\n## Linux {tree}: {} compared, {} identical\n",
                total.compared, total.identical
            );
            let has =
                |kind: &str| self.counts.keys().any(|(of, _, found)| of == tree && *found == kind);
            let kinds: Vec<&str> = KINDS.iter().copied().filter(|kind| has(kind)).collect();
            let _ = writeln!(text, "| ARCH | {} | all |", kinds.join(" | "));
            let _ = writeln!(text, "|---|{}---:|", "---:|".repeat(kinds.len()));
            let mut archs: Vec<&str> = Vec::new();
            for (of, arch, _) in self.counts.keys() {
                if of == tree && archs.last() != Some(&arch.as_str()) {
                    archs.push(arch);
                }
            }
            for arch in archs {
                let mut all = Count::default();
                let mut row = format!("| {arch} |");
                for kind in &kinds {
                    let key = (tree.to_owned(), arch.to_owned(), *kind);
                    let count = self.counts.get(&key).copied().unwrap_or_default();
                    all.compared += count.compared;
                    all.identical += count.identical;
                    let _ = write!(row, " {} |", shown(count));
                }
                let _ = writeln!(text, "{row} {} |", shown(all));
            }
        }
        text
    }

    /// One table of all trees in Markdown: a row for each, oldest first.
    pub fn kernels(&self) -> String {
        let mut trees = self.trees();
        let number = |part: &str| part.parse::<u32>().unwrap_or_default();
        trees.sort_by_key(|tree| tree.split(['.', '-']).map(number).collect::<Vec<_>>());
        let has = |kind: &str| self.counts.keys().any(|(.., found)| *found == kind);
        let kinds: Vec<&str> = KINDS.iter().copied().filter(|kind| has(kind)).collect();
        let mut text = format!(
            "| Linux | {} | all |\n|---|{}---:|\n",
            kinds.join(" | "),
            "---:|".repeat(kinds.len())
        );
        for tree in trees {
            let mut row = format!("| {tree} |");
            for wanted in &kinds {
                let sum = self.sum(|of, kind| of == tree && kind == *wanted);
                let _ = write!(row, " {} |", shown(sum));
            }
            let _ = writeln!(text, "{row} {} |", shown(self.total(Some(tree))));
        }
        text
    }

    /// All counts as JSON.
    pub fn json(&self) -> serde_json::Value {
        let counts: Vec<serde_json::Value> = self
            .counts
            .iter()
            .map(|((tree, arch, kind), count)| {
                serde_json::json!({
                    "linux": tree, "arch": arch, "kind": kind,
                    "compared": count.compared, "identical": count.identical,
                })
            })
            .collect();
        let total = self.total(None);
        serde_json::json!({
            "schema": 1,
            "compared": total.compared,
            "identical": total.identical,
            "counts": counts,
        })
    }
}

fn shown(count: Count) -> String {
    match count {
        Count { compared: 0, .. } => "–".to_owned(),
        Count { compared, identical } if compared == identical => compared.to_string(),
        Count { compared, identical } => format!("**{identical}/{compared}**"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_differs_stands_out() {
        let mut report = Report::default();
        let difference = Difference { what: "exit code".into(), diff: String::new() };
        report.add("6.12.1", "arm", "allyesconfig", "allyesconfig", None);
        report.add("6.12.1", "arm", "defconfig", "a_defconfig", None);
        report.add("6.12.1", "arm", "defconfig", "b_defconfig", Some(difference));
        report.add("6.12.1", "x86_64", "allyesconfig", "allyesconfig", None);
        report.add("6.9.0-rc1", "arm", "defconfig", "a_defconfig", None);
        assert_eq!(report.total(None), Count { compared: 5, identical: 4 });
        let text = report.tables();
        assert!(text.contains("| ARCH | allyesconfig | defconfig | all |"), "{text}");
        assert!(text.contains("| arm | 1 | **1/2** | **2/3** |"), "{text}");
        assert!(text.contains("| x86_64 | 1 | – | 1 |"), "{text}");
        assert_eq!(report.differences()[0].0, "Linux 6.12.1 arm b_defconfig");
        assert_eq!(report.json()["identical"], 4);
        let kernels = report.kernels();
        let rows: Vec<&str> = kernels.lines().skip(2).collect();
        assert_eq!(rows, ["| 6.9.0-rc1 | – | 1 | 1 |", "| 6.12.1 | 2 | **1/2** | **3/4** |"]);
    }
}
