//! Guards in code against the compiler: what a guard says is not reached must not be in the output.

use std::collections::BTreeSet;
use std::fs;

use hmmsize::model::formula::{Atom, FormulaId, Formulas};
use hmmsize::source::guards::{self, FileKind};

use crate::oracle::TESTS;
use crate::support::{fixtures, have, run, scratch};

/// All values of A, B and C, each built in, a module or off, in a module and not.
fn valuations() -> impl Iterator<Item = ([u8; 3], bool)> {
    (0..54_u8).map(|n| ([n % 3, n / 3 % 3, n / 9 % 3], n / 27 == 1))
}

#[test]
fn what_is_guarded_in_code_is_what_the_compiler_removes() {
    if !have("gcc") {
        return;
    }
    let path = fixtures("guards").join("code.c");
    let text = fs::read_to_string(&path).unwrap();
    let mut f = Formulas::default();
    let (file, diags) = guards::read("code.c", FileKind::C, text.as_bytes(), &mut f);
    assert_eq!(diags, []);
    // Every call, and all that must hold for it.
    let body = text.find("int statements").unwrap();
    let calls: Vec<(String, Vec<FormulaId>)> = text
        .match_indices("use_")
        .filter(|(at, _)| *at > body)
        .map(|(at, _)| {
            let around =
                file.code.iter().filter(|g| (g.body.start as usize..g.body.end()).contains(&at));
            let line = text[..at].lines().count() as u32;
            let mut all = vec![file.presence_at(line)];
            all.extend(around.map(|guard| guard.formula));
            (text[at..at + 6].to_owned(), all)
        })
        .collect();
    assert_eq!(calls.len(), 30);

    let dir = scratch();
    fs::write(dir.path().join("tests.h"), TESTS).unwrap();
    fs::copy(&path, dir.path().join("code.c")).unwrap();
    let (mut gone, mut missed) = (0, BTreeSet::new());
    for (values, in_module) in valuations() {
        let mut options = String::new();
        for (name, value) in ["A", "B", "C"].iter().zip(values) {
            match value {
                0 => {}
                1 => options.extend(["-DCONFIG_", name, "_MODULE=1 "]),
                _ => options.extend(["-DCONFIG_", name, "=1 "]),
            }
        }
        if in_module {
            options.push_str("-DMODULE");
        }
        let fixed = ["-O2", "-w", "-S", "-o", "-", "-include", "tests.h", "code.c"];
        let output = run(dir.path(), "gcc", options.split_whitespace().chain(fixed)).stdout;
        let assembly = String::from_utf8(output).unwrap();
        let top = FormulaId(f.len() as u32 - 1);
        let value = |n| values[usize::from(f.text(n).as_bytes()[0] - b'A')];
        let holds = f.values(top, |atom| match atom {
            Atom::Yes(n) => value(n) == 2,
            Atom::Module(n) => value(n) == 1,
            Atom::InModule => in_module,
            other => unreachable!("{other:?}"),
        });
        for (call, conditions) in &calls {
            let ours = conditions.iter().all(|id| holds[id.0 as usize]);
            let theirs = assembly.contains(call.as_str());
            assert!(ours || !theirs, "{call} is there with {options}");
            gone += usize::from(!ours);
            if ours && !theirs {
                missed.insert(call.clone());
            }
        }
    }
    eprintln!("{gone} calls gone as foreseen; not foreseen: {missed:?}");
    assert!(gone >= 500, "only {gone}");
    assert!(missed.len() <= 2, "{missed:?}");
}
