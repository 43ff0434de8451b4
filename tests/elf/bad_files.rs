//! What isn't an ELF file or archive, or only part of one: one line, exit 2, no output.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use hmmsize::elf::{Input, Want};

use crate::support::elf::{File, Section, Symbol};
use crate::support::{hmmsize, rewrite, run, scratch};

/// Runs the program on `path` among good files and returns its one line.
fn refusal(path: &Path) -> String {
    let good = Path::new(env!("CARGO_BIN_EXE_hmmsize"));
    let start = Instant::now();
    let output = hmmsize()
        .args(["compare", "--format", "berkeley"])
        .arg(good)
        .arg(path)
        .output()
        .expect("it runs");
    assert!(start.elapsed() < Duration::from_secs(20), "{} took too long", path.display());
    let stderr = String::from_utf8(output.stderr).expect("UTF-8");
    assert_eq!(output.status.code(), Some(2), "{}: {stderr}", path.display());
    assert!(output.stdout.is_empty(), "partial output for {}", path.display());
    assert_eq!(stderr.lines().count(), 1, "{stderr}");
    assert!(stderr.starts_with(&format!("hmmsize: error: {}", path.display())), "{stderr}");
    stderr.trim_end().to_owned()
}

fn expect(path: &Path, part: &str) {
    let line = refusal(path);
    assert!(line.contains(part), "{line:?} lacks {part:?}");
}

fn object(machine: u16) -> File {
    let text = Section {
        name: ".text".into(),
        sh_type: 1,
        flags: 6,
        align: 4,
        data: vec![0x90; 40],
        ..Section::default()
    };
    let data = Section { name: ".data".into(), flags: 3, data: vec![1; 9], ..text.clone() };
    let symbol = |name: &str, section| Symbol {
        name: name.into(),
        size: 4,
        info: 0x12,
        section,
        ..Symbol::default()
    };
    File {
        class64: true,
        big: false,
        machine,
        e_type: 1,
        sections: vec![text, data],
        symbols: Some(vec![symbol("one", 1), symbol("two", 2)]),
    }
}

#[test]
fn what_is_no_file_is_refused_before_it_blocks() {
    let dir = scratch();
    expect(&dir.path().join("missing"), "No such file or directory");
    expect(dir.path(), "is a directory");
    expect(Path::new("/dev/null"), "is a device");
    expect(Path::new("/dev/zero"), "is a device");
    let fifo = dir.path().join("fifo");
    assert!(Command::new("mkfifo").arg(&fifo).status().expect("mkfifo").success());
    expect(&fifo, "is a pipe");
    let empty = dir.path().join("empty");
    std::fs::write(&empty, "").expect("a file");
    expect(&empty, "is empty");
    let dangling = dir.path().join("dangling");
    std::os::unix::fs::symlink("nowhere", &dangling).expect("a link");
    expect(&dangling, "No such file or directory");
}

#[test]
fn other_formats_are_called_by_their_names() {
    let at = |offset: usize, magic: &[u8], rest: &[u8]| {
        let mut bytes = rest.to_vec();
        bytes.resize(1024, 0);
        bytes[offset..offset + magic.len()].copy_from_slice(magic);
        bytes
    };
    let pe = || {
        let mut bytes = at(0x80, b"PE\0\0", b"MZ");
        bytes[0x3c] = 0x80;
        bytes
    };
    let cases: Vec<(&str, Vec<u8>, &str)> = vec![
        ("text", b"int main(void) { return 0; }\n".to_vec(), "it is text"),
        ("utf8", "größer\n".into(), "it is text"),
        ("binary", vec![1, 2, 3, 4], "it starts with 01 02 03 04"),
        ("bzImage", at(0x202, b"HdrS", b"MZ"), "scripts/extract-vmlinux"),
        ("arm64-image", at(0x38, b"ARM\x64", b"MZ"), "scripts/extract-vmlinux"),
        ("zImage", at(0x24, b"\x18\x28\x6f\x01", b""), "scripts/extract-vmlinux"),
        ("gz", b"\x1f\x8b\x08\0\0\0".to_vec(), "gzip -d"),
        ("xz", b"\xfd7zXZ\0\0\x04".to_vec(), "xz -d"),
        ("zst", b"\x28\xb5\x2f\xfd\0\0".to_vec(), "zstd -d"),
        ("bz2", b"BZh91AY&SY".to_vec(), "bzip2 -d"),
        ("lz4", b"\x04\x22\x4d\x18\0".to_vec(), "lz4 -d"),
        ("pe", pe(), "a PE file"),
        ("macho", b"\xcf\xfa\xed\xfe\x07\0\0\x01".to_vec(), "Mach-O"),
        ("bitcode", b"BC\xc0\xde\x35\x14\0\0".to_vec(), "LLVM bitcode"),
        ("wrapped-bitcode", b"\xde\xc0\x17\x0b\0\0\0\0".to_vec(), "LLVM bitcode"),
        ("wasm", b"\0asm\x01\0\0\0".to_vec(), "WebAssembly"),
        ("half-magic", b"\x7fEL".to_vec(), "not an ELF file"),
    ];
    let dir = scratch();
    for (name, bytes, part) in cases {
        let path = dir.path().join(name);
        std::fs::write(&path, bytes).expect("a file");
        expect(&path, part);
    }
}

