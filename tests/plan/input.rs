//! Bad usage and bad matrices: one line that names the file and line or the word, and exit 2.

use super::{Place, err, out};

/// Arguments, and what the message must contain.
const USAGE: &[(&[&str], &str)] = &[
    (
        &["--arch", "amr64"],
        "--arch amr64: there is no arch/amr64 in the source, did you mean `arm64`?",
    ),
    (&["--arch", "arm,arm"], "duplicate cells: --arch names `arm` twice"),
    (&["--arch", "../x"], "`../x` is not an architecture"),
    (&["ARCH=arm", "--arch", "x86_64"], "ARCH=arm and --arch x86_64: say one"),
    (&["O=a", "--out", "b"], "O=a and --out b: say one"),
    (&["O=linux/out"], "is never written"),
    (&["O=a b"], "spaces or colons"),
    (&["vmlinux"], "`vmlinux` is not a KEY=VALUE word (what to build is said with --target)"),
    (&["KCFLAGS+=-w"], "only plain KEY=VALUE"),
    (&["M=/x"], "M= cannot be given"),
    (&["KCONFIG_ALLCONFIG=x"], "say --fragment FILE"),
    (&["--option", "A-B"], "`A-B` is not an option"),
    (&["--option", "A,CONFIG_A=m"], "A is named twice"),
    (&["--variant", "wihtout"], "no such variant (without, with), did you mean `without`?"),
    (&["--base-config", "tinconfig"], "did you mean `tinyconfig`?"),
    (&["--base-config", "menuconfig"], "is not the same every time"),
    (&["--base-config", "./none.config"], "none.config: No such file"),
    (&["--fragment", "options/quite.config"], "did you mean `options/quiet.config`?"),
    (&["--target", "vmlinus"], "unknown target `vmlinus`, did you mean `vmlinux`?"),
    (&["--target", "../mm/"], "must be a path below the top"),
    (&["--target", "nothing/"], "no Makefile or Kbuild in nothing/"),
    (&["--timeout", "1d"], "expected a time such as 90s, 40m or 2h"),
    (&["--base", "HEAD"], "is not in a git repository"),
    (&["--range", "HEAD"], "--range HEAD: expected A..B"),
    (&["--base", "a..b"], "say --range a..b"),
    (&["--base", "a", "-C", "linux", "-C", "x"], "`x` is a second -C"),
    (&["-C", "nowhere"], "nowhere: No such file"),
    (&["-C", "cache.txt"], "is neither a kernel tree nor a tarball"),
    (&["-C", "empty"], "is not a kernel tree: no Makefile"),
    (&["-C", "a=linux", "-C", "a=linux"], "two sources are called `a`"),
    (&["--arch", "arm,x86_64", "CROSS_COMPILE=x-"], "is one compiler, but there are 2"),
    (&["--matrix", "none.toml"], "none.toml: No such file"),
    (&["--resume", "--out", "nowhere"], "nowhere/run.json: No such file"),
];

#[test]
fn every_bad_word_is_named_and_exits_with_2() {
    let place = Place::new();
    std::fs::write(place.path("cache.txt"), "x").unwrap();
    std::fs::create_dir(place.path("empty")).unwrap();
    for (args, message) in USAGE {
        let mut all = vec!["--dry-run"];
        all.extend(*args);
        if args.contains(&"--resume") {
            all.remove(0);
        }
        if !args.contains(&"-C") {
            all.extend(["-C", "linux"]);
        }
        if args.contains(&"--resume") {
            all.truncate(all.len() - 2);
        }
        let output = place.build(&all);
        let text = err(&output);
        assert_eq!(output.status.code(), Some(2), "{args:?}: {text}");
        assert!(text.contains(message), "{args:?}: {text}");
        assert_eq!(out(&output), "", "{args:?}");
        // clap's own messages have a hint below; ours are one line.
        if text.starts_with("hmmsize:") {
            assert_eq!(text.lines().count(), 1, "{args:?}: {text}");
        }
    }
}

