//! What make really exports is checked in `tests/kconf_environment.rs`; here the rules on small texts.

use super::*;

const MAKEFILE: &str = "VERSION = 6\nPATCHLEVEL = 12\nSUBLEVEL = 3\nEXTRAVERSION = -rc1\n\
    CONFIG_SHELL := sh\nSRCARCH := $(ARCH)\nifeq ($(ARCH),i386)\n        SRCARCH := x86\nendif\n\
    ifeq ($(ARCH),sparc64)\n       SRCARCH := sparc\nendif\n\
    export srctree objtree VPATH\nexport VERSION PATCHLEVEL SUBLEVEL KERNELRELEASE KERNELVERSION\n\
    export ARCH SRCARCH CONFIG_SHELL LD CC\nexport CC_VERSION_TEXT # text\nexport X := y\n";

fn tree() -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    for arch in ["x86", "sparc", "um"] {
        std::fs::create_dir_all(dir.path().join("arch").join(arch)).unwrap();
        std::fs::write(dir.path().join("arch").join(arch).join("Kconfig"), "").unwrap();
    }
    std::fs::write(dir.path().join("Makefile"), MAKEFILE).unwrap();
    dir
}

fn get(words: &[&str]) -> Result<Variables> {
    let words = MakeWords::parse(words).unwrap();
    let versions = Versions { cc: "gcc 12".into(), rustc: String::new(), pahole: String::new() };
    TopMakefile::read(tree().path()).environment(&words, &versions)
}

#[test]
fn the_makefile_says_what_is_exported_and_what_the_directory_is() {
    let variables = get(&["ARCH=i386", "CROSS_COMPILE=i686-linux-gnu-", "OWN=word"]).unwrap();
    assert_eq!(value(&variables, "SRCARCH"), "x86");
    assert_eq!(value(&variables, "KERNELVERSION"), "6.12.3-rc1");
    assert_eq!(value(&variables, "SUBLEVEL"), "3");
    assert_eq!(value(&variables, "CC"), "i686-linux-gnu-gcc");
    assert_eq!(value(&variables, "LD"), "i686-linux-gnu-ld");
    assert_eq!(value(&variables, "CC_VERSION_TEXT"), "gcc 12");
    assert_eq!(value(&variables, "OWN"), "word");
    assert!(variables.iter().all(|(name, _)| name != "AR" && name != "HOSTCC"));
    let mut names: Vec<_> = variables.iter().map(|(name, _)| name).collect();
    names.sort();
    names.dedup();
    assert_eq!(names.len(), variables.len());
}

#[test]
fn words_of_the_user_come_first() {
    let variables = get(&["ARCH=sparc64", "CC=ccache gcc", "LLVM=-18"]).unwrap();
    assert_eq!(value(&variables, "CC"), "ccache gcc");
    assert_eq!(value(&variables, "LD"), "ld.lld-18");
    assert_eq!(value(&get(&["ARCH=x86", "LLVM=/opt/"]).unwrap(), "CC"), "/opt/clang");
}

#[test]
fn an_architecture_that_is_not_there_is_an_error() {
    for arch in ["ARCH=arm", "ARCH=../x", "ARCH="] {
        let message = get(&[arch]).unwrap_err().to_string();
        assert!(message.contains("has no architecture"), "{message}");
    }
}

#[test]
fn the_user_mode_kernel_says_what_is_below() {
    let variables = get(&["ARCH=um", "SUBARCH=x86_64"]).unwrap();
    assert_eq!(value(&variables, "HEADER_ARCH"), "x86");
    assert_eq!(value(&variables, "SUBARCH"), "x86_64");
}

#[test]
fn a_compiler_is_asked_for_its_first_line() {
    let env = super::super::environment::reproducible(std::env::vars_os());
    let words = MakeWords::parse(["CC=echo gcc #1 of \\#", "RUSTC=no-such-rustc"]).unwrap();
    let makefile = TopMakefile::read(tree().path());
    let versions = makefile.versions(&words, &env, &Runner::quiet()).unwrap();
    assert_eq!(versions.rustc, "");
    let words = MakeWords::parse(["CC=printf 'a#b\\nc\\n'; true"]).unwrap();
    assert_eq!(makefile.versions(&words, &env, &Runner::quiet()).unwrap().cc, "ab");
}

#[test]
fn a_compiler_is_not_asked_for_what_the_command_line_says() {
    let dir = tempfile::tempdir().unwrap();
    let asked = dir.path().join("asked");
    let cc = format!("CC=echo > {}; echo", asked.display());
    let env = super::super::environment::reproducible(std::env::vars_os());
    let cc_only = |words: &[&str]| {
        version("CC", &MakeWords::parse(words).unwrap(), &env, &Runner::quiet()).unwrap()
    };
    assert_eq!(cc_only(&[&cc, "CC_VERSION_TEXT=gcc (x) 1"]), "gcc (x) 1");
    assert!(!asked.exists());
    cc_only(&[&cc]);
    assert!(asked.exists());
}

#[test]
fn pahole_is_asked_where_the_tree_exports_its_version() {
    let dir = tree();
    let runner = Runner::quiet();
    let env: Env = std::env::vars_os().collect();
    let asked = |words: &[&str]| {
        let words = MakeWords::parse(words).unwrap();
        TopMakefile::read(dir.path()).pahole(&words, &env, &runner).unwrap()
    };
    let tool = dir.path().join("tool");
    std::fs::write(&tool, "#!/bin/sh\necho v1.30\n").unwrap();
    std::fs::set_permissions(&tool, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let tool = format!("PAHOLE={}", tool.display());
    assert_eq!(asked(&[&tool]), "");
    let more = format!("{MAKEFILE}export CC_VERSION_TEXT PAHOLE_VERSION\n");
    std::fs::write(dir.path().join("Makefile"), more).unwrap();
    assert_eq!(asked(&[&tool]), "130");
    assert_eq!(asked(&["PAHOLE=/nonexistent/pahole"]), "0");
    assert_eq!(asked(&["PAHOLE_VERSION=127"]), "127");
    assert_eq!(
        [three_digits("v1.24"), three_digits("pahole v1.9-x"), three_digits("1.24")],
        ["124", "pahole 19-x", "1.24"]
    );
}
