//! What a matrix may tell make. A pull request can bring one, and make expands `$(shell …)` in a value,
//! its recipes hand values to a shell, and compilers have options that start programs. So a matrix names
//! switches, flags and installed tools, and nothing else; the command line may say what it likes.

/// Words whose values are flags of a compiler or linker.
const FLAGS: &[&str] = &[
    "KCFLAGS",
    "KAFLAGS",
    "KCPPFLAGS",
    "KRUSTFLAGS",
    "HOSTCFLAGS",
    "HOSTCXXFLAGS",
    "HOSTLDFLAGS",
    "HOSTRUSTFLAGS",
];
/// Words whose values are words.
const SWITCHES: &[&str] = &["ARCH", "SUBARCH", "W", "V", "LLVM", "LLVM_IAS", "LOCALVERSION"];
/// Words whose values are programs, or what their names begin with.
const TOOLS: &[&str] = &[
    "CROSS_COMPILE",
    "CROSS_COMPILE_COMPAT",
    "CROSS32_COMPILE",
    "CC",
    "LD",
    "AR",
    "NM",
    "STRIP",
    "OBJCOPY",
    "OBJDUMP",
    "READELF",
    "HOSTCC",
    "HOSTCXX",
    "HOSTLD",
    "RUSTC",
    "BINDGEN",
    "PAHOLE",
];
/// What the name of a tool ends with, without its version.
const NAMES: &[&str] = &[
    "gcc", "cc", "g++", "c++", "clang", "clang++", "ld", "ld.bfd", "ld.lld", "lld", "ar", "nm",
    "strip", "objcopy", "objdump", "readelf", "rustc", "bindgen", "pahole",
];
/// In front of a compiler.
const CACHES: &[&str] = &["ccache", "sccache", "distcc"];
/// Options that load or start something (gcc's and clang's manuals).
const LOADING: &[&str] = &[
    "-wrapper",
    "-fplugin",
    "-fpass-plugin",
    "-specs",
    "--specs",
    "-B",
    "-Xclang",
    "-load",
    "-fuse-ld",
    "--ld-path",
    "-plugin",
    "--config",
    "-Clinker",
    "-Zcodegen-backend",
];

/// Why a matrix may not say `key=value`; nothing if it may.
pub fn objection(key: &str, value: &str) -> Option<String> {
    const ELSEWHERE: &str = "a matrix may be somebody else's: give it on the command line";
    let odd = |c: char| !(c.is_ascii_alphanumeric() || " ._+-=/,:@%".contains(c));
    if let Some(odd) = value.chars().find(|&c| odd(c)) {
        return Some(format!("`{key}`: `{odd}` in its value could run something; {ELSEWHERE}"));
    }
    let words: Vec<&str> = value.split_ascii_whitespace().collect();
    let loads = |words: &[&str]| {
        let loads =
            |word: &&&str| word.starts_with('@') || LOADING.iter().any(|l| word.starts_with(l));
        let found = words.iter().find(loads)?;
        Some(format!("`{key}`: `{found}` can run something; {ELSEWHERE}"))
    };
    if FLAGS.contains(&key) {
        return loads(&words);
    }
    if SWITCHES.contains(&key) {
        return (words.len() > 1).then(|| format!("`{key}`: `{value}` is more than one word"));
    }
    if TOOLS.contains(&key) {
        let words = match words.split_first() {
            Some((cache, rest)) if CACHES.contains(cache) => rest,
            _ => &words[..],
        };
        let (program, flags) = words.split_first()?;
        if !is_tool(key, program) || !flags.iter().all(|flag| flag.starts_with('-')) {
            let why = format!("`{key}`: `{value}` is no name of an installed tool; {ELSEWHERE}");
            return Some(why);
        }
        return loads(flags);
    }
    Some(format!("`{key}` is no word that a matrix may give to make; {ELSEWHERE}"))
}

/// Whether a name is that of a tool, or for `CROSS_COMPILE` what one begins with. A path that is not
/// absolute would be looked for in what is built.
fn is_tool(key: &str, program: &str) -> bool {
    if program.contains('/') && !program.starts_with('/') {
        return false;
    }
    if key.starts_with("CROSS") {
        return program.ends_with(['-', '/']);
    }
    let name = program.rsplit('/').next().unwrap_or(program);
    let name = name.trim_end_matches(|c: char| c.is_ascii_digit() || c == '.');
    let name = name.strip_suffix('-').unwrap_or(name);
    NAMES.contains(&name.rsplit('-').next().unwrap_or(name))
}

#[cfg(test)]
mod tests {
    use super::objection;

    #[test]
    fn flags_and_tools_are_told_from_commands() {
        for (key, value) in [
            ("KCFLAGS", "-w -O2 -DA=1 -Wa,--gdwarf-5"),
            ("HOSTCFLAGS", "-fcommon"),
            ("LLVM", "-18"),
            ("CROSS_COMPILE", "/opt/cross/bin/arm-linux-gnueabi-"),
            ("CC", "ccache arm-linux-gnueabihf-gcc-12"),
            ("CC", "gcc -pipe"),
            ("CC", "/usr/lib/llvm-18/bin/clang"),
            ("LD", "ld.lld-18"),
            ("W", "1"),
        ] {
            assert_eq!(objection(key, value), None, "{key}={value}");
        }
        for (key, value) in [
            ("KCFLAGS", "$(shell touch x)"),
            ("KCFLAGS", "-w; touch x"),
            ("KCFLAGS", "-w `touch x`"),
            ("KCFLAGS", "-wrapper touch,x"),
            ("KCFLAGS", "-fplugin=./evil.so"),
            ("KCFLAGS", "@file"),
            ("CC", "touch x"),
            ("CC", "./gcc"),
            ("CC", "rm -rf"),
            ("CC", "gcc x"),
            ("CC", "gcc -wrapper touch,x"),
            ("CROSS_COMPILE", "touch"),
            ("CC", "sh -c 'touch x'"),
            ("SHELL", "evil"),
            ("CHECK", "touch"),
            ("LLVM", "1 touch"),
        ] {
            assert!(objection(key, value).is_some(), "{key}={value}");
        }
    }
}