/// A matrix, the line that is wrong, and what must be said about it.
const MATRICES: &[(&str, usize, &str)] = &[
    (
        "architectures = [\"arm\"]\nbase-confg = \"x\"\n",
        2,
        "unknown key `base-confg`, did you mean `base-config`?",
    ),
    (
        "architectures = [\"arm\",\n \"x86_64\",\n \"arm\"]\n",
        3,
        "duplicate cells: architecture `arm` is already in line 1",
    ),
    ("architectures = \"arm\"\n", 1, "`architectures` must be a list of strings"),
    ("architectures = [\"arm\", 3]\n", 1, "`architectures` must be a string"),
    ("architectures = [\"a/b\"]\n", 1, "architecture `a/b`: only letters"),
    ("architectures = [arm]\n", 1, "string values must be quoted"),
    (
        "architectures = [\"arm\"]\n[arch.amr64]\n",
        2,
        "unknown architecture `amr64`, did you mean `arm64`?",
    ),
    (
        "architectures = [\"arm\"]\n[arch.arm]\nfragmets = []\n",
        3,
        "unknown key of `arch`: `fragmets`, did you mean `fragments`?",
    ),
    (
        "architectures = [\"arm\"]\n[arch.arm]\nimpossible = [\"A=y\"]\n",
        3,
        "name the option without a value",
    ),
    ("architectures = [\"arm\"]\n[[variant]]\noptions = []\n", 2, "a variant needs a `name`"),
    (
        "architectures = [\"arm\"]\n[[variant]]\nname = \"a\"\n[[variant]]\nname = \"a\"\n",
        5,
        "duplicate cells: variant `a` is already in line 3",
    ),
    (
        "architectures = [\"arm\"]\n[[variant]]\nname = \"a\"\noptions = [\"A B\"]\n",
        4,
        "`A B` is not an option",
    ),
    ("architectures = [\"arm\"]\n[variant]\nname = \"a\"\n", 2, "must be written as [[variant]]"),
    (
        "architectures = [\"arm\"]\n[[source]]\nlabel = \"a\"\n",
        2,
        "a source needs `path`, `rev` or both",
    ),
    (
        "architectures = [\"arm\"]\n[[source]]\npath = \"x\"\n[[source]]\npath = \"x\"\n",
        4,
        "this source is already there",
    ),
    ("architectures = [\"arm\"]\ntarget = \"vmlinus\"\n", 2, "did you mean `vmlinux`?"),
    ("architectures = [\"arm\"]\nquiet-config = 1\n", 2, "`quiet-config` must be true or false"),
    (
        "architectures = [\"arm\"]\nbaseline-variant = \"wiht\"\n[[variant]]\nname = \"with\"\n",
        2,
        "there is no `wiht`, did you mean `with`?",
    ),
    ("architectures = [\"arm\"]\nmake = [\"vmlinux\"]\n", 2, "`vmlinux` is not a KEY=VALUE word"),
    (
        "architectures = [\"arm\"]\nmake = [\"KCFLAGS=$(shell touch x)\"]\n",
        2,
        "`KCFLAGS`: `$` in its value could run something; a matrix may be somebody else's: give it on \
         the command line",
    ),
    (
        "architectures = [\"arm\"]\n[arch.arm]\ncc = \"touch x\"\n",
        3,
        "`CC`: `touch x` is no name of an installed tool; a matrix may be somebody else's: give it on \
         the command line",
    ),
    (
        "architectures = [\"arm\"]\nfragments = [\"options/wiht.config\"]\n",
        2,
        "no such fragment, did you mean `options/with.config`?",
    ),
];

