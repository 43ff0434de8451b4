//! Small programs with all that debug information has to say, and compilers to build them with.

use std::path::{Path, PathBuf};

use crate::support::{have, run};

const HEADER: &str = r"
#define noinline __attribute__((noinline))
extern int shared_table[16];
int helper(int), twice(int), cold_path(int);
static inline int mix(int a, int b) { return (a ^ b) * 31 + (a >> 3); }
static inline int deep(int a) { return mix(a, 7) + mix(a, 11); }
static inline __attribute__((always_inline)) int always(int a)
{
	static int counter;
	counter += a;
	return deep(a) - counter;
}
";
const MAIN: &str = r#"
#include "shared.h"
int shared_table[16];
int initialised = 3;
static int state;
static const char *const names[] = { "one", "two", "three" };
static noinline int local(int a)
{
	static int calls = 2;
	calls += a;
	return always(a) + calls;
}
static noinline int __attribute__((cold)) report(int a) { state += a; return names[a & 1][0]; }
int __attribute__((section(".text.special"))) special(int a) { return mix(a, a); }
int entry(int a)
{
	if (a < 0)
		return report(a);
	for (int i = 0; i < 16; i++)
		shared_table[i] += deep(i + a);
	return local(a) + helper(a) + twice(special(a)) + state;
}
void _start(void) { entry(initialised); }
"#;
const OTHER: &str = r#"
#include "shared.h"
static int state = 9;
static noinline int local(int a) { state += a; return always(a) * state; }
int helper(int a) { return local(a) + local(a + shared_table[a & 15]); }
int twice(int a) { return mix(a, 2); }
int cold_path(int a) { return deep(a) + state; }
"#;

/// Writes the sources into `dir`.
pub fn write(dir: &Path) {
    for (name, text) in [("shared.h", HEADER), ("main.c", MAIN), ("other.c", OTHER)] {
        std::fs::write(dir.join(name), text).unwrap();
    }
}

/// A compiler, and how its files are to be understood.
#[derive(Debug, Clone, Copy)]
pub struct Compiler {
    /// The program.
    pub name: &'static str,
    /// More flags.
    pub flags: &'static [&'static str],
}

/// Both widths and byte orders, `SHT_REL` and `SHT_RELA`, and a linker that shortens code.
pub const COMPILERS: &[Compiler] = &[
    Compiler { name: "gcc", flags: &[] },
    Compiler { name: "clang", flags: &[] },
    Compiler { name: "aarch64-linux-gnu-gcc", flags: &[] },
    Compiler { name: "arm-linux-gnueabi-gcc", flags: &["-mthumb", "-march=armv7-a"] },
    Compiler { name: "i686-linux-gnu-gcc", flags: &["-fno-pic"] },
    Compiler { name: "mips-linux-gnu-gcc", flags: &["-mno-abicalls", "-fno-pic"] },
    Compiler { name: "powerpc64le-linux-gnu-gcc", flags: &[] },
    Compiler { name: "riscv64-linux-gnu-gcc", flags: &[] },
    Compiler { name: "s390x-linux-gnu-gcc", flags: &[] },
];

/// Compiles both files to objects with `flags`. `None` if there is no such compiler.
pub fn compile(dir: &Path, compiler: &Compiler, flags: &[&str]) -> Option<Vec<PathBuf>> {
    if !have(compiler.name) {
        return None;
    }
    let objects = ["main", "other"].map(|name| {
        let (source, object) = (format!("{name}.c"), format!("{name}.o"));
        let common =
            ["-c", "-O2", "-ffreestanding", "-fno-stack-protector", &source, "-o", &object];
        run(dir, compiler.name, compiler.flags.iter().chain(flags).chain(&common));
        dir.join(object)
    });
    Some(objects.to_vec())
}

/// Links them.
pub fn link(dir: &Path, compiler: &Compiler, how: &[&str]) -> PathBuf {
    let common =
        ["-nostdlib", "-static", "-Wl,--build-id=none", "main.o", "other.o", "-o", "linked"];
    run(dir, compiler.name, compiler.flags.iter().chain(how).chain(&common));
    dir.join("linked")
}
