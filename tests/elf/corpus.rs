//! Real object files, programs and archives of many machines, made from our own sources in
//! `fixtures/elf/src` by the compilers and linkers of the machine the test runs on.

use std::path::{Path, PathBuf};

use crate::support::{fixtures, have, run, scratch};

/// A machine to compile for.
#[derive(Debug, Clone, Copy)]
pub struct Machine {
    /// The kernel's ARCH name.
    pub name: &'static str,
    /// `e_machine`.
    pub number: u16,
    /// Prefixes of the tools; the first whose compiler is there is taken.
    pub prefixes: &'static [&'static str],
    /// Words for the compiler.
    pub cflags: &'static [&'static str],
}

const fn machine(
    name: &'static str,
    number: u16,
    prefixes: &'static [&'static str],
    cflags: &'static [&'static str],
) -> Machine {
    Machine { name, number, prefixes, cflags }
}

/// All of them: both classes, both byte orders.
pub const MACHINES: [Machine; 8] = [
    machine("x86_64", 62, &["x86_64-linux-gnu-", ""], &["-m64"]),
    machine("i386", 3, &["i686-linux-gnu-", "x86_64-linux-gnu-", ""], &["-m32"]),
    machine("arm", 40, &["arm-linux-gnueabihf-", "arm-linux-gnueabi-"], &[]),
    machine("arm64", 183, &["aarch64-linux-gnu-"], &[]),
    machine("riscv", 243, &["riscv64-linux-gnu-"], &[]),
    machine("powerpc", 21, &["powerpc64le-linux-gnu-"], &[]),
    machine("s390", 22, &["s390x-linux-gnu-"], &[]),
    machine("mips", 8, &["mips-linux-gnu-"], &[]),
];

/// Compiler options, one set of objects each.
const OPTIONS: [(&str, &[&str]); 3] = [
    ("O0", &["-O0", "-g", "-fno-common"]),
    ("O2", &["-O2", "-fPIC", "-ftls-model=initial-exec", "-ffunction-sections", "-fdata-sections"]),
    ("Os", &["-Os", "-fcommon", "-fno-asynchronous-unwind-tables"]),
];
const SOURCES: [&str; 6] =
    ["shapes.c", "sections.c", "common.c", "strings.c", "calls.c", "empty.c"];

/// What was made for one machine.
pub struct Corpus {
    /// Everything lies in here.
    pub dir: tempfile::TempDir,
    /// Paths relative to `dir`, ELF files.
    pub files: Vec<PathBuf>,
    /// Paths relative to `dir`, archives.
    pub archives: Vec<PathBuf>,
    /// The prefix of the tools that made them.
    pub prefix: &'static str,
}

impl Machine {
    /// Compiles and links everything; `None` (said aloud, and a failure under CI) if there is no
    /// compiler.
    pub fn corpus(&self) -> Option<Corpus> {
        let there = |prefix: &str| {
            std::env::var_os("PATH").is_some_and(|path| {
                std::env::split_paths(&path).any(|dir| dir.join(format!("{prefix}gcc")).is_file())
            })
        };
        let prefix = self.prefixes.iter().find(|prefix| there(prefix));
        let Some(prefix) = prefix.copied() else {
            have(&format!("{}gcc", self.prefixes[0]));
            return None;
        };
        let scratch = scratch();
        let mut corpus = Corpus { dir: scratch, files: Vec::new(), archives: Vec::new(), prefix };
        corpus.compile(self);
        corpus.link(self);
        corpus.archive();
        Some(corpus)
    }
}

impl Corpus {
    fn tool(&self, dir: &Path, tool: &str, words: &[&str]) {
        run(dir, &format!("{}{tool}", self.prefix), words);
    }

    fn root(&self) -> PathBuf {
        self.dir.path().to_owned()
    }

