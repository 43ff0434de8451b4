//! What the formats of `compare` look like, and when it refuses.

use std::path::{Path, PathBuf};
use std::process::Output;

use hmmsize::model::size::{Berkeley, Radix, SizeRow};
use hmmsize::render::berkeley::write_berkeley;

use super::build::{Toolchain, pair};
use crate::support::{have, hmmsize, run, schema, scratch};

fn compare(words: &[&str], files: &[&Path]) -> Output {
    hmmsize().arg("compare").args(words).args(files).env("COLUMNS", "80").output().unwrap()
}

fn text(words: &[&str], files: &[&Path]) -> String {
    let output = compare(words, files);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

struct Files {
    _dir: tempfile::TempDir,
    old: PathBuf,
    new: PathBuf,
    old_object: PathBuf,
    new_object: PathBuf,
}

fn files() -> Option<Files> {
    if !(have("gcc") && have("size")) {
        return None;
    }
    let dir = scratch();
    let (old, new) = pair(dir.path(), Toolchain { compiler: "gcc", flags: &["-O2"] }, 3);
    Some(Files {
        _dir: dir,
        old: old[3].clone(),
        new: new[3].clone(),
        old_object: old[0].clone(),
        new_object: new[1].clone(),
    })
}

#[test]
fn the_default_output_opens_with_the_block_of_size() {
    let Some(files) = files() else { return };
    let text = text(&[], &[&files.old, &files.new]);
    let size = run(Path::new("."), "size", [&files.old, &files.new]);
    let size = String::from_utf8(size.stdout).unwrap();
    assert!(text.starts_with(&size), "{text}");
    let rest = &text[size.len()..];
    for part in ["\ntext  ", "\ndec  ", "\npayload (estimated)", "add/remove: ", "\nTotal: Before="]
    {
        assert!(rest.contains(part), "{part}: {rest}");
    }
    let paths = |line: &&str| line.contains("/old/") || line.contains("/new/");
    let long: Vec<&str> =
        rest.lines().filter(|line| !paths(line) && line.chars().count() > 80).collect();
    assert!(long.is_empty(), "{long:#?}");
    assert!(!rest.contains('\x1b'), "no colours without a terminal");
}

/// The table of the commit message that this project began with.
#[test]
fn the_seeds_own_table_is_rendered_byte_for_byte() {
    let row = |name: &str, text| SizeRow {
        name: name.into(),
        archive: None,
        size: Berkeley { text, data: 46_511_131, bss: 27_582_964 },
    };
    let rows = [row("../without/vmlinux", 83_721_896), row("vmlinux", 83_722_364)];
    let mut table = Vec::new();
    write_berkeley(&mut table, &rows, None, Radix::Decimal).unwrap();
    assert_eq!(
        String::from_utf8(table).unwrap(),
        "   text\t   data\t    bss\t    dec\t    hex\tfilename\n\
         83721896\t46511131\t27582964\t157815991\t96814b7\t../without/vmlinux\n\
         83722364\t46511131\t27582964\t157816459\t968168b\tvmlinux\n"
    );
}

#[test]
fn tables_fit_and_colours_are_for_terminals() {
    let Some(files) = files() else { return };
    let words = ["--by", "class,section,symbol", "--show", "all", "--top", "0"];
    let plain = text(&words, &[&files.old, &files.new]);
    let wide = plain.lines().skip(6).find(|line| line.chars().count() > 80);
    assert_eq!(wide, None);
    let colored = text(&[&words[..], &["--color", "always"]].concat(), &[&files.old, &files.new]);
    let mut bare = String::new();
    for (number, part) in colored.split('\x1b').enumerate() {
        bare += if number == 0 { part } else { part.split_once('m').unwrap().1 };
    }
    assert_eq!(bare, plain);
    assert!(colored.contains("\x1b[31m") && colored.contains("\x1b[32m"));
}

#[test]
fn csv_and_markdown_have_a_line_for_each_row() {
    let Some(files) = files() else { return };
    let csv = text(&["--format", "csv", "--by", "class"], &[&files.old, &files.new]);
    let fields: Vec<usize> = csv.lines().map(|line| line.split(',').count()).collect();
    assert!(fields.len() > 8 && fields.iter().all(|&count| count == 21), "{csv}");
    let markdown = text(&["--format", "markdown", "--by", "symbol"], &[&files.old, &files.new]);
    assert!(markdown.starts_with("```\n   text\t"), "{markdown}");
    let table: Vec<&str> = markdown.lines().skip_while(|line| !line.contains("symbol")).collect();
    let cells = |line: &str| line.replace("\\|", "").matches('|').count();
    let rows: Vec<&&str> = table.iter().take_while(|line| line.starts_with('|')).collect();
    assert!(rows.len() > 5 && rows.iter().all(|row| cells(row) == cells(rows[0])), "{markdown}");
}

#[test]
fn the_baseline_is_the_first_file_or_another() {
    let Some(files) = files() else { return };
    let all: [&Path; 3] = [&files.old, &files.new, &files.old];
    let json = |words: &[&str]| -> serde_json::Value {
        serde_json::from_str(&text(&[&["--format", "json"], words].concat(), &all)).unwrap()
    };
    let first = json(&[]);
    assert_eq!(first["comparisons"].as_array().unwrap().len(), 2);
    assert_eq!(first["comparisons"][1]["columns"][3]["delta"], 0);
    let second = json(&["--against", "2"]);
    assert_eq!((&second["baseline"], &second["comparisons"][1]["file"]), (&1.into(), &2.into()));
    assert_eq!(
        second["comparisons"][0]["columns"][3]["delta"].as_i64().unwrap(),
        -first["comparisons"][0]["columns"][3]["delta"].as_i64().unwrap()
    );
}

#[test]
fn exit_codes_are_the_documented_ones() {
    let Some(files) = files() else { return };
    let code = |words: &[&str], files: &[&Path]| compare(words, files).status.code().unwrap();
    let (old, new) = (files.old.as_path(), files.new.as_path());
    assert_eq!(code(&[], &[old, new]), 0);
    assert_eq!(code(&["--exit-code"], &[old, new]), 1);
    assert_eq!(code(&["--exit-code"], &[old, old]), 0);
    assert_eq!(code(&["--exit-code", "--compat", "bloat-o-meter"], &[old, new]), 1);
    assert_eq!(code(&["--against", "3"], &[old, new]), 2);
    assert_eq!(code(&["--against", "0"], &[old, new]), 2);
    assert_eq!(code(&["--filter", "("], &[old, new]), 2);
    assert_eq!(code(&["--by", "object"], &[old, new]), 2);
    assert_eq!(code(&["--by", "class"], &[old]), 2);
    assert_eq!(code(&["--compat", "bloat-o-meter"], &[old]), 2);
    assert_eq!(code(&["--strict"], &[old, new]), 0);
    // A linked image against an object.
    let refused = compare(&["--strict"], &[old, &files.old_object]);
    assert_eq!(refused.status.code(), Some(2));
    assert!(refused.stdout.is_empty());
    let message = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(message.starts_with("hmmsize: error: not comparable: different kinds"), "{message}");
    assert!(text(&[], &[old, &files.old_object]).contains("warning: different kinds of file"));
}

#[test]
fn archives_compare_by_object() {
    let Some(files) = files() else { return };
    let dir = files.old.parent().unwrap();
    for (name, members) in
        [("one.a", vec!["main.o", "alpha.o"]), ("two.a", vec!["main.o", "alpha.o", "beta.o"])]
    {
        run(dir, "ar", ["rcTD", name].into_iter().chain(members));
    }
    let words = ["--format", "csv", "--by", "object", "--show", "all"];
    let csv = text(&words, &[&dir.join("one.a"), &dir.join("two.a")]);
    let object = |name: &str| {
        let find = |line: &&str| line.contains(",object,") && line.contains(name);
        csv.lines().find(find).unwrap_or_else(|| panic!("{name}: {csv}")).to_owned()
    };
    assert!(object("alpha.o").contains(",same,"));
    assert!(object("beta.o").contains(",added,"));
    assert!(text(&[], &[&files.old_object, &files.new_object]).contains("add/remove: "));
    // The members of thin archives are the same objects in two directories.
    for path in [&files.old, &files.new] {
        let dir = path.parent().unwrap();
        run(dir, "ar", ["rcSTD", "--thin", "thin.a", "main.o", "alpha.o"]);
    }
    let thin = [files.old.with_file_name("thin.a"), files.new.with_file_name("thin.a")];
    let csv = text(&words, &[&thin[0], &thin[1]]);
    assert!(csv.contains(",object,main.o,") && !csv.contains(",added,"), "{csv}");
}

#[test]
fn a_result_file_is_whole_or_not_there() {
    let Some(files) = files() else { return };
    let target = files.old.with_file_name("result.txt");
    let name = target.to_str().unwrap();
    assert_eq!(text(&["-o", name], &[&files.old, &files.new]), "");
    let written = std::fs::read_to_string(&target).unwrap();
    assert_eq!(written, text(&[], &[&files.old, &files.new]));
    let bad = compare(&["-o", name], &[&files.old, Path::new("/nonexistent")]);
    assert_eq!(bad.status.code(), Some(2));
    assert_eq!(std::fs::read_to_string(&target).unwrap(), written);
    let nowhere = compare(&["-o", "/nonexistent/x"], &[&files.old, &files.new]);
    assert_eq!(nowhere.status.code(), Some(2));
}

#[test]
fn configurations_beside_the_images_are_compared() {
    let Some(files) = files() else { return };
    std::fs::write(files.old.with_file_name(".config"), "# CONFIG_HMM_MIRROR is not set\n")
        .unwrap();
    std::fs::write(files.new.with_file_name(".config"), "CONFIG_HMM_MIRROR=y\nCONFIG_Y=m\n")
        .unwrap();
    let plain = text(&[], &[&files.old, &files.new]);
    assert!(plain.contains("\n HMM_MIRROR n -> y\n+Y m\n"), "{plain}");
    let asked = text(&["--option", "HMM_MIRROR=y"], &[&files.old, &files.new]);
    assert!(asked.contains("# requested\n HMM_MIRROR n -> y\n# dragged in\n+Y m\n"), "{asked}");
    std::fs::write(files.new.with_file_name(".config"), "CONFIG_HMM_MIRROR\n").unwrap();
    let broken = compare(&[], &[&files.old, &files.new]);
    assert_eq!(broken.status.code(), Some(0));
    let message = String::from_utf8_lossy(&broken.stderr).into_owned();
    assert!(message.contains(".config:1: "), "{message}");
}

#[test]
fn json_of_a_linker_map_a_configuration_and_a_prelinked_file_is_as_described() {
    let Some(files) = files() else { return };
    let dir = files.old.parent().unwrap();
    for path in [&files.old, &files.new] {
        std::fs::write(
            path.with_file_name(".config"),
            format!("CONFIG_A=\"{}\"\n", path.display()),
        )
        .unwrap();
    }
    run(dir, "strip", ["-o", "stripped", "image"]);
    for (old, new) in [
        (files.old.clone(), files.new.clone()),
        (files.old.with_file_name("whole.o"), files.new.with_file_name("whole.o")),
        (dir.join("stripped"), files.new.clone()),
    ] {
        for words in [&["--categorize", "--option", "A"][..], &["--by", "class,section,symbol"]] {
            let json = text(&[&["--format", "json"], words].concat(), &[&old, &new]);
            schema::check("compare", &serde_json::from_str(&json).unwrap());
        }
    }
}

#[test]
fn a_filter_narrows_the_first_and_last_line_too() {
    let Some(files) = files() else { return };
    let all = text(&["--format", "bloat"], &[&files.old, &files.new]);
    let some = text(&["--format", "bloat", "--filter", "^object_alpha"], &[&files.old, &files.new]);
    assert!(some.starts_with("add/remove: 3/0 "), "{some}");
    assert_ne!(all.lines().last(), some.lines().last());
    let names = |text: &str| text.lines().skip(2).filter(|l| !l.starts_with("Total")).count();
    assert!(names(&some) < names(&all));
    assert!(some.lines().skip(2).all(|l| l.starts_with("object_alpha") || l.starts_with("Total")));
    let threads = text(&["--format", "bloat", "-j", "1"], &[&files.old, &files.new]);
    assert_eq!(threads, all);
    assert_eq!(compare(&["-j", "0"], &[&files.old, &files.new]).status.code(), Some(2));
}

#[test]
fn a_stripped_file_has_totals_and_a_warning() {
    let Some(files) = files() else { return };
    let dir = files.old.parent().unwrap();
    run(dir, "strip", ["-o", "stripped", "image"]);
    let text = text(&[], &[&dir.join("stripped"), &files.new]);
    assert!(text.contains("\ntext  "), "{text}");
    assert!(text.contains("has no symbol table: totals only"), "{text}");
    assert!(!text.contains("add/remove"), "{text}");
}
