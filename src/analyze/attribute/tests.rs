//! The partition on made-up pieces: sums are exact whatever the source says, and the first match counts.

use bstr::BStr;
use proptest::prelude::*;
use rustc_hash::FxHashMap;

use super::kallsyms;
use super::partition::{Cause, Evidence, Place, Question, partition};
use super::pieces::{Key, Piece, Pieces, object_path};
use super::record;
use super::strings;
use crate::model::audit::{Growth, Row, Why};
use crate::model::class::Class;
use crate::model::config::{Config, ConfigChange};
use crate::model::formula::Formulas;
use crate::model::gates::{Chain, Gate, GateKind};
use crate::model::size::{Berkeley, PayloadKind};
use crate::model::valuation::Valuation;

fn key(object: &str, name: &str) -> Key {
    Key { object: object.into(), name: name.into(), bare: name.starts_with('(') }
}

fn pieces(all: &[(&str, &str, u64)], padding: u64) -> Pieces {
    let piece = |bytes| Piece { bytes, class: Class::Code, addr: 0, is_function: true };
    let all: FxHashMap<Key, Piece> =
        all.iter().map(|(object, name, bytes)| (key(object, name), piece(*bytes))).collect();
    let (kind, diags) = (PayloadKind::Map, Vec::new());
    Pieces { all, padding, kind, has_objects: true, diags, strings: FxHashMap::default() }
}

/// Chains by name; what is named `inlined` grew for a reason.
struct Made {
    chains: FxHashMap<&'static str, Chain>,
}

impl Evidence for Made {
    fn place(&mut self, key: &Key, _: &Piece) -> Place {
        let chains = self.chains.get(&*key.name).cloned().into_iter().collect();
        Place { defined: None, chains }
    }

    fn object(&mut self, _: &str) -> Option<Chain> {
        None
    }

    fn cause(&mut self, key: &Key, _: &Piece) -> Option<Cause> {
        (&*key.name == "inlined").then(|| Cause {
            option: Some("X".into()),
            gate: None,
            through: vec!["is_x".into()],
            growth: Growth::Inline,
            leak: None,
        })
    }

    fn mentions(&mut self, _: &Key, name: &str) -> bool {
        name == "outlined"
    }
}

/// Guards, innermost first, each about one option.
fn chain(formulas: &mut Formulas, options: &[&str]) -> Chain {
    let mut gate = |option: &&str| Gate {
        kind: GateKind::Guard,
        file: "a.c".into(),
        line: 1,
        text: format!("#ifdef CONFIG_{option}"),
        holds: vec![formulas.yes(option)],
        options: vec![(*option).to_owned()],
    };
    let guards = options.iter().map(&mut gate).collect();
    Chain { file: "a.c".into(), line: 2, guards, objects: Vec::new(), is_source: false }
}