    fn compile(&mut self, machine: &Machine) {
        let sources = fixtures("elf/src");
        for (name, options) in OPTIONS {
            let dir = self.root().join(name);
            std::fs::create_dir(&dir).expect("a directory");
            let mut words: Vec<String> = vec!["-c".into()];
            words.extend(machine.cflags.iter().chain(options).map(ToString::to_string));
            let odd = (name == "O2").then_some("odd.S");
            for source in SOURCES.into_iter().chain(odd) {
                words.push(sources.join(source).to_string_lossy().into_owned());
                let object = source.split('.').next().expect("a stem");
                self.files.push(PathBuf::from(format!("{name}/{object}.o")));
            }
            let words: Vec<&str> = words.iter().map(String::as_str).collect();
            self.tool(&dir, "gcc", &words);
        }
    }

    fn link(&mut self, machine: &Machine) {
        let root = self.root();
        std::fs::copy(fixtures("elf/src/module.lds"), root.join("module.lds")).expect("a copy");
        let objects = ["O2/shapes.o", "O2/sections.o", "O2/common.o", "O2/strings.o"];
        let mut link = |name: &str, words: &[&str], objects: &[&str]| {
            let mut all = machine.cflags.to_vec();
            all.extend(["-nostdlib", "-Wl,--build-id=sha1", "-Wl,--no-warn-rwx-segments"]);
            all.extend(words);
            all.extend(["-o", name]);
            all.extend(objects);
            self.tool(&root, "gcc", &all);
            self.files.push(name.into());
        };
        // As Kbuild makes vmlinux.o and modules.
        link("vmlinux.o", &["-r"], &[&objects[..], &["O2/calls.o", "O2/odd.o"]].concat());
        link("small.ko", &["-r", "-Wl,-T,module.lds"], &["O0/calls.o", "O0/strings.o"]);
        link("vmlinux", &["-static", "-no-pie"], &[&objects[..], &["O2/odd.o"]].concat());
        link("relocs", &["-static", "-no-pie", "-Wl,--emit-relocs"], &objects);
        link("gc", &["-static", "-no-pie", "-Wl,--gc-sections"], &objects);
        link("lib.so", &["-shared"], &objects);
        link("debug", &["-static", "-no-pie"], &["O0/shapes.o", "O0/sections.o", "O0/common.o"]);
        for (name, words) in [
            ("stripped", &["vmlinux", "-o"][..]),
            ("stripped.so", &["lib.so", "-o"]),
            ("nodebug", &["--strip-debug", "debug", "-o"]),
        ] {
            self.tool(&root, "strip", &[words, &[name]].concat());
            self.files.push(name.into());
        }
    }

    fn archive(&mut self) {
        let root = self.root();
        let members = ["O2/shapes.o", "O2/odd.o", "O2/empty.o", "O0/strings.o"];
        std::fs::create_dir(root.join("sub")).expect("a directory");
        for (name, flags) in
            [("plain.a", "rcs"), ("thin.a", "rcsT"), ("sub/thin.a", "rcsT"), ("noindex.a", "rcS")]
        {
            self.tool(&root, "ar", &[&[flags, name], &members[..]].concat());
            self.archives.push(name.into());
        }
        // A name too long for the header, an empty archive, a thin one of thin ones, and a thin one
        // that points into an ordinary one.
        let long = "O2/a-name-that-is-longer-than-sixteen-bytes.o";
        std::fs::copy(root.join("O2/calls.o"), root.join(long)).expect("a copy");
        // As Kbuild makes them; a path of exactly 15 bytes leaves a slash behind in the header.
        let fifteen = "O2/fifteen-xy.o";
        std::fs::copy(root.join("O2/strings.o"), root.join(fifteen)).expect("a copy");
        for (name, flags, members) in [
            ("long.a", "rcs", &[long, "Os/common.o"][..]),
            ("fifteen.a", "cDPrST", &[fifteen, "Os/common.o"]),
            ("O2/fifteen.a", "cDPrST", &[fifteen, "O2/calls.o"]),
            ("empty.a", "rcs", &[]),
            ("outer.a", "rcsT", &["thin.a", "sub/thin.a", "Os/common.o"]),
            ("pointing.a", "rcsT", &["long.a", "O0/calls.o"]),
        ] {
            self.tool(&root, "ar", &[&[flags, name], members].concat());
            self.archives.push(name.into());
        }
    }
}
