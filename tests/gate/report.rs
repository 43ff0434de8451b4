//! `compare run.json`: the blocks of `size`, the summary, and every state a cell can be in.

use serde_json::{Value, json};

use super::{Case, Ran, cell, run};
use crate::support;

fn compare(case: &Case, args: &str) -> Ran {
    run(case.dir.path(), ["compare", "run.json"].into_iter().chain(args.split_whitespace()))
}

#[test]
fn the_blocks_are_what_size_prints_of_the_files() {
    if !support::have("gcc") || !support::have("size") {
        return;
    }
    let case = Case::whole("");
    let mut sample = super::complete();
    let mut compared = 0;
    for variant in ["without", "with"] {
        let dir = case.path(&format!("x86_64/linux-6.12.117/{variant}"));
        std::fs::create_dir_all(&dir).unwrap();
        let text = format!(
            "int a[{}] = {{1}}; int b[9000]; int main(void) {{ return 0; }}",
            variant.len() * 77
        );
        std::fs::write(dir.join("main.c"), text).unwrap();
        support::run(&dir, "gcc", ["main.c", "-o", "vmlinux"]);
        let measured = hmmsize::commands::measure::linked(&dir.join("vmlinux"), None).unwrap().0;
        let cell = cell(&mut sample, "x86_64", variant);
        cell["measured"]["size"] = serde_json::to_value(measured.size).unwrap();
    }
    case.write("run.json", &sample.to_string());
    let root = case.path("x86_64/linux-6.12.117");
    let size = support::run(&root, "size", ["without/vmlinux", "with/vmlinux"]);
    let size = String::from_utf8(size.stdout).unwrap();
    for format in ["table", "berkeley", "markdown"] {
        let ran = compare(&case, &format!("--format {format}"));
        assert!(ran.out.contains(&size), "{format}\n{size}\n{}", ran.out);
        compared += 1;
    }
    assert_eq!(compared, 3);
}

#[test]
fn the_seeds_table_comes_out_byte_for_byte() {
    let case = Case::complete("", |run| {
        for (variant, text) in [("without", 83_721_896), ("with", 83_722_364)] {
            let cell = cell(run, "x86_64", variant);
            cell["measured"]["size"] = json!({"text": text, "data": 46_511_131, "bss": 27_582_964});
            cell["measured"]["payload"] = json!(null);
        }
    });
    let ran = compare(&case, "--format berkeley");
    let block = "   text\t   data\t    bss\t    dec\t    hex\tfilename\n\
        83721896\t46511131\t27582964\t157815991\t96814b7\twithout/vmlinux\n\
        83722364\t46511131\t27582964\t157816459\t968168b\twith/vmlinux\n";
    assert!(ran.out.ends_with(block), "{}", ran.out);
    let table = compare(&case, "").out;
    let line = table.lines().rev().find(|line| line.starts_with("x86_64")).unwrap();
    let words: Vec<&str> = line.split_whitespace().collect();
    assert_eq!(words, ["x86_64", "+468", "0", "0", "+468", "-", "larger"]);
}

/// The sample, whose s390 would be impossible if its configuration were not that of "without".
fn with_an_impossible_cell() -> Case {
    let case = Case::whole("");
    let mut run = super::sample();
    let reason = "the matrix says so: s390 does not select ARCH_HAS_PTE_DEVMAP";
    let s390 = cell(&mut run, "s390", "with");
    s390["status"] = json!({"state": "impossible", "reason": reason});
    s390["measured"] = json!(null);
    case.write("run.json", &run.to_string());
    case
}

