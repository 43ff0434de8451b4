//! `hmmsize diffconfig` against the kernel's own `scripts/diffconfig`, and what only ours can do.

mod support;

use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;

use support::{have, hmmsize, linux_tree, scratch};

/// Fewer comparisons than this mean that the test has lost its inputs.
const MIN_COMPARISONS: usize = 35;

/// A small generator of numbers, so that every run tests the same.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % limit
    }
}

fn config(numbers: &mut Numbers, symbols: u64) -> String {
    let values = ["y", "m", "n", "0x1000", "14", "\"a b\"", "\"x=\\\"y\\\" # z\"", "\"\"", "-5"];
    let mut text = String::from("#\n# Automatically generated file; DO NOT EDIT.\n#\n");
    for symbol in 0..symbols {
        match numbers.below(12) {
            0 => {}
            1..=3 => {
                let _ = writeln!(text, "# CONFIG_SYM_{symbol} is not set");
            }
            4 => {
                let _ = writeln!(text, "\n#\n# Menu {symbol}\n#\nCONFIG_SYM_{symbol}=y");
            }
            _ => {
                let value = values[numbers.below(values.len() as u64) as usize];
                let _ = writeln!(text, "CONFIG_SYM_{symbol}={value}");
            }
        }
    }
    text + "# end of file\n"
}

fn script(tree: &Path, words: &[&str], dir: &Path) -> String {
    let output = Command::new("python3")
        .arg(tree.join("scripts/diffconfig"))
        .args(words)
        .current_dir(dir)
        .env_remove("KBUILD_OUTPUT")
        .output()
        .expect("python3 runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

fn ours(words: &[&str], dir: &Path) -> String {
    let output = hmmsize()
        .arg("diffconfig")
        .args(words)
        .current_dir(dir)
        .env_remove("KBUILD_OUTPUT")
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn output_is_that_of_the_kernels_script() {
    let (Some(tree), true) = (linux_tree(), have("python3")) else { return };
    let dir = scratch();
    let mut numbers = Numbers(7);
    let mut count = 0;
    for round in 0..8 {
        for name in ["a", "b", ".config.old", ".config"] {
            let text = config(&mut numbers, round * 20);
            std::fs::write(dir.path().join(name), text).unwrap();
        }
        for words in [&["a", "b"][..], &["-m", "a", "b"], &["b", "a"], &[]] {
            assert_eq!(
                ours(words, dir.path()),
                script(&tree, words, dir.path()),
                "{round} {words:?}"
            );
            count += 1;
        }
    }
    // Real ones: the defconfigs that come with the tree.
    let configs = tree.join("arch/x86/configs");
    let files = ["i386_defconfig", "x86_64_defconfig", "tiny.config", "xen.config"];
    for (old, new) in files.iter().zip(files.iter().skip(1)) {
        let words = [configs.join(old), configs.join(new)];
        let words: Vec<&str> = words.iter().map(|word| word.to_str().unwrap()).collect();
        assert_eq!(ours(&words, dir.path()), script(&tree, &words, dir.path()));
        count += 1;
    }
    println!("{count} comparisons with scripts/diffconfig");
    assert!(count >= MIN_COMPARISONS, "only {count} comparisons");
}

#[test]
fn requested_options_stand_apart_from_dragged_in_ones() {
    let dir = scratch();
    std::fs::write(dir.path().join("a"), "# CONFIG_ZONE_DEVICE is not set\nCONFIG_X=y\n").unwrap();
    std::fs::write(
        dir.path().join("b"),
        "CONFIG_ZONE_DEVICE=y\nCONFIG_X=y\nCONFIG_MMU_NOTIFIER=y\n",
    )
    .unwrap();
    let text = ours(&["--option", "CONFIG_ZONE_DEVICE=y,DEVICE_PRIVATE", "a", "b"], dir.path());
    assert_eq!(text, "# requested\n ZONE_DEVICE n -> y\n# dragged in\n+MMU_NOTIFIER y\n");
    let json = ours(&["--option", "ZONE_DEVICE", "--format", "json", "a", "b"], dir.path());
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["requested"][0]["symbol"], "ZONE_DEVICE");
    assert_eq!(json["changes"][0]["new"], "y");
}

#[test]
fn images_that_carry_their_configuration_will_do() {
    if !(have("gcc") && have("gzip")) {
        return;
    }
    let dir = scratch();
    std::fs::write(dir.path().join("a"), "CONFIG_IKCONFIG=y\nCONFIG_X=y\n").unwrap();
    std::fs::write(dir.path().join("b"), "CONFIG_IKCONFIG=y\nCONFIG_X=m\n").unwrap();
    support::run(dir.path(), "gzip", ["-n", "-k", "a"]);
    let source = ".section .rodata\n.ascii \"IKCFG_ST\"\n.globl kernel_config_data\n\
                  kernel_config_data:\n.incbin \"a.gz\"\n.ascii \"IKCFG_ED\"\n";
    std::fs::write(dir.path().join("image.s"), source).unwrap();
    support::run(dir.path(), "gcc", ["-c", "image.s", "-o", "image.o"]);
    assert_eq!(ours(&["image.o", "b"], dir.path()), " X y -> m\n");
    std::fs::write(dir.path().join("none.s"), ".text\nnop\n").unwrap();
    support::run(dir.path(), "gcc", ["-c", "none.s", "-o", "none.o"]);
    let output =
        hmmsize().args(["diffconfig", "none.o", "b"]).current_dir(dir.path()).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("carries no configuration"));
}

#[test]
fn exit_codes_say_what_was_asked() {
    let dir = scratch();
    std::fs::write(dir.path().join("a"), "CONFIG_X=y\n").unwrap();
    std::fs::write(dir.path().join("b"), "CONFIG_X=m\n").unwrap();
    std::fs::write(dir.path().join("bad"), "CONFIG_X=y\nwhat is this\n").unwrap();
    let code = |words: &[&str]| {
        let output =
            hmmsize().arg("diffconfig").args(words).current_dir(dir.path()).output().unwrap();
        (output.status.code().unwrap(), String::from_utf8_lossy(&output.stderr).into_owned())
    };
    assert_eq!(code(&["a", "b"]).0, 0);
    assert_eq!(code(&["--exit-code", "a", "b"]).0, 1);
    assert_eq!(code(&["--exit-code", "a", "a"]).0, 0);
    let (status, message) = code(&["a", "bad"]);
    assert_eq!(status, 2);
    assert!(message.starts_with("hmmsize: error: bad:2: "), "{message}");
    assert_eq!(message.lines().count(), 1);
    assert_eq!(code(&["a", "missing"]).0, 2);
    assert_eq!(code(&["a"]).0, 2);
}