#[test]
fn every_mistake_in_a_matrix_is_named_with_its_line() {
    let place = Place::new();
    for (text, line, message) in MATRICES {
        std::fs::write(place.path("m.toml"), text).unwrap();
        let output = place.build(&["--matrix", "m.toml", "-C", "linux", "--dry-run"]);
        let said = err(&output);
        assert_eq!(output.status.code(), Some(2), "{text}: {said}");
        assert!(said.starts_with(&format!("hmmsize: error: m.toml:{line}: ")), "{text}: {said}");
        assert!(said.contains(message), "{text}: {said}");
        assert_eq!(said.lines().count(), 1, "{said}");
    }
    std::fs::write(place.path("m.toml"), "target = \"mm/\"\n").unwrap();
    let output = place.build(&["--matrix", "m.toml", "-C", "linux", "--dry-run"]);
    assert!(err(&output).contains("m.toml: no architectures"), "{}", err(&output));
    std::fs::write(place.path("f.config"), "CONFIG_A=y\nA=y\n").unwrap();
    let output = place.build(&["--fragment", "f.config", "-C", "linux", "--dry-run"]);
    assert!(err(&output).contains("f.config:2: `A=y` is neither"), "{}", err(&output));
}

#[test]
fn what_the_shell_left_over_is_cleared_with_a_note() {
    let place = Place::new();
    let mut command = super::hmmsize();
    command.current_dir(place.dir.path()).env("HMMSIZE_CACHE", place.path("cache"));
    command.envs([("ARCH", "mips"), ("KCFLAGS", "-O0"), ("KBUILD_OUTPUT", "/nowhere")]);
    let output = command.args(["build", "-C", "linux", "--dry-run"]).output().unwrap();
    let text = out(&output);
    let flat = text.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(
        flat.contains(
            "note: cleared from the environment: ARCH=mips KBUILD_OUTPUT=/nowhere KCFLAGS=-O0"
        ),
        "{text}"
    );
    let commands = text.lines().filter(|line| line.trim_start().starts_with("$ "));
    assert!(!commands.clone().any(|line| line.contains("-O0") || line.contains("/nowhere")));
    assert!(commands.count() > 6);
}

/// What stands in a matrix about a compiler, and what the plan must say.
const COMPILERS: &[(&str, &[&str])] = &[
    ("cross-compile = \"no-such-\"", &["skipped no-such-gcc: no such program"]),
    ("cc = \"no-such-cc\"", &["skipped no-such-cc: no such program"]),
    (
        "llvm = \"-99\"",
        &["skipped clang-99: no such program (apt-get install clang-99 lld-99 llvm-99)"],
    ),
    ("llvm = \"/opt/no-such/\"", &["skipped /opt/no-such/clang: no such program"]),
    (
        "cross-compile = \"x86_64-linux-gnu-\"\nmake = [\"KCFLAGS=-w\"]",
        &[
            "ARCH=x86_64 KCFLAGS=-w CROSS_COMPILE=x86_64-linux-gnu-",
            "compiler x86_64-linux-gnu-gcc",
        ],
    ),
    ("cc = \"gcc -pipe\"", &["'CC=gcc -pipe'", "compiler gcc ("]),
];

#[test]
fn each_architecture_may_have_its_own_compiler() {
    let place = Place::new();
    for (lines, wanted) in COMPILERS {
        let text = format!("architectures = [\"x86_64\"]\n[arch.x86_64]\n{lines}\n");
        std::fs::write(place.path("m.toml"), text).unwrap();
        let output = place.build(&["--matrix", "m.toml", "-C", "linux", "--dry-run"]);
        let said = out(&output).replace('\\', "");
        let flat = said.split_whitespace().collect::<Vec<_>>().join(" ");
        for text in *wanted {
            assert!(flat.contains(text), "{lines}: {said}{}", err(&output));
        }
    }
    let output = place.build(&["-C", "linux", "KCFLAGS=-w", "KCFLAGS=-g", "--dry-run"]);
    assert!(out(&output).contains("KCFLAGS=-g") && !out(&output).contains("KCFLAGS=-w"));
}
