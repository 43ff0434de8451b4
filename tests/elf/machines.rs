//! For each machine: GNU `size` prints the same, and `goblin` reads the same tables.
//!
//! `size` of the machine's own binutils is the oracle for what is counted and how it is printed, in
//! all of its formats; `goblin` for the sections and symbols themselves, which `size` doesn't show.

use std::path::{Path, PathBuf};

use hmmsize::elf::{Input, Want};
use hmmsize::model::symtab::{Place, Symbol};

use super::corpus::{Corpus, MACHINES, Machine};
use crate::support::{have, hmmsize, run};

/// Files of each machine that must have been compared with `size`, in every mode.
const MINIMUM_FILES: usize = 30;
/// Symbols of each machine that must have been compared with goblin.
const MINIMUM_SYMBOLS: usize = 400;

/// Our words, and those of `size`.
const MODES: [(&[&str], &[&str]); 8] = [
    (&["berkeley"], &[]),
    (&["berkeley", "--totals", "--common"], &["-t", "--common"]),
    (&["berkeley", "-t", "--radix", "16"], &["-t", "-x"]),
    (&["berkeley", "-t", "--radix", "8"], &["-t", "-o"]),
    (&["sysv"], &["-A"]),
    (&["sysv", "--common", "--radix", "16"], &["-A", "--common", "-x"]),
    (&["gnu", "--totals"], &["-G", "-t"]),
    (&["gnu", "--common", "--radix", "8"], &["-G", "--common", "-o"]),
];

fn check(name: &str) {
    let machine: Machine = *MACHINES.iter().find(|m| m.name == name).expect("a known machine");
    let Some(corpus) = machine.corpus() else { return };
    let tool = format!("{}size", corpus.prefix);
    assert!(have(&tool), "a compiler without its binutils");
    let files: Vec<PathBuf> = corpus.files.iter().chain(&corpus.archives).cloned().collect();
    assert!(files.len() >= MINIMUM_FILES, "only {} files", files.len());
    for mode in MODES {
        same_table(corpus.dir.path(), &tool, &files, mode);
    }
    second_reader(&corpus, machine.number);
}

/// All files in one run, as the header and totals depend on the others; one by one if it differs,
/// to say which.
fn same_table(dir: &Path, tool: &str, files: &[PathBuf], mode: (&[&str], &[&str])) {
    let (ours, theirs) = mode;
    let same = |files: &[PathBuf]| {
        let theirs = theirs.iter().map(AsRef::as_ref).chain(files.iter().map(|f| f.as_os_str()));
        let expected = run(dir, tool, theirs);
        let mut command = hmmsize();
        command.current_dir(dir).args(["compare", "--format"]).args(ours).args(files);
        let output = command.output().expect("hmmsize runs");
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        (text(&output.stdout) == text(&expected.stdout))
            .then_some(())
            .ok_or_else(|| [output.stdout, output.stderr, expected.stdout].map(|t| text(&t)))
    };
    if same(files).is_ok() {
        return;
    }
    for file in files {
        if let Err([ours, stderr, size]) = same(std::slice::from_ref(file)) {
            panic!("{} {theirs:?}\nours:\n{ours}{stderr}\n{tool}:\n{size}", file.display());
        }
    }
    panic!("{theirs:?}: every file is the same alone, but not all in one run");
}

fn second_reader(corpus: &Corpus, machine: u16) {
    let mut symbols = 0;
    for file in &corpus.files {
        let path = corpus.dir.path().join(file);
        let bytes = std::fs::read(&path).expect("a readable file");
        let elf = goblin::elf::Elf::parse(&bytes).expect("goblin reads it");
        let input = Input::open(&path).expect("we open it");
        let image = input.image(Want::SYMBOLS).unwrap_or_else(|err| panic!("{err}"));
        assert_eq!(image.header.machine, machine);
        assert_eq!(image.sections.len() + 1, elf.section_headers.len(), "{}", file.display());
        for (ours, theirs) in image.sections.iter().zip(&elf.section_headers[1..]) {
            assert_eq!(
                Some(ours.name.to_string().as_str()),
                elf.shdr_strtab.get_at(theirs.sh_name)
            );
            assert_eq!(
                (ours.sh_type, ours.flags, ours.addr, ours.offset, ours.size, ours.align),
                (
                    theirs.sh_type,
                    theirs.sh_flags,
                    theirs.sh_addr,
                    theirs.sh_offset,
                    theirs.sh_size,
                    theirs.sh_addralign
                )
            );
            assert_eq!((ours.link, ours.info), (theirs.sh_link, theirs.sh_info));
            let range = theirs.file_range().unwrap_or(0..0);
            assert_eq!(ours.data, &bytes[range], "contents of {}", ours.name);
        }
        let theirs: Vec<_> = elf.syms.iter().skip(1).collect();
        assert_eq!(image.symbols.len(), theirs.len(), "{}", file.display());
        assert_eq!(image.has_symtab, !theirs.is_empty());
        for (ours, theirs) in image.symbols.iter().zip(&theirs) {
            let name = image.symbols.name(&ours).to_string();
            assert_eq!(Some(name.as_str()), elf.strtab.get_at(theirs.st_name));
            assert_eq!(
                (ours.value, ours.size, ours.kind, ours.bind),
                (theirs.st_value, theirs.st_size, theirs.st_type(), theirs.st_bind())
            );
            assert_eq!(place_number(&ours), theirs.st_shndx, "{name}");
        }
        symbols += theirs.len();
    }
    assert!(symbols >= MINIMUM_SYMBOLS, "only {symbols} symbols");
}

fn place_number(symbol: &Symbol) -> usize {
    match symbol.section {
        Place::Undefined => 0,
        Place::Section(index) => index as usize,
        Place::Absolute => 0xfff1,
        // The only one gcc writes for these machines, apart from MIPS's small COMMON.
        Place::Common => 0xfff2,
        Place::Other(index) => usize::from(index),
    }
}

#[test]
fn x86_64_is_counted_as_size_counts_it() {
    check("x86_64");
}

#[test]
fn i386_is_counted_as_size_counts_it() {
    check("i386");
}

#[test]
fn arm_is_counted_as_size_counts_it() {
    check("arm");
}

#[test]
fn arm64_is_counted_as_size_counts_it() {
    check("arm64");
}

#[test]
fn riscv_is_counted_as_size_counts_it() {
    check("riscv");
}

#[test]
fn powerpc_is_counted_as_size_counts_it() {
    check("powerpc");
}

#[test]
fn s390_is_counted_as_size_counts_it() {
    check("s390");
}

#[test]
fn mips_is_counted_as_size_counts_it() {
    check("mips");
}
