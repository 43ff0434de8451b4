//! Programs with alignment gaps, garbage collection, merged strings and archives: the map and the
//! file must agree to the byte, and the object files are the oracle of what was placed.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use hmmsize::analyze::{breakdown, class, disagree, payload, size};
use hmmsize::elf::{Input, Want, linkmap};
use hmmsize::model::breakdown::{PADDING, UNATTRIBUTED};
use hmmsize::model::payload::Run;

use crate::linkers;
use crate::support::{have, hmmsize, run, scratch};

const MAIN: &str = r#"
int used(int), aligned(int);
const char *text = "shared tail";
int common_data[700];
int zeroed[3] __attribute__((aligned(512), nocommon));
int initialised __attribute__((aligned(256))) = 4;
int never_called(void) { return 5; }
void _start(void) { zeroed[0] = used(common_data[0]) + aligned(initialised) + text[0]; }
"#;
const USED: &str = r#"
const char *more[] = { "shared tail", "tail", "another string" };
int used(int x) { return more[x & 1][0] + x; }
int __attribute__((aligned(128))) aligned(int x) { return x * 3; }
int also_never_called(int x) { return x - 1; }
"#;
/// Alignment inside and between sections, data of the script's own, a step of the location counter
/// (the kernel's init stack), a discarded section, an orphan.
const SCRIPT: &str = r"
ENTRY(_start)
SECTIONS
{
    . = 0x100000;
    .text : { *(.text.startup) . = ALIGN(4096); *(.text .text.*) . = ALIGN(8192); } =0xcccccccc
    .rodata : { *(.rodata .rodata.*) QUAD(0x1122334455667788) }
    .data : { . += 4096; *(.data .data.* .data.rel*) BYTE(7) . = ALIGN(64); }
    .bss : { *(.bss .bss.* COMMON) . = ALIGN(4096); }
    /DISCARD/ : { *(.comment) *(.note*) *(.eh_frame*) }
}
";

/// Compiles and links with the given linker; returns the image and the map.
fn link(dir: &Path, linker: &Path, thin: bool) -> (PathBuf, PathBuf) {
    for (name, text) in [("main.c", MAIN), ("used.c", USED), ("script.lds", SCRIPT)] {
        std::fs::write(dir.join(name), text).unwrap();
    }
    let flags = ["-c", "-O1", "-ffunction-sections", "-fdata-sections", "-fcommon", "-fno-pic"];
    let flags = flags.iter().chain(&["-fno-stack-protector", "-fcf-protection=none"]);
    std::fs::create_dir(dir.join("lib")).unwrap();
    run(dir, "gcc", flags.clone().chain(&["main.c", "-o", "main.o"]));
    run(dir, "gcc", flags.chain(&["used.c", "-o", "lib/used.o"]));
    run(dir, "ar", [if thin { "rcTP" } else { "rc" }, "built-in.a", "lib/used.o"]);
    let args = ["-static", "--gc-sections", "-T", "script.lds", "-Map=out.map", "-o", "out"];
    let linker = linker.to_str().unwrap();
    run(dir, linker, args.iter().chain(&["main.o", "built-in.a"]));
    (dir.join("out"), dir.join("out.map"))
}

/// Every linker at hand, ordinary and thin archives.
fn each_link(mut check: impl FnMut(&Path, &str)) -> usize {
    let mut links = 0;
    for (linker, path) in linkers() {
        for thin in [false, true] {
            let dir = scratch();
            link(dir.path(), &path, thin);
            check(dir.path(), linker);
            links += 1;
        }
    }
    links
}

