//! What each fuzz target does with its bytes. `tests/corpus.rs` does the same with the inputs that are
//! kept, and measures time and memory; so this is plain Rust, without libFuzzer.
//!
//! Nothing may panic, and where a sum is promised it is checked here.

use std::io::Write as _;
use std::os::fd::AsRawFd as _;
use std::path::{Path, PathBuf};

use hmmsize::analyze::{class, compare, payload, reconcile, size};
use hmmsize::commands::json;
use hmmsize::elf::dwarf::{self, Debug};
use hmmsize::elf::{Input, Want, ikconfig, linkmap};
use hmmsize::model::formula::Formulas;
use hmmsize::model::image::{Bits, Endian, Header, Image, Kind, SHF_ALLOC, Section};
use hmmsize::model::run::Run;
use hmmsize::model::symtab::Symbols;
use hmmsize::source::guards::{self, FileKind};
use hmmsize::source::makefile::{self, Kbuild};

/// A driver: the bytes of one input.
pub type Driver = fn(&[u8]);

/// All of them, by the names of their targets.
pub const ALL: [(&str, Driver); 8] = [
    ("archive", archive),
    ("dwarf", debug),
    ("elf", elf),
    ("guards", c_guards),
    ("json", run_json),
    ("linkmap", link_map),
    ("makefile", kbuild),
    ("toml", policy),
];

/// A file that has a path, and no directory entry that could be left behind.
struct Memory(std::fs::File);

impl Memory {
    fn new(data: &[u8]) -> Self {
        let mut file = tempfile::tempfile().expect("a file");
        file.write_all(data).expect("space for it");
        Self(file)
    }

    fn path(&self) -> PathBuf {
        PathBuf::from(format!("/proc/self/fd/{}", self.0.as_raw_fd()))
    }
}

/// An ELF file through everything that `compare` does with it alone.
pub fn elf(data: &[u8]) {
    let file = Memory::new(data);
    let Ok(input) = Input::open(&file.path()) else { return };
    let Ok(images) = input.images(Want::SYMBOLS) else { return };
    for image in &images {
        let whole = size::berkeley(image);
        let payload = payload::estimate(image);
        let classes = class::classify(image, Some(&payload));
        let sum = classes.iter().fold(0u64, |sum, (_, bytes)| sum.wrapping_add(*bytes));
        assert_eq!(sum, whole.dec(), "the classes sum to dec");
        std::hint::black_box(ikconfig::extract(image).is_ok());
    }
    let analysed = compare::analyse("a".into(), input.is_archive(), &images, None, true);
    std::hint::black_box(&analysed);
}

/// An archive, thin or not: the same bytes behind its magic.
pub fn archive(data: &[u8]) {
    let Some((&thin, data)) = data.split_first() else { return };
    let magic: &[u8] = if thin % 2 == 1 { b"!<thin>\n" } else { b"!<arch>\n" };
    elf(&[magic, data].concat());
}

/// The debug information of an ELF file.
pub fn debug(data: &[u8]) {
    let file = Memory::new(data);
    let Ok(input) = Input::open(&file.path()) else { return };
    let Ok(image) = input.image(Want::SYMBOLS) else { return };
    let Ok(Some(debug)) = Debug::of(&image) else { return };
    std::hint::black_box(debug.origins(dwarf::Want::ALL));
    std::hint::black_box(debug.inlines());
    std::hint::black_box(debug.records(&|_| true));
    std::hint::black_box(debug.tags());
}

/// A linker map, laid over an image that may be another's.
pub fn link_map(data: &[u8]) {
    let Ok((map, _)) = linkmap::parse(data, "a.map") else { return };
    let sections = map.sections.iter().take(64).zip(0u32..).map(|(out, index)| Section {
        index,
        name: out.name,
        sh_type: 1,
        flags: SHF_ALLOC,
        addr: out.addr,
        offset: 0,
        align: 1,
        size: out.size.wrapping_add(u64::from(index % 3)),
        link: 0,
        info: 0,
        data: &[],
    });
    let image = Image {
        path: "a".into(),
        member: None,
        name: "a".into(),
        archive: None,
        kind: Kind::Linked,
        header: Header {
            bits: Bits::B64,
            endian: Endian::Little,
            machine: 62,
            e_type: 2,
            flags: 0,
            shstrndx: 0,
        },
        sections: sections.collect(),
        symbols: Symbols::default(),
        has_symtab: false,
        idents: Vec::new(),
        banner: None,
        warnings: Vec::new(),
    };
    let (laid, _) = reconcile::lay(&image, &map);
    for laid in &laid {
        let mut at = 0;
        for (run, _) in &laid.runs {
            assert_eq!(run.start, at, "without gaps");
            assert!(run.end > run.start, "and none is empty");
            at = run.end;
        }
        assert_eq!(at, laid.section.size, "every byte has one owner");
    }
}

/// C, a header, assembly or a linker script: its guards.
pub fn c_guards(data: &[u8]) {
    let Some((&kind, text)) = data.split_first() else { return };
    let kinds = [FileKind::C, FileKind::Header, FileKind::Assembly, FileKind::LinkerScript];
    let mut formulas = Formulas::default();
    let read = guards::read("mm/a.c", kinds[usize::from(kind) % 4], text, &mut formulas);
    std::hint::black_box(read);
}

/// A makefile: parsed, and evaluated as that of a directory which sources another.
pub fn kbuild(data: &[u8]) {
    std::hint::black_box(makefile::parse("Makefile", data));
    let Ok(dir) = tempfile::tempdir() else { return };
    let written = std::fs::create_dir(dir.path().join("a"))
        .and_then(|()| std::fs::write(dir.path().join("Kbuild"), data))
        .and_then(|()| std::fs::write(dir.path().join("a/Makefile"), data));
    if written.is_err() {
        return;
    }
    let mut formulas = Formulas::default();
    let tree = Kbuild::new(dir.path(), std::iter::empty().collect());
    std::hint::black_box(tree.presence("x86", &mut formulas));
    std::hint::black_box(tree.directory_alone("a", &[("obj", "a")]));
}

/// A run.json.
pub fn run_json(data: &[u8]) {
    let Ok(run) = json::parse::<Run>(Path::new("run.json"), data, "a run.json", 1) else { return };
    let text = serde_json::to_vec(&run).expect("what was read can be written");
    let again = json::parse::<Run>(Path::new("run.json"), &text, "a run.json", 1);
    assert!(again.is_ok(), "and read again");
}

/// TOML: a policy of the gate, and a matrix.
pub fn policy(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let read = hmmsize::analyze::policy::parse(Path::new("p.toml"), &text, &["x86_64", "arm"]);
    std::hint::black_box(read.is_ok());
    let matrix = hmmsize::kbuild::matrix::Matrix::parse(Path::new("matrix.toml"), &text);
    std::hint::black_box(matrix.is_ok());
}