#[test]
fn the_first_reason_that_holds_counts() {
    let mut formulas = Formulas::default();
    let chains = FxHashMap::from_iter([
        ("own", chain(&mut formulas, &["DRAGGED", "X"])),
        ("dragged", chain(&mut formulas, &["DRAGGED"])),
        ("always", chain(&mut formulas, &["KEPT"])),
    ]);
    let config = |options: &[&str]| {
        let values = options.iter().map(|option| ((*option).to_owned(), "y".to_owned()));
        Config { values: values.collect() }
    };
    let was = Valuation::new(&formulas, &config(&["KEPT"]));
    let is = Valuation::new(&formulas, &config(&["KEPT", "X", "DRAGGED"]));
    let change =
        |symbol: &str| ConfigChange { symbol: symbol.into(), old: None, new: Some("y".into()) };
    let changed = [change("X"), change("DRAGGED")];
    let options = ["X".to_owned()];
    let question = Question { options: &options, changed: &changed, was: &was, is: &is };
    let old = pieces(&[("b.o", "inlined", 5), ("c.o", "caller", 90), ("a.o", "always", 8)], 100);
    let new = pieces(
        &[
            ("a.o", "own", 10),
            ("a.o", "dragged", 20),
            ("a.o", "always", 9),
            ("b.o", "inlined", 7),
            ("b.o", "(.altinstructions)", 12),
            ("c.o", "caller", 50),
            ("c.o", "outlined", 44),
            ("", "?", 3),
            ("d.o", "linux_banner", 1),
        ],
        60,
    );
    let parts = partition(&old, &new, &question, &mut Made { chains });
    let found = |name: &str| {
        let row = parts.rows.iter().find(|row| row.name == name).unwrap();
        (row.why, row.option.as_deref(), row.growth)
    };
    assert_eq!(
        found("own"),
        (Why::Direct, Some("X"), None),
        "the option in question, though further out"
    );
    assert_eq!(found("dragged"), (Why::DraggedIn, Some("DRAGGED"), None));
    assert_eq!(found("always"), (Why::Ungated, None, Some(Growth::Other)));
    assert_eq!(found("inlined"), (Why::Ungated, Some("X"), Some(Growth::Inline)));
    assert_eq!(found("(.altinstructions)"), (Why::Ungated, Some("X"), Some(Growth::Tables)));
    assert_eq!(found("caller").2, Some(Growth::Moved));
    assert_eq!(found("outlined").2, Some(Growth::Moved));
    assert_eq!(found("linux_banner").0, Why::Noise);
    let sum = |why: Why| -> i64 {
        parts.groups.iter().filter(|group| group.why == why).map(|group| group.bytes).sum()
    };
    assert_eq!((sum(Why::Direct), sum(Why::Padding)), (10, -40));
}

#[test]
fn fill_between_variables_goes_with_the_variables() {
    let mut formulas = Formulas::default();
    let names = ["code", "grown"];
    let chains = names.map(|name| (name, chain(&mut formulas, &["OTHER"])));
    let config = Config { values: [("OTHER".to_owned(), "y".to_owned())].into_iter().collect() };
    let was = Valuation::new(&formulas, &Config::default());
    let is = Valuation::new(&formulas, &config);
    let changed = [ConfigChange { symbol: "OTHER".into(), old: None, new: Some("y".into()) }];
    let options = ["X".to_owned()];
    let question = Question { options: &options, changed: &changed, was: &was, is: &is };
    let side = |all: &[(&str, u64, Class)]| {
        let mut pieces = pieces(&[], 0);
        for (name, bytes, class) in all {
            let piece = Piece { bytes: *bytes, class: *class, addr: 0, is_function: false };
            pieces.all.insert(key("a.o", name), piece);
        }
        pieces
    };
    let old = side(&[("inlined", 8, Class::Data), ("(.data)", 24, Class::Data)]);
    let new = side(&[
        ("inlined", 40, Class::Data),
        ("code", 9, Class::Code),
        ("(.data)", 56, Class::Data),
        ("(.rodata)", 3, Class::Rodata),
    ]);
    let parts =
        partition(&old, &new, &question, &mut Made { chains: FxHashMap::from_iter(chains) });
    let found = |name: &str| {
        let row = parts.rows.iter().find(|row| row.name == name).unwrap();
        (row.why, row.option.as_deref())
    };
    assert_eq!(found("code"), (Why::DraggedIn, Some("OTHER")));
    assert_eq!(found("(.data)"), (Why::Ungated, Some("X")), "as the variable of its object");
    assert_eq!(found("(.rodata)"), (Why::Unattributed, None), "its object has two reasons");
}

/// A question about `X`, of which the configurations say nothing.
fn ask(changed: &[&str], old: &Pieces, new: &Pieces) -> Vec<Row> {
    let none = Valuation::default();
    let change =
        |&symbol: &&str| ConfigChange { symbol: symbol.into(), old: None, new: Some("y".into()) };
    let changed: Vec<ConfigChange> = changed.iter().map(change).collect();
    let options = ["X".to_owned()];
    let question = Question { options: &options, changed: &changed, was: &none, is: &none };
    partition(old, new, &question, &mut Made { chains: FxHashMap::default() }).rows
}