#[test]
fn every_byte_of_a_linked_program_has_one_owner() {
    let links = each_link(|dir, linker| {
        let text = std::fs::read(dir.join("out.map")).unwrap();
        let (map, diags) = linkmap::parse(&text, "out.map").unwrap();
        assert_eq!(diags, [], "{linker}");
        let input = Input::open(&dir.join("out")).unwrap();
        let image = input.image(Want::SYMBOLS).unwrap();
        let (payload, diags) = payload::from_map(&image, &map);
        assert_eq!(diags, [], "{linker}");
        assert_eq!(payload.unattributed(), 0, "{linker}");
        let berkeley = size::berkeley(&image);
        assert_eq!(payload.payload().bytes + payload.padding(), berkeley.dec(), "{linker}");
        // The step of 4096 and the rounding of .text to 8192 are fill.
        let gaps = payload.big_gaps();
        assert!(gaps.iter().any(|gap| gap.run.len() >= 4096), "{linker}: {gaps:?}");

        for (view, diags) in
            [breakdown::by_object(&image, &map), breakdown::by_dir(&image, &map, None)]
        {
            assert_eq!(diags, [], "{linker}");
            assert_eq!(view.total(), berkeley, "{linker}: {view:?}");
            assert!(!view.rows.iter().any(|row| row.name == UNATTRIBUTED), "{linker}: {view:?}");
            let padding = view.rows.iter().find(|row| row.name == PADDING).unwrap();
            assert_eq!(padding.size.dec(), payload.padding(), "{linker}");
        }
        let classes = class::classify(&image, Some(&payload));
        assert_eq!(classes.values().sum::<u64>(), berkeley.dec(), "{linker}");
        let by_class = breakdown::by_class(&image, Some(&payload));
        assert_eq!(by_class.total(), berkeley, "{linker}");
        assert_eq!(breakdown::by_section(&image).total(), berkeley, "{linker}");
    });
    assert!(links >= 2, "{links} links compared");
}

/// Linkers of other machines relax code, add stubs, tables of contents and descriptors; their maps
/// must account for every byte just the same, as must classes and the estimate.
#[test]
fn maps_of_other_machines_account_for_every_byte() {
    let mut links = 0;
    for prefix in [
        "aarch64-linux-gnu-",
        "arm-linux-gnueabi-",
        "i686-linux-gnu-",
        "mips-linux-gnu-",
        "powerpc64le-linux-gnu-",
        "riscv64-linux-gnu-",
        "s390x-linux-gnu-",
    ] {
        let tool = |name: &str| format!("{prefix}{name}");
        if !have(&tool("gcc")) {
            continue;
        }
        let dir = scratch();
        let dir = dir.path();
        for (name, text) in [("main.c", MAIN), ("used.c", USED)] {
            std::fs::write(dir.join(name), text).unwrap();
            let args = ["-c", "-O1", "-ffunction-sections", "-fdata-sections", "-fcommon", name];
            run(dir, &tool("gcc"), args);
        }
        run(dir, &tool("ar"), ["rcT", "lib.a", "used.o"]);
        let args = ["-static", "-nostdlib", "-Wl,-Map=out.map,--gc-sections,-e,_start"];
        run(dir, &tool("gcc"), args.iter().chain(&["-o", "out", "main.o", "lib.a"]));
        let text = std::fs::read(dir.join("out.map")).unwrap();
        let (map, diags) = linkmap::parse(&text, "out.map").unwrap();
        assert_eq!(diags, [], "{prefix}");
        let input = Input::open(&dir.join("out")).unwrap();
        let image = input.image(Want::SYMBOLS).unwrap();
        let (exact, diags) = payload::from_map(&image, &map);
        assert_eq!(diags, [], "{prefix}");
        assert_eq!(exact.unattributed(), 0, "{prefix}");
        let dec = size::berkeley(&image).dec();
        assert!(dec > 3000, "{prefix}: {dec} bytes: collected whole");
        for payload in [exact, payload::estimate(&image)] {
            assert_eq!(payload.payload().bytes + payload.padding(), dec, "{prefix}");
            let classes = class::classify(&image, Some(&payload));
            assert_eq!(classes.values().sum::<u64>(), dec, "{prefix}");
        }
        links += 1;
    }
    let least = if crate::support::ci() { 7 } else { 0 };
    assert!(links >= least, "{links} machines");
}