#[test]
fn every_state_has_its_row_and_its_reason() {
    let case = with_an_impossible_cell();
    let ran = compare(&case, "");
    assert_eq!(ran.code, 3, "a run with cells that have no result is not complete");
    let summary: Vec<&str> = ran.out.split("architecture ").nth(1).unwrap().lines().collect();
    for (arch, word) in [
        ("arm ", "0, proven"),
        ("arm64 ", "larger"),
        ("i386 ", "dropped"),
        ("loongarch ", "skipped"),
        ("powerpc ", "dropped"),
        ("s390 ", "impossible"),
        ("x86_64 ", "size misleads"),
    ] {
        let line = summary.iter().find(|line| line.starts_with(arch)).unwrap();
        assert!(line.ends_with(word), "{line}");
    }
    for words in [
        "with - without: 0, proven by identical inputs",
        "warning: with - without: section sizes say -4,754, but payload says +34,410",
        "skipped: loongarch64-linux-gnu-gcc or loongarch64-linux-gcc: no such program",
        "powerpc: request dropped: ZONE_DEVICE=y became n: it depends on",
        "s390: impossible: the matrix says so",
    ] {
        let text = ran.out.replace("\n  ", " ");
        assert!(text.contains(words), "{words}\n{}", ran.out);
    }
    assert_eq!(compare(&Case::complete("", |_| ()), "").code, 0);
}

/// One definition of it for both commands, which name the sections where the padding is.
#[test]
fn padding_that_absorbed_the_change_is_found_in_the_run() {
    let gap = |bytes: u64| json!({"bytes": bytes, "big_gaps": 1, "big_bytes": bytes});
    let padded = |run: &mut Value| {
        for (variant, text, bss) in
            [("without", 2_966_379, 1_322_623), ("with", 2_938_896, 1_311_539)]
        {
            let padding = json!({".text": gap(text), ".bss": gap(bss)});
            cell(run, "x86_64", variant)["measured"]["padding"] = padding;
        }
    };
    let case = Case::complete(super::WIDE, padded);
    let said = "section sizes say -4,754, but payload says +34,410: alignment padding absorbed the \
                change (padding in .text -27,483, .bss -11,084)";
    let flat = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    let report = compare(&case, "").out;
    assert!(flat(&report).contains(&format!("warning: with - without: {said}")), "{report}");
    let gate = case.gate("run.json --policy p.toml");
    assert_eq!(gate.code, 0, "a warning is no verdict");
    assert!(flat(&gate.out).contains(&format!("warning: x86_64 with: {said}")), "{}", gate.out);
    // Of noise nothing is said, by neither.
    let case = Case::complete(super::WIDE, |run| {
        padded(run);
        cell(run, "x86_64", "with")["measured"]["noise"] = json!(40_000);
    });
    let (report, gate) = (compare(&case, "").out, case.gate("run.json --policy p.toml").out);
    assert!(report.lines().any(|l| l.starts_with("x86_64 ") && l.ends_with("noise")), "{report}");
    assert!(!report.contains("absorbed") && !gate.contains("absorbed"), "{report}{gate}");
}

#[test]
fn an_estimated_payload_says_so_in_every_table() {
    let estimate = |run: &mut Value, archs: &[&str]| {
        for cell in run["cells"].as_array_mut().unwrap() {
            if archs.contains(&cell["arch"].as_str().unwrap()) && !cell["measured"].is_null() {
                cell["measured"]["payload"]["kind"] = json!("estimated");
            }
        }
    };
    let all = Case::complete(super::WIDE, |run| estimate(run, &["arm", "arm64", "x86_64"]));
    let some = Case::complete(super::WIDE, |run| estimate(run, &["arm64"]));
    let none = Case::complete(super::WIDE, |_| ());
    for format in ["table", "markdown"] {
        for command in ["compare run.json", "gate run.json --policy p.toml"] {
            let words: Vec<&str> = command.split(' ').chain(["--format", format]).collect();
            let said = |case: &Case| run(case.dir.path(), &words).out;
            assert!(said(&all).contains("(estimated)"), "{command}: {}", said(&all));
            let mixed = said(&some);
            assert!(mixed.contains("est. +38,304"), "{command}: {mixed}");
            assert!(!mixed.contains("est. +34,410"), "{command}: {mixed}");
            assert!(!said(&none).contains("est"), "{command}: {}", said(&none));
            let tables = [said(&all), mixed];
            let table = |line: &&str| format == "table" && !line.contains('\t');
            let wide = tables.iter().flat_map(|text| text.lines()).filter(table);
            let wide: Vec<&str> = wide.filter(|line| line.chars().count() > 80).collect();
            assert!(wide.is_empty(), "{wide:#?}");
        }
    }
}

