//! What went wrong first: the one line of a build log that a person would look for.
//!
//! A failed kernel build ends with a ladder of `make: *** … Error 2`; the cause stands far above
//! it. This reads the log once, line by line, with bounded memory, and keeps the first line that
//! states a cause; only if there is none, the first step that make says has failed.

use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::sync::LazyLock;

use regex::Regex;

/// The longest line that is looked at, in bytes; the rest of a longer one is skipped.
const LINE_LIMIT: u64 = 8192;
/// The longest message that is passed on, in characters.
const MESSAGE_LIMIT: usize = 300;

/// Lines that state a cause.
static CAUSE: LazyLock<Regex> = LazyLock::new(|| {
    pattern(&[
        r"^[^\s:][^:]*:\d+(:\d+)?: (fatal |internal compiler )?error: ", // gcc, clang
        r"^error(\[E\d+\])?: ",                                          // rustc
        r"^[^\s:][^:]*: (fatal |internal compiler )?error: ", // cc1: error:, ld.lld: error:
        r"^[^\s:][^:]*:\d+: Error: ",                         // gas
        r"^[^\s:]*Kconfig[^\s:]*:\d+: ?(can't open|syntax error|invalid|unexpected|missing|location of)", // conf
        r"undefined reference to ",
        r"^[^\s:]*ld(\.\w+)?(-[\d.]+)?: (?:.*\b(cannot|failed|overflow|truncated|not found)\b)",
        r"relocation truncated to fit",
        r"multiple definition of ",
        r"^ERROR: modpost: ",
        r"No space left on device",
        r"Read-only file system",
        r"Cannot allocate memory|virtual memory exhausted|out of memory|Out of memory",
        r"Killed signal terminated program",
        r"^/bin/sh: \d+: .*: (not found|Permission denied)$",
        r"^[^\s:][^:]*:\d+: \*\*\* ", // make's own $(error …)
        r"^\*\*\* (Compiler|Linker|Rust compiler) .* too old", // scripts/*-version.sh
        r"^make(\[\d+\])?: \*\*\* No rule to make target",
        r"^(objtool|.*: error: objtool): .*error",
    ])
});

/// Lines that only say which step failed. Those of outer makes come later in the log.
static STEP: LazyLock<Regex> =
    LazyLock::new(|| pattern(&[r"^make(\[\d+\])?: \*\*\* \[(?:.*: )?([^\]]+)\] (.*)$"]));

fn pattern(alternatives: &[&str]) -> Regex {
    Regex::new(&alternatives.join("|")).unwrap_or_else(|e| unreachable!("a constant: {e}"))
}

/// The line of `log` that says why the build failed: `mm/hmm.c:12:3: error: …`. Paths below
/// `tree` are shortened to what they are in the source. `None` if the log says nothing.
pub fn first_error(log: &Path, tree: &Path) -> Option<String> {
    let reader = BufReader::with_capacity(1 << 16, File::open(log).ok()?);
    find(reader, &format!("{}/", tree.display()))
}

fn find(mut reader: impl BufRead, tree: &str) -> Option<String> {
    let mut step = None;
    let mut line = Vec::new();
    loop {
        line.clear();
        match (&mut reader).take(LINE_LIMIT).read_until(b'\n', &mut line) {
            Ok(0) | Err(_) => return step,
            Ok(_) => {}
        }
        if line.last() != Some(&b'\n') && line.len() as u64 == LINE_LIMIT {
            skip_line(&mut reader);
        }
        // Kbuild's own progress lines are most of a log.
        if line.starts_with(b"  ") {
            continue;
        }
        let text = String::from_utf8_lossy(&line);
        let text = text.trim_end();
        if CAUSE.is_match(text) {
            return Some(tidy(text, tree));
        }
        if step.is_none() {
            step = STEP
                .captures(text)
                .map(|found| tidy(&format!("{}: {}", &found[2], said(&found[3])), tree));
        }
    }
}

/// What a shell says of a program that was killed (128 and the signal), in words.
fn said(status: &str) -> String {
    match status {
        "Error 137" => format!("{status}: killed (out of memory?)"),
        "Error 139" => format!("{status}: segmentation fault"),
        _ => status.to_owned(),
    }
}