/// What an object contributes is what its sections weigh, unless they were collected or merged.
#[test]
fn objects_weigh_what_their_kept_sections_weigh() {
    let kept = |name: &[u8]| {
        let name = String::from_utf8_lossy(name);
        let dead = name.contains("never_called") || name == ".comment" || name.starts_with(".note");
        !dead && !name.starts_with(".eh_frame") && !name.starts_with(".rodata.str")
    };
    let links = each_link(|dir, linker| {
        let text = std::fs::read(dir.join("out.map")).unwrap();
        let (map, _) = linkmap::parse(&text, "out.map").unwrap();
        let input = Input::open(&dir.join("out")).unwrap();
        let image = input.image(Want::SYMBOLS).unwrap();
        let (view, _) = breakdown::by_object(&image, &map);
        for object in ["main.o", "used.o"] {
            let path = if object == "used.o" { "lib/used.o" } else { object };
            let own = Input::open(&dir.join(path)).unwrap();
            let own = own.image(Want::SYMBOLS).unwrap();
            let expected: u64 = own
                .sections
                .iter()
                .filter(|section| section.is_alloc() && kept(section.name))
                .map(|section| section.size)
                .sum::<u64>()
                + size::common(&own);
            let strings: u64 = map
                .parts
                .iter()
                .filter(|part| part.name.starts_with(b".rodata.str"))
                .filter(|part| part.file.windows(object.len()).any(|w| w == object.as_bytes()))
                .map(|part| part.size)
                .sum();
            let row = view.rows.iter().find(|row| row.name.contains(object)).unwrap();
            let found = row.size.dec();
            assert!(
                (expected..=expected + strings).contains(&found),
                "{linker}: {object} has {expected} bytes and {strings} of strings, found {found}"
            );
            if linker == "ld.lld" {
                assert_eq!(found, expected, "ld.lld owns merged strings itself");
            }
        }
    });
    assert!(links >= 2, "{links} links compared");
}

/// In a program whose symbols all have sizes, the estimate must find exactly the linker's fill.
#[test]
fn the_estimate_finds_the_fill_of_the_map() {
    const SOURCE: &str = "
        .macro function name, size, align
        .section .text.\\name, \"ax\"
        .balign \\align
        .globl \\name
        .type \\name, @function
        \\name: .fill \\size, 1, 0xf4
        .size \\name, . - \\name
        .endm
        function _start, 5, 1
        function a, 13, 16
        function b, 77, 64
        function c, 4096, 4096
        function d, 3, 32
        .section .data, \"aw\"
        .globl x, y
        .type x, @object
        x: .fill 7, 1, 1
        .size x, 7
        .section .data.y, \"aw\"
        .balign 512
        .type y, @object
        y: .fill 9, 1, 2
        .size y, 9
        .local z, w
        .comm z, 3, 1
        .comm w, 100, 64
    ";
    let mut links = 0;
    for (linker, path) in linkers() {
        let dir = scratch();
        std::fs::write(dir.path().join("a.s"), SOURCE).unwrap();
        run(dir.path(), "gcc", ["-c", "a.s", "-o", "a.o"]);
        let args = ["-static", "-Map=out.map", "-o", "out", "a.o"];
        run(dir.path(), path.to_str().unwrap(), args);
        let text = std::fs::read(dir.path().join("out.map")).unwrap();
        let (map, _) = linkmap::parse(&text, "out.map").unwrap();
        let input = Input::open(&dir.path().join("out")).unwrap();
        let image = input.image(Want::SYMBOLS).unwrap();
        let (exact, _) = payload::from_map(&image, &map);
        let estimate = payload::estimate(&image);
        let mut compared = 0;
        for section in &image.sections {
            let (Some(exact), Some(estimate)) =
                (exact.section(section.index), estimate.section(section.index))
            else {
                continue;
            };
            // .bss of one object is placed whole, with the gap between z and w inside.
            let inside =
                if section.name == ".bss" { vec![Run { start: 3, end: 64 }] } else { vec![] };
            let mut expected = [exact.padding.clone(), inside].concat();
            expected.sort_unstable();
            assert_eq!(estimate.padding, expected, "{linker}: {}", section.name);
            compared += 1;
        }
        assert!(compared >= 3, "{linker}: {compared} sections");
        assert!(exact.padding() > 4096, "{linker}");
        links += 1;
    }
    assert!(links >= 1, "{links} links compared");
}

