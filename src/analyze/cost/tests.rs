//! Small trees and chains whose bytes are counted by hand.

use std::path::PathBuf;
use std::sync::Arc;

use super::Held;
use crate::kconf::build::build;
use crate::kconf::dialect::Dialect;
use crate::kconf::dotconfig;
use crate::kconf::model::Model;
use crate::kconf::probe::Probe;
use crate::kconf::syntax::parse;
use crate::logic::trial::Kconfig;
use crate::model::config::Config;
use crate::model::cost::OptionCost;
use crate::model::formula::{FormulaId, Formulas};
use crate::model::gates::{Chain, Gate, GateKind, ObjectGates};

const KCONFIG: &str = "\
config CC_IS_GCC
	def_bool $(success,test gcc)
config GCC_VERSION
	int
	default $(shell,gcc -v) if CC_IS_GCC
	default 0
config CLANG_VERSION
	int
	default $(shell,gcc -v) if !CC_IS_GCC
	default 0
config HAS_INT128
	def_bool !$(cc-option,-m32) && CC_IS_GCC
config FIXED
	bool
	default y if CC_IS_GCC && GCC_VERSION >= 90000
config NET
	bool \"Networking\"
config INET
	bool \"TCP/IP\"
	depends on NET
config HASH
	bool
config CRYPTO
	bool \"Crypto\"
	select HASH
config TINY
	def_bool y
	depends on !NET
";

const CONFIG: &str = "\
CONFIG_CC_IS_GCC=y
CONFIG_GCC_VERSION=120200
CONFIG_CLANG_VERSION=0
CONFIG_HAS_INT128=y
CONFIG_FIXED=y
CONFIG_NET=y
CONFIG_INET=y
CONFIG_HASH=y
CONFIG_CRYPTO=y
";

fn model() -> Model {
    let dialect = Dialect::new(6, 12);
    let macros = "success = $(shell,{ $(1); } >/dev/null 2>&1 && echo y || echo n)\n\
                  cc-option = $(success,gcc $(1))\n";
    let text = [macros, KCONFIG].concat();
    let sources = |name: &str| {
        let text = text.as_bytes().to_vec();
        Ok(Arc::new(parse(name.to_owned(), PathBuf::from(name), text, dialect)))
    };
    let model = build(&sources, "Kconfig", &|_| None, &mut Probe::Never, dialect);
    assert!(!model.failed(), "{:?}", model.messages);
    model
}

fn config() -> Config {
    dotconfig::parse(std::path::Path::new(".config"), CONFIG.as_bytes()).unwrap()
}

fn gate(kind: GateKind, line: u32, holds: FormulaId, f: &Formulas) -> Gate {
    let (file, text) = ("f".to_owned(), String::new());
    Gate { kind, file, line, text, holds: vec![holds], options: f.options(&[holds]) }
}

/// A place with these guards in an object that is built when `built` holds.
fn chain(guards: &[FormulaId], built: FormulaId, line: u32, f: &Formulas) -> Chain {
    let guards = guards
        .iter()
        .zip(line..)
        .map(|(holds, line)| gate(GateKind::Guard, line, *holds, f))
        .collect();
    let rule = gate(GateKind::Object, line, built, f);
    let way =
        crate::model::gates::Way { role: "obj-y", part_of: None, when: built, rules: vec![rule] };
    let object = ObjectGates {
        object: "f.o".into(),
        built_in: built,
        module: Formulas::FALSE,
        apart: false,
        ways: vec![way],
    };
    Chain { file: "f.c".into(), line, guards, objects: vec![object], is_source: true }
}

fn costs() -> (Held, Vec<OptionCost>) {
    let (config, mut f, mut held) = (config(), Formulas::default(), Held::default());
    let [net, inet, hash] = ["NET", "INET", "HASH"].map(|name| f.yes(name));
    let either = f.or(net, hash);
    let places: [(&[FormulaId], FormulaId, u64); 6] = [
        (&[], net, 100),
        (&[inet], net, 20),
        (&[], hash, 7),
        (&[], Formulas::TRUE, 1000),
        // Neither option alone decides it.
        (&[either], Formulas::TRUE, 3),
        (&[either], net, 50),
    ];
    for (at, (guards, built, bytes)) in places.into_iter().enumerate() {
        let chain = chain(guards, built, 10 * at as u32 + 1, &f);
        held.add(&chain, bytes, &mut f, &config);
    }
    held.add_unknown(9);
    let model = model();
    let kconfig = Kconfig::new(&model, CONFIG.as_bytes(), &config).unwrap();
    let options = held.options(&kconfig, &config).unwrap();
    (held, options)
}

fn of<'o>(options: &'o [OptionCost], name: &str) -> &'o OptionCost {
    options.iter().find(|one| one.option == name).unwrap_or_else(|| panic!("{name}: {options:?}"))
}

#[test]
fn what_probes_said_is_read_from_the_configuration() {
    let (model, config) = (model(), config());
    let kconfig = Kconfig::new(&model, CONFIG.as_bytes(), &config).unwrap();
    assert_eq!(kconfig.unequal, [""; 0]);
    // An older compiler does not make FIXED, which the configuration has all the same.
    let older = CONFIG.replace("120200", "40900");
    let config = dotconfig::parse(std::path::Path::new(".config"), older.as_bytes()).unwrap();
    let kconfig = Kconfig::new(&model, older.as_bytes(), &config).unwrap();
    assert_eq!(kconfig.unequal, ["FIXED"]);
}

#[test]
fn every_byte_belongs_to_one_option_or_none() {
    let (held, options) = costs();
    assert_eq!(of(&options, "NET").own, 150);
    assert_eq!(of(&options, "INET").own, 20);
    assert_eq!(of(&options, "HASH").own, 7);
    assert_eq!((held.always, held.unknown), (1003, 9));
    let own: u64 = options.iter().map(|one| one.own).sum();
    assert_eq!(own + held.always + held.unknown, 100 + 20 + 7 + 1000 + 3 + 50 + 9);
}

#[test]
fn what_goes_is_what_kconfig_takes_along() {
    let (_, options) = costs();
    let net = of(&options, "NET");
    assert_eq!((net.removes, &net.kept), (Some(170), &None));
    assert_eq!(
        (net.with.as_slice(), net.instead.as_slice()),
        (&["INET".into()][..], &["TINY".into()][..])
    );
    assert_eq!(
        (net.prompt.as_deref(), net.place.as_deref()),
        (Some("Networking"), Some("Kconfig:18"))
    );
    assert_eq!(of(&options, "INET").removes, Some(20));
    // It decides nothing itself; what it selects goes with it.
    let crypto = of(&options, "CRYPTO");
    assert_eq!(
        (crypto.own, crypto.removes, crypto.with.as_slice()),
        (0, Some(7), &["HASH".into()][..])
    );
    let hash = of(&options, "HASH");
    assert_eq!((hash.removes, hash.kept.as_deref()), (None, Some("selected by CRYPTO")));
}