fn skip_line(reader: &mut impl BufRead) {
    loop {
        let (used, ended) = match reader.fill_buf() {
            Ok([]) | Err(_) => return,
            Ok(bytes) => match bytes.iter().position(|&b| b == b'\n') {
                Some(at) => (at + 1, true),
                None => (bytes.len(), false),
            },
        };
        reader.consume(used);
        if ended {
            return;
        }
    }
}

fn tidy(text: &str, tree: &str) -> String {
    let plain: String =
        text.replace(tree, "").chars().filter(|c| !c.is_control() || *c == '\t').collect();
    match plain.char_indices().nth(MESSAGE_LIMIT) {
        Some((at, _)) => format!("{}…", &plain[..at]),
        None => plain,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn first(log: &str) -> Option<String> {
        find(log.as_bytes(), "/src/linux/")
    }

    #[test]
    fn the_cause_wins_over_makes_ladder() {
        let log = "  CC      mm/hmm.o\n\
            make[3]: *** [/src/linux/scripts/Makefile.build:243: mm/early.o] Error 1\n\
            /src/linux/mm/hmm.c: In function 'f':\n\
            /src/linux/mm/hmm.c:12:3: error: 'x' undeclared (first use in this function)\n\
            make[2]: *** [/src/linux/Makefile:1934: mm] Error 2\n";
        let want = "mm/hmm.c:12:3: error: 'x' undeclared (first use in this function)";
        assert_eq!(first(log).as_deref(), Some(want));
    }

    #[test]
    fn every_kind_of_cause_is_found() {
        for line in [
            "mm/a.c:1:10: fatal error: linux/none.h: No such file or directory",
            "mm/a.c:9:1: internal compiler error: Segmentation fault",
            "cc1: error: bad value 'zz' for '-mtune=' switch",
            "gcc: fatal error: Killed signal terminated program cc1",
            "arch/x86/entry.S:12: Error: no such instruction: `foo'",
            "ld: mm/built-in.a(hmm.o): in function `f': undefined reference to `gone'",
            "drivers/Kconfig:94: can't open file \"sound/Kconfig\"",
            "mm/Kconfig:12: syntax error",
            "ld: cannot find -lfoo: No such file or directory",
            "aarch64-linux-gnu-ld: final link failed: bad value",
            "ld.lld: error: undefined symbol: gone",
            "ERROR: modpost: \"gone\" [drivers/x.ko] undefined!",
            "/bin/sh: 1: flex: not found",
            "error[E0425]: cannot find value `x` in this scope",
            "cat: write error: No space left on device",
            "mkdir: cannot create directory 'x': Read-only file system",
            "Makefile:12: *** missing separator.  Stop.",
            "make[1]: *** No rule to make target 'mm/none.o', needed by 'mm/built-in.a'.  Stop.",
            "*** Compiler is too old.",
        ] {
            let log = format!("  CC      mm/a.o\nnote: nothing\n{line}\nmake: *** [x] Error 2\n");
            assert_eq!(first(&log).as_deref(), Some(line), "{line}");
        }
    }

    #[test]
    fn warnings_and_kbuild_lines_are_not_errors() {
        let log = "  CC      lib/error: .o\n\
            mm/a.c:1:2: warning: unused variable [-Wunused]\n\
            fs/x.c:1:1: note: in expansion of macro 'error'\n";
        assert_eq!(first(log), None);
    }

    #[test]
    fn without_a_cause_the_first_failed_step_is_named() {
        let log = "make[3]: *** [/src/linux/scripts/Makefile.build:243: mm/hmm.o] Terminated\n\
            make: *** [Makefile:1: all] Error 2\n";
        assert_eq!(first(log).as_deref(), Some("mm/hmm.o: Terminated"));
        let log = "make[3]: *** [scripts/Makefile.build:243: mm/hmm.o] Error 137\n";
        let killed = "mm/hmm.o: Error 137: killed (out of memory?)";
        assert_eq!(first(log).as_deref(), Some(killed));
    }

    #[test]
    fn endless_lines_and_bytes_that_are_not_text_are_survived() {
        let mut log = vec![b'x'; 100_000];
        log.extend_from_slice(b"\n\xff\xfe\x1b[31m\nmm/a.c:1:1: error: \x1b[1mfound\xff\n");
        let got = find(log.as_slice(), "/src/").unwrap();
        assert_eq!(got, "mm/a.c:1:1: error: [1mfound\u{fffd}");
    }
}
