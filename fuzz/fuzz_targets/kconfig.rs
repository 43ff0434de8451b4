//! Kconfig text through lexer, parser, macros, builder and evaluation: no panic, no endless work.
//!
//! The first byte chooses the language's version. What follows a line of `%%` is the file that any
//! `source` reads.
#![no_main]

use std::sync::Arc;

use hmmsize::exit::Error;
use hmmsize::kconf::build::build;
use hmmsize::kconf::dialect::Dialect;
use hmmsize::kconf::eval::State;
use hmmsize::kconf::probe::Probe;
use hmmsize::kconf::syntax::parse;
use libfuzzer_sys::fuzz_target;

const DIALECTS: [Dialect; 8] = [
    Dialect::new(6, 12),
    Dialect::new(6, 1),
    Dialect::new(4, 14),
    Dialect::new(4, 19),
    Dialect::new(5, 4),
    Dialect::new(5, 10),
    Dialect::new(6, 18),
    Dialect::new(7, 0),
];

fuzz_target!(|data: &[u8]| {
    let Some((choice, text)) = data.split_first() else { return };
    let dialect = DIALECTS[usize::from(*choice) % DIALECTS.len()];
    let mark = b"\n%%\n";
    let cut = text.windows(mark.len()).position(|window| window == mark);
    let (first, second) = cut.map_or((text, &[][..]), |at| (&text[..at + 1], &text[at + mark.len()..]));
    let file = |name: &str, text: &[u8]| Arc::new(parse(name.into(), name.into(), text.to_vec(), dialect));
    let files = [file("Kconfig", first), file("sub", second)];
    let sources = |name: &str| match name {
        "Kconfig" => Ok(Arc::clone(&files[0])),
        "sub" => Ok(Arc::clone(&files[1])),
        _ => Err(Error::input(name, "no such file")),
    };
    let env = |name: &str| (name == "ARCH").then(|| "x86".to_owned());
    let model = build(&sources, "Kconfig", &env, &mut Probe::Never, dialect);
    if !model.failed() {
        let mut state = State::new(&model);
        std::hint::black_box((state.dotconfig(), state.defconfig()));
    }
});
