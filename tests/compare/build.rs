//! Small programs for two images that differ, made by whatever compiler is asked for.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use crate::support::run;

/// A small generator of numbers, so that every run tests the same.
pub struct Numbers(pub u64);

impl Numbers {
    pub fn below(&mut self, limit: u64) -> u64 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % limit
    }
}

/// C source of `functions` functions that real compilers split, clone and inline; `file` makes global
/// names unique, statics have the same names in every file, and `seed` decides the sizes.
pub fn source(file: &str, functions: u64, seed: u64) -> String {
    let mut numbers = Numbers(seed);
    let mut text = String::from(
        "extern void bad(const char *) __attribute__((cold, noreturn));\n\
         extern int sink(int, ...);\n\
         __attribute__((weak)) int weak_object = 3;\n\
         __attribute__((weak)) int weak_function(int x) { return x; }\n\
         static int counter, table[64] = {1, 2, 3};\n\
         static const int lookup[32] = {3, 2, 1};\n",
    );
    for number in 0..functions {
        let (terms, table) = (1 + numbers.below(9), 1 + numbers.below(40));
        let _ = writeln!(
            text,
            "static __attribute__((noinline)) int helper{number}(int a, int b, int unused) {{\n\
             static int calls; static const char text[] = \"helper {number}\";\n\
             if (a < 0) bad(__func__);\n\
             calls += a; counter += lookup[a & 31] + table[b & 63];"
        );
        for term in 0..terms {
            let _ = writeln!(text, "b = sink(b * {} + a, text, calls);", term + number + 2);
        }
        let _ = writeln!(
            text,
            "return b + calls; }}\n\
             int global_{file}_{number}(int x) {{ static int calls[{table}]; \n\
             if (x == 7) bad(\"seven\"); return helper{number}(x, ++calls[x & 0], 3); }}\n\
             int object_{file}_{number}[{table}] = {{1}}; int zero_{file}_{number}[{table}];\n\
             const char text_{file}_{number}[{table}] = \"x\";\n\
             extern int alias_{file}_{number}(int) \
             __attribute__((alias(\"global_{file}_{number}\")));"
        );
    }
    text
}

/// What the linked programs need from elsewhere.
pub const MAIN: &str = "int counter_main;\n\
    __attribute__((cold, noreturn)) void bad(const char *s) { for (;;) counter_main += s[0]; }\n\
    __attribute__((noinline)) int sink(int x, ...) { return counter_main += x; }\n\
    int main_entry(void) { return sink(1); }\n";

/// A compiler and what makes an image with it.
#[derive(Clone, Copy)]
pub struct Toolchain {
    pub compiler: &'static str,
    pub flags: &'static [&'static str],
}

/// Compiles `sources` (name, text) and returns the objects, one ELF executable, one relocatable link.
pub fn build(dir: &Path, tools: Toolchain, sources: &[(String, String)]) -> Vec<PathBuf> {
    std::fs::create_dir_all(dir).unwrap();
    let mut objects = Vec::new();
    for (name, text) in sources {
        std::fs::write(dir.join(format!("{name}.c")), text).unwrap();
        let (c, o) = (format!("{name}.c"), format!("{name}.o"));
        let flags =
            ["-w", "-ffreestanding", "-fno-pic", "-fno-stack-protector", "-c", &c, "-o", &o];
        run(dir, tools.compiler, tools.flags.iter().copied().chain(flags));
        objects.push(o);
    }
    let names = || objects.iter().map(String::as_str);
    let link = ["-nostdlib", "-static", "-no-pie", "-Wl,-e,main_entry", "-o", "image"];
    run(dir, tools.compiler, tools.flags.iter().copied().chain(link).chain(names()));
    run(dir, tools.compiler, ["-nostdlib", "-r", "-o", "whole.o"].into_iter().chain(names()));
    let mut files: Vec<PathBuf> = objects.iter().map(|object| dir.join(object)).collect();
    files.extend([dir.join("image"), dir.join("whole.o")]);
    files
}

/// Two builds of the same files, with other functions, sizes and compiler flags.
pub fn pair(dir: &Path, tools: Toolchain, seed: u64) -> (Vec<PathBuf>, Vec<PathBuf>) {
    let sources = |functions: u64, seed: u64| -> Vec<(String, String)> {
        let mut all = vec![("main".to_owned(), MAIN.to_owned())];
        for file in ["alpha", "beta"] {
            all.push((file.to_owned(), source(file, functions, seed)));
        }
        all
    };
    let old = build(&dir.join("old"), tools, &sources(20, seed));
    let new = build(&dir.join("new"), tools, &sources(23, seed / 2));
    (old, new)
}