#[test]
fn nothing_but_the_blocks_is_wider_than_80_columns() {
    let case = Case::whole("");
    for line in compare(&case, "").out.lines().filter(|line| !line.contains('\t')) {
        assert!(line.chars().count() <= 80, "{line}");
    }
}

#[test]
fn json_and_csv_say_the_same_as_the_table() {
    let case = with_an_impossible_cell();
    let ran = compare(&case, "--format json");
    let report: Value = serde_json::from_str(&ran.out).unwrap();
    support::schema::check("run-report", &report);
    let csv = compare(&case, "--format csv").out;
    let lines: Vec<&str> = csv.lines().collect();
    let summary = report["summary"].as_array().unwrap();
    assert_eq!(lines.len(), summary.len() + 1);
    let columns: Vec<&str> = lines[0].split(',').collect();
    let at = columns.iter().position(|column| *column == "payload_delta").unwrap();
    let x86 = lines.iter().find(|line| line.starts_with("x86_64,")).unwrap();
    assert_eq!(x86.split(',').nth(at), Some("34410"));
    let x86 = summary.iter().find(|row| row["arch"] == "x86_64").unwrap();
    assert_eq!(x86["word"], "size-misleads");
    let quoted = lines.iter().find(|line| line.starts_with("s390,")).unwrap();
    assert!(
        quoted
            .ends_with(",impossible,the matrix says so: s390 does not select ARCH_HAS_PTE_DEVMAP")
    );
}

/// A run over four commits of one architecture and variant.
fn series() -> Case {
    Case::complete("", |run| {
        let first = cell(run, "x86_64", "without").clone();
        let mut cells = Vec::new();
        for (at, (subject, delta)) in [
            ("the base", 0),
            ("mm: add hmm.c", 400),
            ("mm/hmm: fix a typo", 400),
            ("mm/hmm: shrink it, and say so at some length", 120),
        ]
        .into_iter()
        .enumerate()
        {
            let mut cell = first.clone();
            cell["id"] = json!(format!("x86_64/c{at}/without"));
            cell["source"]["label"] = json!(format!("c{at}"));
            cell["source"]["revision"] = json!({"hash": "0".repeat(40), "abbrev": format!("abc{at}"), "subject": subject, "dirty": false});
            for key in ["/measured/payload/bytes", "/measured/size/text"] {
                let number = cell.pointer_mut(key).unwrap();
                *number = (number.as_i64().unwrap() + delta).into();
            }
            if at == 2 {
                cell["status"] = json!({"state": "failed", "reason": "a typo too many"});
            }
            cells.push(cell);
        }
        run["cells"] = cells.into();
        run["baseline_source"] = json!("c0");
    })
}

#[test]
fn a_series_has_a_row_for_each_commit() {
    let case = series();
    let ran = compare(&case, "");
    assert_eq!(ran.code, 3);
    let rows: Vec<Vec<&str>> = ran
        .out
        .lines()
        .filter(|line| line.starts_with("abc"))
        .map(|line| line.split_whitespace().take(4).collect())
        .collect();
    assert_eq!(rows[0], ["abc0", "-", "-", "-"]);
    assert_eq!(rows[1], ["abc1", "+400", "+400", "+400"]);
    assert_eq!(rows[2], ["abc2", "-", "-", "-"]);
    // Against the last commit that was measured.
    assert_eq!(rows[3], ["abc3", "-280", "-280", "+120"]);
    assert!(ran.out.contains("mm/hmm: shrink"), "{}", ran.out);
    assert!(ran.out.contains("abc2: failed: a typo too many"), "{}", ran.out);
    let markdown = compare(&case, "--format markdown").out;
    assert!(markdown.contains("| abc1 | mm: add hmm.c | +400 | +400 | +400 |"), "{markdown}");
}