/// The x86 kernel's case: .text is rounded up, a function is added, and `size` does not move.
#[test]
fn padding_that_hides_a_function_is_reported() {
    let dir = scratch();
    let dir = dir.path();
    let mut sides = Vec::new();
    std::fs::write(dir.join("x.lds"), "SECTIONS { .text : { *(.text) . = ALIGN(8192); } }")
        .unwrap();
    for (name, functions) in [("old", 3), ("new", 5)] {
        let mut source = ".text\n.globl _start\n_start: nop\n".to_owned();
        for i in 0..functions {
            writeln!(source, ".type f{i}, @function\nf{i}: .fill 33, 1, 0xf4\n.size f{i}, 33")
                .unwrap();
        }
        std::fs::write(dir.join("a.s"), source).unwrap();
        run(dir, "gcc", ["-c", "a.s", "-o", "a.o"]);
        let map = format!("-Map={name}.map");
        run(dir, "ld", ["-static", "-T", "x.lds", &map, "-o", name, "a.o"]);
        let text = std::fs::read(dir.join(format!("{name}.map"))).unwrap();
        let (map, _) = linkmap::parse(&text, name).unwrap();
        let input = Input::open(&dir.join(name)).unwrap();
        let image = input.image(Want::SYMBOLS).unwrap();
        sides.push([
            disagree::Side::new(&image, &payload::from_map(&image, &map).0),
            disagree::Side::new(&image, &payload::estimate(&image)),
        ]);
    }
    let said = disagree::disagreement(&sides[0][0], &sides[1][0]);
    assert_eq!(
        said[0],
        "section sizes say 0, but payload says +66: alignment padding absorbed the change \
         (padding in .text -66)"
    );
    assert!(said[1].contains(".text (1 gap, 8,026 bytes)"), "{said:?}");
    let said = disagree::disagreement(&sides[0][1], &sides[1][1]);
    assert!(said[0].contains("payload (estimated) says +66"), "{said:?}");
    // One kind against the other is refused.
    let said = disagree::disagreement(&sides[0][0], &sides[1][1]);
    assert!(said[0].contains("not compared"), "{said:?}");

    // The section did not move, and is shown with what moved in it; by the map beside the image, or
    // estimated where a map is missing.
    for kind in ["map", "estimated"] {
        let maps = kind == "map";
        if !maps {
            std::fs::remove_file(dir.join("new.map")).unwrap();
        }
        // The estimate can't tell the nop before the first function from fill.
        let padding = if maps { "8,026" } else { "8,027" };
        let text = compare(dir, &["--by", "section"]);
        let lines: Vec<Vec<&str>> =
            text.lines().map(|line| line.split_whitespace().collect()).collect();
        let at = lines.iter().position(|words| words.first() == Some(&".text")).expect("a row");
        assert_eq!(lines[at][..4], [".text", "8,192", "165", padding], "{text}");
        assert_eq!(lines[at + 1], ["0", "+66", "-66", "0", "0%"], "{text}");
        assert_eq!(text.contains("padding from the linker maps\n"), maps, "{text}");
        assert_eq!(text.contains("padding is estimated\n"), !maps, "{text}");
        for by in ["class", "symbol"] {
            let text = compare(dir, &["--by", by]);
            assert_eq!(text.contains("\npadding (estimated) "), !maps, "{by}: {text}");
        }
        let markdown = compare(dir, &["--by", "section", "--format", "markdown"]);
        let row = "| `.text` | code | 8,192 | 8,192 | 0 | 0% | +66 | -66 | 0 |";
        assert!(markdown.contains(row), "{markdown}");
        assert_eq!(markdown.contains("| padding (estimated) |"), !maps, "{markdown}");
        let csv = compare(dir, &["--by", "section", "--format", "csv"]);
        let row = ",section,.text,code,,8192,8192,0,0.000000,same,,99,165,";
        let parts = if maps { "8092,8026,1,1,,,\n" } else { "8093,8027,0,0,,,\n" };
        assert!(csv.contains(&format!("{row}{parts}")), "{csv}");
        let json = compare(dir, &["--by", "section", "--format", "json"]);
        let json: serde_json::Value = serde_json::from_str(&json).unwrap();
        assert_eq!(json["comparisons"][0]["padding"], kind);
    }
    // Who asks for what is new does not get it, nor for what is the same.
    for show in ["added", "same"] {
        let text = compare(dir, &["--by", "section", "--show", show]);
        assert!(!text.contains("\n.text "), "{show}: {text}");
    }
}

