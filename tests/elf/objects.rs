//! Objects as gcc and objcopy make them that can't be measured, and those that look like them.

use std::path::Path;

use hmmsize::analyze::size;
use hmmsize::elf::{Input, Want};
use hmmsize::model::image::Kind;

use crate::support::{fixtures, have, hmmsize, run, scratch};

fn refused(path: &Path, part: &str) {
    let output = hmmsize().arg("compare").arg(path).output().expect("it runs");
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(2), "{stderr}");
    assert!(output.stdout.is_empty(), "output for {}", path.display());
    assert!(stderr.contains(part), "{stderr:?} lacks {part:?}");
}

fn compile(dir: &Path, source: &str, object: &str, options: &[&str]) {
    let source = fixtures("elf/src").join(source);
    let source = source.to_string_lossy();
    run(dir, "gcc", [&["-c", &*source, "-o", object], options].concat());
}

#[test]
fn slim_lto_objects_are_refused_and_fat_ones_measured() {
    if !have("gcc") {
        return;
    }
    let dir = scratch();
    compile(dir.path(), "calls.c", "plain.o", &["-O2"]);
    compile(dir.path(), "calls.c", "slim.o", &["-O2", "-flto", "-fno-fat-lto-objects"]);
    compile(dir.path(), "calls.c", "fat.o", &["-O2", "-flto", "-ffat-lto-objects"]);
    refused(&dir.path().join("slim.o"), "is a slim GCC LTO object");
    run(dir.path(), "ar", ["rcS", "slim.a", "plain.o", "slim.o"]);
    refused(&dir.path().join("slim.a"), "member slim.o: is a slim GCC LTO object");
    let measure = |name: &str| {
        let path = dir.path().join(name);
        let input = Input::open(&path).expect("an object");
        size::berkeley(&input.image(Want::TOTALS).expect("measurable"))
    };
    assert_eq!(measure("fat.o"), measure("plain.o"));
}

#[test]
fn debug_files_are_refused_however_they_were_made() {
    if !(have("gcc") && have("objcopy")) {
        return;
    }
    let dir = scratch();
    for (name, options) in [("g", &["-g"][..]), ("o", &[])] {
        for source in ["shapes.c", "sections.c", "strings.c"] {
            let object = format!("{name}-{source}.o");
            let debug = format!("{object}.debug");
            compile(dir.path(), source, &object, options);
            run(dir.path(), "objcopy", ["--only-keep-debug", &object, &debug]);
            refused(&dir.path().join(&debug), "is a debug file (objcopy --only-keep-debug)");
            let input = Input::open(&dir.path().join(&object)).expect("an object");
            input.image(Want::SYMBOLS).expect("the object itself is fine");
        }
    }
    let objects = ["g-shapes.c.o", "g-sections.c.o"];
    let link = ["-nostdlib", "-static", "-Wl,--build-id=sha1", "-o", "program"];
    run(dir.path(), "gcc", [&link[..], &objects].concat());
    run(dir.path(), "objcopy", ["--only-keep-debug", "program", "program.debug"]);
    refused(&dir.path().join("program.debug"), "is a debug file");
}

/// `linux_banner` is what tells which compiler built a kernel whose `.comment` was discarded.
#[test]
fn the_banner_and_the_compilers_are_found() {
    if !have("gcc") {
        return;
    }
    let dir = scratch();
    let source = "const char linux_banner[] = \"Linux version 6.12.0 (me@here) (gcc 12) #1 SMP\\n\";\n\
                  int _start(void) { return linux_banner[3]; }\n";
    std::fs::write(dir.path().join("banner.c"), source).expect("a file");
    run(dir.path(), "gcc", ["-c", "banner.c", "-o", "banner.o"]);
    run(dir.path(), "gcc", ["-nostdlib", "-static", "banner.o", "-o", "vmlinux"]);
    run(dir.path(), "strip", ["vmlinux", "-o", "stripped"]);
    for (name, banner, kind) in [
        ("banner.o", true, Kind::Object),
        ("vmlinux", true, Kind::Linked),
        ("stripped", false, Kind::Linked),
    ] {
        let input = Input::open(&dir.path().join(name)).expect("an ELF file");
        let image = input.image(Want::SYMBOLS).expect("a good one");
        assert_eq!(image.kind, kind, "{name}");
        assert_eq!(image.has_symtab, banner, "{name}");
        let found = image.banner.map(ToString::to_string);
        let text = "Linux version 6.12.0 (me@here) (gcc 12) #1 SMP";
        assert_eq!(found.as_deref(), banner.then_some(text), "{name}");
        assert_eq!(image.idents.len(), 1, "{:?}", image.idents);
        assert!(image.idents[0].starts_with(b"GCC: "), "{:?}", image.idents);
        // Totals need neither.
        let totals = input.image(Want::TOTALS).expect("a good one");
        assert!(totals.symbols.is_empty() && totals.idents.is_empty() && totals.banner.is_none());
    }
}
