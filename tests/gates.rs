//! Gate chains of the small tree: every guard and every rule between an option and a line, with the value
//! that they come to under a configuration.

use std::path::{Path, PathBuf};

use hmmsize::kconf::dotconfig;
use hmmsize::model::formula::Formulas;
use hmmsize::model::gates::{Chain, GateKind};
use hmmsize::model::tristate::Tristate;
use hmmsize::model::valuation::Valuation;
use hmmsize::source::gates::{Gates, Source};
use hmmsize::source::makefile::{Kbuild, Presence};
use hmmsize::source::texts::Texts;
use rustc_hash::FxHashSet;

fn tree() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/tree")
}

fn presence(f: &mut Formulas) -> Presence {
    Kbuild::new(&tree(), ["PHYS_BASE".to_owned()].into_iter().collect()).presence("x86", f).0
}

/// The chains of a symbol of a file.
fn chains(file: &str, symbol: &str) -> (Formulas, Vec<Chain>) {
    let mut f = Formulas::default();
    let presence = presence(&mut f);
    let root = tree();
    let source = Source::read(&[&root], file, &mut f).unwrap();
    let chains = Gates::new(&presence).of_symbol(&source, symbol, &f, &mut Texts::new(&[&root]));
    (f, chains)
}

fn shown(f: &Formulas, chain: &Chain) -> Vec<String> {
    let gate = |gate: &hmmsize::model::gates::Gate| {
        let holds = f.shown_all(&gate.holds);
        format!("{}:{}: {} [{holds}] {:?}", gate.file, gate.line, gate.text, gate.options)
    };
    chain.gates().map(gate).collect()
}

fn value(f: &Formulas, chain: &Chain, config: &str) -> Option<Tristate> {
    let config = dotconfig::parse(Path::new(".config"), config.as_bytes()).unwrap();
    chain.value(&Valuation::new(f, &config)).known()
}

#[test]
fn a_function_in_a_guard_has_the_guard_then_the_rules() {
    let (f, chains) = chains("mm/hmm.c", "hmm_mm_init");
    assert_eq!(chains.len(), 1);
    let shown = shown(&f, &chains[0]);
    assert_eq!(
        shown[..3],
        [
            "mm/hmm.c:33: #ifdef CONFIG_HMM [CONFIG_HMM=y] [\"HMM\"]",
            "mm/Makefile:11: obj-$(CONFIG_HMM_MIRROR) += hmm.o [CONFIG_HMM_MIRROR=y] [\"HMM_MIRROR\"]",
            "scripts/Makefile.top:62: build-dirs := init kernel mm lib drivers arch/$(SRCARCH)/kernel [y] []",
        ]
    );
    assert_eq!(chains[0].options()[..2], ["HMM", "HMM_MIRROR"]);
    assert_eq!(value(&f, &chains[0], "CONFIG_HMM=y\nCONFIG_HMM_MIRROR=y\n"), Some(Tristate::Yes));
    assert_eq!(value(&f, &chains[0], "CONFIG_HMM_MIRROR=y\n"), Some(Tristate::No));
    assert_eq!(value(&f, &chains[0], "CONFIG_HMM=y\n"), Some(Tristate::No));
}

#[test]
fn a_part_of_a_module_has_the_line_that_makes_it_one() {
    let (f, chains) = chains("drivers/demo/b_io.c", "b_write");
    let chain = &chains[0];
    let kinds: Vec<GateKind> = chain.gates().map(|gate| gate.kind).collect();
    assert_eq!(kinds[..3], [GateKind::Part, GateKind::Object, GateKind::Directory]);
    assert_eq!(value(&f, chain, "CONFIG_DRIVER_B=m\n"), Some(Tristate::Mod));
    assert_eq!(value(&f, chain, "CONFIG_DRIVER_B=y\n"), Some(Tristate::Yes));
    assert_eq!(value(&f, chain, ""), Some(Tristate::No));
}

#[test]
fn a_stub_and_its_function_exclude_each_other() {
    let (f, chains) = chains("include/linux/hmm.h", "hmm_mm_init");
    assert_eq!(
        shown(&f, &chains[0]),
        ["include/linux/hmm.h:14: #else of #ifdef CONFIG_HMM [!CONFIG_HMM=y] [\"HMM\"]"]
    );
    assert_eq!(value(&f, &chains[0], ""), Some(Tristate::Yes));
    assert_eq!(value(&f, &chains[0], "CONFIG_HMM=y\n"), Some(Tristate::No));
}

/// The gates of a file that the makefiles of `fixtures/makefile/nearest` build, each way once.
fn nearest(file: &str) -> Vec<Vec<String>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/makefile/nearest");
    let mut f = Formulas::default();
    let (presence, _) = Kbuild::new(&root, FxHashSet::default()).presence("", &mut f);
    let chain = Gates::new(&presence).of_file(file, &f, &mut Texts::new(&[&root]));
    let ways = chain.objects.iter().flat_map(|object| &object.ways);
    let mut seen: Vec<Vec<String>> = ways
        .map(|way| {
            let gate = |gate: &hmmsize::model::gates::Gate| {
                format!("{:?} {} {:?}", gate.kind, gate.text, gate.options)
            };
            // The last is where the tree begins.
            way.rules[..way.rules.len() - 1].iter().map(gate).collect()
        })
        .collect();
    seen.dedup();
    seen
}

#[test]
fn what_a_line_names_is_nearer_than_the_conditionals_around_it() {
    let is = |file: &str, gates: &[&str]| assert_eq!(nearest(file), [gates], "{file}");
    let a = r#"Conditional ifdef CONFIG_A ["A"]"#;
    is("inner.c", &[r#"Object obj-$(CONFIG_B) += inner.o ["B"]"#, a]);
    is("twice.c", &[r#"Object obj-$(CONFIG_A) += twice.o ["A"]"#, a]);
    is("deep.c", &["Object obj-y += deep.o []", r#"Conditional ifneq ($(CONFIG_B),) ["B"]"#, a]);
    is(
        "other.c",
        &[
            r#"Object obj-$(CONFIG_C) += other.o ["C"]"#,
            r#"Conditional else of ifneq ($(CONFIG_B),) ["B"]"#,
            a,
        ],
    );
    is(
        "part.c",
        &[
            r#"Part whole-$(CONFIG_C) += part.o ["C"]"#,
            a,
            r#"Object obj-$(CONFIG_B) += whole.o ["B"]"#,
        ],
    );
    is(
        "below/far.c",
        &[
            r#"Object obj-$(CONFIG_A) += far.o ["A"]"#,
            "Directory obj-y += below/ []",
            r#"Conditional ifeq ($(CONFIG_C),y) ["C"]"#,
        ],
    );
}