/// What `hmmsize compare` says of `old` and `new`.
fn compare(dir: &Path, words: &[&str]) -> String {
    let files = [dir.join("old"), dir.join("new")];
    let out = hmmsize().arg("compare").args(words).args(files).env("COLUMNS", "80").output();
    let out = out.unwrap();
    assert!(out.status.success(), "{out:?}");
    String::from_utf8(out.stdout).unwrap()
}

/// A map of another link is noticed, and the sum stays exact.
#[test]
fn a_map_of_another_program_loses_no_byte() {
    let (one, other) = (scratch(), scratch());
    link(one.path(), Path::new("ld"), false);
    let source =
        "void _start(void) {} int d[9] = {1}; int orphan __attribute__((section(\"own\"))) = 1;";
    std::fs::write(other.path().join("a.c"), source).unwrap();
    run(other.path(), "gcc", ["-c", "-fno-pic", "a.c"]);
    run(other.path(), "ld", ["-static", "-o", "out", "a.o"]);
    let text = std::fs::read(one.path().join("out.map")).unwrap();
    let (map, _) = linkmap::parse(&text, "out.map").unwrap();
    let input = Input::open(&other.path().join("out")).unwrap();
    let image = input.image(Want::SYMBOLS).unwrap();
    let (payload, diags) = payload::from_map(&image, &map);
    let said: Vec<String> = diags.iter().map(ToString::to_string).collect();
    assert!(said.iter().any(|s| s.contains("section own is not in the map: 4 bytes")), "{said:?}");
    assert!(said.iter().any(|s| s.contains("out.map:") && s.contains("section .text")), "{said:?}");
    let berkeley = size::berkeley(&image);
    assert_eq!(payload.payload().bytes + payload.padding(), berkeley.dec());
    assert_eq!(breakdown::by_object(&image, &map).0.total(), berkeley);
    let classes: BTreeMap<_, _> = class::classify(&image, Some(&payload));
    assert_eq!(classes.values().sum::<u64>(), berkeley.dec());
}

/// The map beside an image is taken up; one that is broken or of another build is said, not fatal.
#[test]
fn compare_takes_the_map_beside_the_image_and_says_what_is_wrong_with_it() {
    let dir = scratch();
    let (image, map) = link(dir.path(), Path::new("ld"), false);
    let compare = || {
        let out = hmmsize().arg("compare").args([&image, &image]).output().unwrap();
        assert!(out.status.success(), "{out:?}");
        let said = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        (said(&out.stdout), said(&out.stderr))
    };
    let (stdout, stderr) = compare();
    assert!(stdout.contains("payload") && !stdout.contains("estimated"), "{stdout}");
    assert_eq!(stderr, "");

    let text = std::fs::read_to_string(&map).unwrap();
    let other = text.replacen("\n.data  ", "\n.other ", 1);
    assert_ne!(text, other);
    std::fs::write(&map, other).unwrap();
    let (_, stderr) = compare();
    assert!(stderr.contains("section .data is not in the map"), "{stderr}");

    std::fs::write(&map, "not a map\n").unwrap();
    let (stdout, stderr) = compare();
    assert!(stderr.contains("out.map: is not a linker map"), "{stderr}");
    assert!(stderr.contains("payload is estimated") && stdout.contains("estimated"), "{stdout}");
}