fn reason<'r>(rows: &'r [Row], object: &str, name: &str) -> (Why, Option<&'r str>, i64) {
    let is_it = |row: &&Row| row.object.as_deref().unwrap_or("") == object && row.name == name;
    let row = rows.iter().find(is_it).unwrap_or_else(|| panic!("{object} {name}: {rows:?}"));
    (row.why, row.option.as_deref(), row.delta)
}

#[test]
fn what_functions_keep_goes_with_the_functions_that_changed() {
    let with = |mut all: Pieces, more: &[(&str, u64)]| {
        for (object, bytes) in more {
            let piece = Piece { bytes: *bytes, class: Class::Rodata, addr: 0, is_function: false };
            all.all.insert(key(object, "__func__"), piece);
        }
        all
    };
    let old = pieces(&[("a.o", "inlined", 5), ("b.o", "inlined", 5), ("b.o", "other", 5)], 0);
    let new = pieces(&[("a.o", "inlined", 7), ("b.o", "inlined", 7), ("b.o", "other", 6)], 0);
    let old = with(old, &[("a.o", 9), ("b.o", 9)]);
    let rows = ask(&[], &old, &with(new, &[("a.o", 12), ("b.o", 12)]));
    assert_eq!(reason(&rows, "a.o", "__func__"), (Why::Ungated, Some("X"), 3));
    assert_eq!(reason(&rows, "b.o", "__func__"), (Why::Ungated, None, 3), "two reasons");
}

#[test]
fn the_symbol_table_goes_with_the_symbols() {
    let side = |all: &[(&str, &str, u64)]| pieces(all, 0);
    let mut old = side(&[
        ("a.o", "inlined", 5),
        ("a.o", "(kallsyms)", 14),
        ("a.o", "(kallsyms names)", 20),
        ("b.o", "(kallsyms)", 70),
        ("b.o", "(kallsyms names)", 100),
        ("", "(kallsyms compression)", 800),
    ]);
    let mut new = side(&[
        ("a.o", "inlined", 8),
        ("a.o", "(kallsyms)", 21),
        ("a.o", "(kallsyms names)", 30),
        ("b.o", "(kallsyms)", 70),
        ("b.o", "(kallsyms names)", 98),
        ("", "(kallsyms compression)", 801),
    ]);
    let (payloads, change) = ((old.payload(), new.payload()), ["HZ", "KALLSYMS_ALL"]);
    let all = |names: &[&str]| -> Vec<ConfigChange> {
        let change = |&symbol: &&str| ConfigChange { symbol: symbol.into(), old: None, new: None };
        names.iter().map(change).collect()
    };
    kallsyms::settle(&mut old, &mut new, &all(&change[..1]));
    let rows = ask(&change[..1], &old, &new);
    assert_eq!(reason(&rows, "a.o", "(kallsyms)"), (Why::Ungated, Some("X"), 7));
    assert_eq!(reason(&rows, "a.o", "(kallsyms names)"), (Why::Ungated, Some("X"), 10));
    let compression = reason(&rows, "", "(kallsyms compression)");
    assert_eq!(compression, (Why::Noise, None, -1), "and names of what b.o has on both sides");
    assert_eq!(rows.len(), 4, "{rows:?}");
    // An option that says which symbols there are.
    kallsyms::settle(&mut old, &mut new, &all(&change));
    let rows = ask(&change, &old, &new);
    assert_eq!(reason(&rows, "", "(kallsyms)"), (Why::DraggedIn, Some("KALLSYMS_ALL"), 16));
    assert_eq!((old.payload(), new.payload()), payloads, "nothing is lost");
}

