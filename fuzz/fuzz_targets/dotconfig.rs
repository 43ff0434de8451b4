//! A `.config` through both of its readers: that of `diffconfig`, and that of the engine, which then
//! writes what it made of it.
#![no_main]

use std::path::Path;
use std::sync::{Arc, LazyLock};

use hmmsize::exit::Error;
use hmmsize::kconf::build::build;
use hmmsize::kconf::dialect::Dialect;
use hmmsize::kconf::eval::State;
use hmmsize::kconf::model::Model;
use hmmsize::kconf::probe::Probe;
use hmmsize::kconf::read::Reading;
use hmmsize::kconf::syntax::parse;
use libfuzzer_sys::fuzz_target;

const TREE: &str = r#"
config MODULES
	modules
	def_bool y
config A
	tristate "a"
	select M if N > 2
config B
	bool "b"
	depends on A
	default y
config M
	tristate
config N
	int "n" if !B
	range 1 10
	default 5
config H
	hex "h"
	default 0x1f
config S
	string "s"
	default "a\"b"
choice
	prompt "c"
	default C2
config C1
	bool "c1"
config C2
	bool "c2" if A
config C3
	bool "c3"
endchoice
"#;

static TREES: LazyLock<[Model; 2]> =
    LazyLock::new(|| [tree(Dialect::new(6, 12)), tree(Dialect::new(6, 1))]);

fn tree(dialect: Dialect) -> Model {
    let file = Arc::new(parse("Kconfig".into(), "Kconfig".into(), TREE.into(), dialect));
    let sources = |name: &str| match name {
        "Kconfig" => Ok(Arc::clone(&file)),
        _ => Err(Error::input(name, "no such file")),
    };
    let model = build(&sources, "Kconfig", &|_| None, &mut Probe::Never, dialect);
    assert!(!model.failed(), "{:?}", model.messages);
    model
}

fuzz_target!(|data: &[u8]| {
    if let Ok(config) = hmmsize::kconf::dotconfig::parse(Path::new(".config"), data) {
        std::hint::black_box(config);
    }
    for model in &*TREES {
        let mut state = State::new(model);
        state.read(b".config", data, Reading { warn_unknown: true });
        let written = state.dotconfig();
        // What is written may be read back as something else, as by conf, but it is always read.
        let mut again = State::new(model);
        again.read(b".config", &written, Reading { warn_unknown: true });
        std::hint::black_box((again.dotconfig(), again.defconfig()));
    }
});