/// The header table is at the end, so that no prefix of the file is a file.
#[test]
fn a_file_cut_off_anywhere_is_refused() {
    let dir = scratch();
    let path = dir.path().join("cut.o");
    for class64 in [false, true] {
        for big in [false, true] {
            let whole = File { class64, big, ..object(0) }.write().bytes;
            for end in 1..whole.len() {
                rewrite(&path, &whole[..end]);
                let error = Input::open(&path).map(|input| {
                    input.images(Want::TOTALS).expect_err("part of a file");
                    input.images(Want::SYMBOLS).expect_err("part of a file").to_string()
                });
                let error = error.unwrap_or_else(|err| err.to_string());
                assert!(error.starts_with(&*path.to_string_lossy()), "{error}");
            }
            std::fs::write(&path, &whole).expect("a file");
            let input = Input::open(&path).expect("the whole file");
            assert_eq!(input.images(Want::SYMBOLS).expect("the whole file").len(), 1);
        }
    }
}

fn archive_of(dir: &Path, flags: &str, members: &[&str]) -> PathBuf {
    run(dir, "ar", [&[flags, "all.a"], members].concat());
    dir.join("all.a")
}

#[test]
fn a_missing_thin_member_is_named_with_its_archive() {
    let dir = scratch();
    let bytes = object(62).write().bytes;
    for name in ["one.o", "two.o"] {
        std::fs::write(dir.path().join(name), &bytes).expect("a file");
    }
    let archive = archive_of(dir.path(), "rcST", &["one.o", "two.o"]);
    assert!(Input::open(&archive).is_ok());
    std::fs::remove_file(dir.path().join("two.o")).expect("it was there");
    expect(&archive, "member two.o of this thin archive");
    // Its names can be had without the files.
    assert_eq!(hmmsize::elf::member_names(&archive).expect("names"), ["one.o", "two.o"]);
    std::fs::write(dir.path().join("two.o"), "").expect("a file");
    expect(&archive, "is empty");
}

/// Members are opened one after the other, so their number is not limited by that of open files.
#[test]
fn a_thin_archive_has_more_members_than_a_process_may_have_files() {
    let dir = scratch();
    let bytes = object(62).write().bytes;
    let names: Vec<String> = (0..3000).map(|number| format!("m{number}.o")).collect();
    for name in &names {
        std::fs::write(dir.path().join(name), &bytes).expect("a file");
        // Large enough to be mapped, with a hole behind the object.
        let file = std::fs::File::options().write(true).open(dir.path().join(name));
        file.expect("the file").set_len(80_000).expect("a longer file");
    }
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    archive_of(dir.path(), "rcST", &names);
    let limited = format!(
        "ulimit -n 64 && exec {} compare --format berkeley all.a",
        env!("CARGO_BIN_EXE_hmmsize")
    );
    let output = run(dir.path(), "sh", ["-c", &limited]);
    let text = String::from_utf8(output.stdout).expect("names are text");
    assert_eq!(text.lines().filter(|line| line.contains("(ex all.a)")).count(), 3000);
}

#[test]
fn members_that_are_no_objects_are_left_out_or_refused() {
    let dir = scratch();
    std::fs::write(dir.path().join("one.o"), object(62).write().bytes).expect("a file");
    std::fs::write(dir.path().join("README"), "text\n").expect("a file");
    std::fs::write(dir.path().join("lto.o"), b"BC\xc0\xde\x35\x14\0\0").expect("a file");
    let archive = archive_of(dir.path(), "rcS", &["README", "one.o"]);
    let input = Input::open(&archive).expect("text is no code");
    assert_eq!(input.images(Want::TOTALS).expect("an object").len(), 1);
    let [warning] = input.warnings() else { panic!("{:?}", input.warnings()) };
    assert!(warning.ends_with("member README is text; it is not counted"), "{warning}");
    let archive = archive_of(dir.path(), "rS", &["lto.o"]);
    expect(&archive, "member lto.o is LLVM bitcode");
}

#[test]
fn a_damaged_archive_is_refused_with_the_offset() {
    let dir = scratch();
    for name in ["one.o", "a-name-of-more-than-sixteen.o"] {
        std::fs::write(dir.path().join(name), object(62).write().bytes).expect("a file");
    }
    let archive = archive_of(dir.path(), "rcS", &["a-name-of-more-than-sixteen.o", "one.o"]);
    let whole = std::fs::read(&archive).expect("an archive");
    // Header of the name table at 8, of the first member after it.
    let table_size = 32;
    let first = 8 + 60 + table_size;
    assert_eq!(&whole[first..first + 3], b"/0 ");
    let cases: [(usize, &[u8], &str); 6] = [
        (8 + 48, b"x", "offset 0x38: archive member size is not a number"),
        (8 + 58, b"?", "offset 0x42: archive member header without its end mark"),
        (first + 1, b"99", "offset 0x64: name of an archive member lies outside"),
        (
            first + 48,
            b"9999999999",
            "offset 0x64: archive member of 9999999999 bytes reaches beyond",
        ),
        (first, b"#1/99999", "offset 0x64: bad length of an archive member's name"),
        // The member itself: its offset is the archive's.
        (
            first + 60 + 5,
            b"\x07",
            "offset 0xa5: member a-name-of-more-than-sixteen.o: unknown ELF byte order 7",
        ),
    ];
    for (offset, patch, part) in cases {
        let mut bytes = whole.clone();
        bytes[offset..offset + patch.len()].copy_from_slice(patch);
        std::fs::write(&archive, bytes).expect("a file");
        expect(&archive, part);
    }
    std::fs::write(&archive, &whole[..first + 30]).expect("a file");
    expect(
        &archive,
        "offset 0x64: truncated: an archive member header needs 60 bytes, there are 30",
    );
}