#[test]
fn strings_of_both_images_stay_with_one_object() {
    let strings = |object: &str, bytes: u64| {
        FxHashMap::from_iter([(1, (key(object, "(.rodata.str1.1)"), bytes))])
    };
    let mut old = pieces(&[("b.o", "(.rodata.str1.1)", 30)], 0);
    let mut new = pieces(&[("a.o", "(.rodata.str1.1)", 12), ("b.o", "(.rodata.str1.1)", 22)], 0);
    // One of eight bytes that `b.o` had alone, and `a.o`, which comes first, has too.
    (old.strings, new.strings) = (strings("b.o", 8), strings("a.o", 8));
    strings::settle(&old, &mut new);
    let bytes = |object: &str| new.all[&key(object, "(.rodata.str1.1)")].bytes;
    assert_eq!((bytes("a.o"), bytes("b.o")), (4, 30));
}

proptest! {
    #[test]
    fn sums_are_exact(
        old in prop::collection::vec((0usize..4, 0usize..30, 0u64..5000), 0..40),
        new in prop::collection::vec((0usize..4, 0usize..30, 0u64..5000), 0..40),
        padding in (0u64..9000, 0u64..9000),
    ) {
        const OBJECTS: [&str; 4] = ["", "a.o", "b.o", "c.o"];
        let names: Vec<String> =
            (0..30).map(|n| if n % 5 == 0 { format!("(.s{n})") } else { format!("f{n}") }).collect();
        let side = |all: &[(usize, usize, u64)], padding| {
            let all: Vec<_> = all.iter().map(|&(o, n, b)| (OBJECTS[o], names[n].as_str(), b)).collect();
            pieces(&all, padding)
        };
        let (old, new) = (side(&old, padding.0), side(&new, padding.1));
        let none = Valuation::default();
        let question = Question { options: &[], changed: &[], was: &none, is: &none };
        let image = |pieces: &'_ Pieces| Berkeley { text: pieces.payload() + pieces.padding, data: 0, bss: 0 };
        let (was, is) = (image(&old), image(&new));
        let old = record::Image { file: "a".into(), size: was, pieces: &old };
        let new = record::Image { file: "b".into(), size: is, pieces: &new };
        let cost = record::cost(&old, &new, &question, &mut Made { chains: FxHashMap::default() });
        prop_assert!(record::is_exact(&cost));
    }
}

#[test]
fn objects_have_the_paths_of_the_tree() {
    let path = |text: &str| object_path(BStr::new(text));
    assert_eq!(path("mm/hmm.o"), "mm/hmm.o");
    assert_eq!(path("./mm/hmm.o"), "mm/hmm.o");
    assert_eq!(path("lib/lib.a(string.o)"), "lib/string.o");
    assert_eq!(path("vmlinux.a(mm/hmm.o)"), "mm/hmm.o");
    assert_eq!(path("libgcc.a(x.o)"), "x.o");
}

#[test]
fn the_block_for_a_commit_message_survives_git() {
    let long = "a/".repeat(60);
    let size = Berkeley { text: 83_721_896, data: 46_511_131, bss: 27_582_964 };
    let side = |name: &str| crate::model::audit::Side {
        file: format!("{long}{name}/vmlinux"),
        size,
        payload: None,
    };
    let mut cost = record::identical(side("without"), side("with"));
    cost.identical = false;
    let options = vec!["ZONE_DEVICE".to_owned(); 9];
    let text = record::commit_message(&options, &[("x86_64", &cost, true), ("arm", &cost, false)]);
    assert!(text.contains("without/vmlinux"), "{text}");
    for line in text.lines() {
        let width = line.chars().fold(0, |at, c| if c == '\t' { at / 8 * 8 + 8 } else { at + 1 });
        assert!(width <= record::WIDTH, "{line}");
        assert!(!["#", "---", "diff -"].iter().any(|bad| line.starts_with(bad)), "{line}");
    }
}
