//! Trees of a few lines. What `conf` makes of each was looked up with a program that prints its menu
//! tree; `tests/kconf_micro.rs` holds what it says and writes against the real one.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use super::build;
use crate::kconf::dialect::Dialect;
use crate::kconf::expr::{Cmp, Expr, ExprId};
use crate::kconf::model::{Model, Severity, SymbolId};
use crate::kconf::probe::{Probe, Recording, placeholders};
use crate::kconf::syntax::parse;

fn built(files: &[(&str, &str)], dialect: Dialect, probe: &mut Probe) -> Model {
    let sources = |name: &str| {
        let text = files.iter().find(|(file, _)| *file == name).map(|(_, text)| *text);
        let text = text.ok_or_else(|| crate::exit::Error::input(name, "no such file"))?;
        Ok(Arc::new(parse(name.to_owned(), PathBuf::from(name), text.into(), dialect)))
    };
    let env = |name: &str| (name == "ARCH").then(|| "x86".to_owned());
    build(&sources, "Kconfig", &env, probe, dialect)
}

fn model(text: &str) -> Model {
    built(&[("Kconfig", text)], Dialect::new(6, 12), &mut Probe::Never)
}

fn said(model: &Model) -> Vec<&str> {
    model.messages.iter().map(|message| message.text.as_str()).collect()
}

fn find(model: &Model, name: &str) -> SymbolId {
    let at = model.symbols.iter().position(|symbol| *symbol.name == *name.as_bytes());
    SymbolId::new(at.unwrap_or_else(|| panic!("no {name}")) as u32)
}

fn show(model: &Model, e: Option<ExprId>) -> String {
    let name = |id: SymbolId| String::from_utf8_lossy(&model.symbol(id).name).into_owned();
    let Some(e) = e else { return "-".to_owned() };
    match model.exprs.get(e) {
        Expr::Symbol(a) => name(a),
        Expr::Not(a) => format!("!{}", show(model, Some(a))),
        Expr::And(a, b) => format!("({} && {})", show(model, Some(a)), show(model, Some(b))),
        Expr::Or(a, b) => format!("({} || {})", show(model, Some(a)), show(model, Some(b))),
        Expr::Compare(Cmp::Eq, a, b) => format!("{}={}", name(a), name(b)),
        Expr::Compare(Cmp::Ne, a, b) => format!("{}!={}", name(a), name(b)),
        Expr::Compare(cmp, a, b) => format!("{}{cmp:?}{}", name(a), name(b)),
        Expr::Range(a, b) => format!("[{} {}]", name(a), name(b)),
    }
}

/// The dependency of the first definition of `name`.
fn dep(model: &Model, name: &str) -> String {
    show(model, model.menu(model.symbol(find(model, name)).menus[0]).dep)
}

#[test]
fn both_generations_simplify_as_their_conf_does() {
    let text = "config A\n\tbool \"a\"\nconfig T\n\ttristate \"t\"\n\
        config B\n\tbool \"b\" if A != y\n\tdepends on y\n\
        config C\n\tbool \"c\"\n\tdepends on A && (T = y || T = m) && A != n && A\n\
        \tdepends on !(A && T)\n\
        config D\n\tbool \"d\" if m\n\tdepends on T && T != m && (A || !A)\n";
    for version in [Dialect::new(6, 1), Dialect::new(6, 12)] {
        let model = built(&[("Kconfig", text)], version, &mut Probe::Never);
        assert_eq!(said(&model), [""; 0]);
        assert_eq!(dep(&model, "B"), "y");
        assert_eq!(dep(&model, "C"), "((T!=n && A) && (!A || !T))");
        assert_eq!(dep(&model, "D"), "T=y");
        let visible = |name| {
            let prompt = model.menu(model.symbol(find(&model, name)).menus[0]).prompt;
            show(&model, model.prop(prompt.expect("a prompt")).visible)
        };
        // `A != y` of a bool: 6.12's conf takes a symbol for an expression.
        let (b, d) = if version.since(6, 12) {
            ("!<unknown type>", "n")
        } else {
            ("(y && !A)", "(T=y && (m && n))")
        };
        assert_eq!((visible("B").as_str(), visible("D").as_str()), (b, d));
    }
}

#[test]
fn an_open_probe_is_a_placeholder_wherever_it_goes() {
    let text = "success = $(shell,{ $(1); } >/dev/null 2>&1 && echo \"y\" || echo \"n\")\n\
        version := $(shell,cc -v)\n\
        config A\n\tdef_bool $(success,test $(version) = 1)\nconfig V\n\tint\n\tdefault $(version)\n\
        $(error-if,$(success,false),no)\n";
    let model = model(text);
    assert_eq!(said(&model), [""; 0]);
    let commands: Vec<_> = model.probes.iter().map(|probe| probe.command.as_str()).collect();
    let success = |what| format!("{{ {what}; }} >/dev/null 2>&1 && echo \"y\" || echo \"n\"");
    assert_eq!(commands, ["cc -v", &success("test <probe 0> = 1"), &success("false")]);
    assert!(model.probes.iter().all(|probe| probe.output.is_none()));
    let symbol = find(&model, "<probe 1>");
    assert!(!model.symbol(symbol).constant && model.symbol(symbol).menus.is_empty());
    assert_eq!(placeholders(b"a <probe 1>-<probe 12> <probe x>").collect::<Vec<_>>(), [1, 12]);
}

#[test]
fn a_recording_answers_or_the_build_stops() {
    let probes = BTreeMap::from([("cc -v".to_owned(), "12".to_owned())]);
    let recording = Recording { schema: 1, probes, ..Recording::default() };
    let known = "config V\n\tint\n\tdefault $(shell,cc -v)\n";
    let model = built(&[("Kconfig", known)], Dialect::default(), &mut Probe::Cached(&recording));
    assert!(!model.failed());
    find(&model, "12");
    let model = built(
        &[("Kconfig", "x := $(shell,ld -v)\n")],
        Dialect::default(),
        &mut Probe::Cached(&recording),
    );
    let text = "no recorded result of the probe \"ld -v\"; --probe=run runs it";
    assert_eq!(said(&model), [format!("Kconfig:2: {text}")]);
    assert_eq!(model.messages[0].severity, Severity::Fatal);
}

#[test]
fn a_runner_is_asked_once_and_its_output_is_kept_as_conf_keeps_it() {
    let mut asked = 0;
    let runner = |_: &[u8]| {
        asked += 1;
        let mut output = b"a\nb\n\n".to_vec();
        output.resize(5000, b'\n');
        Ok(output)
    };
    let text = "x := $(shell,one)\ny := $(shell,one)\n$(info,[$(x)][$(y)])\n";
    let mut probe = Probe::Run(Box::new(runner));
    let model = built(&[("Kconfig", text)], Dialect::default(), &mut probe);
    drop(probe);
    assert_eq!(said(&model), ["[a b][a b]"]);
    assert_eq!(asked, 1);
}

#[test]
fn what_would_not_end_is_an_error_with_a_place() {
    let nested = |open: &str, close: &str| open.repeat(10_000) + &close.repeat(10_000);
    let selects = (0..70_000).map(|i| format!("config A{i}\n\tbool \"a\"\n\tselect T\n"));
    let doubled =
        (0..60).map(|i| format!("a{} = $(a{i})$(a{i})\n", i + 1)).collect::<Vec<_>>().concat();
    let cases = [
        (nested("if A\n", "endif\n"), "Kconfig:4999: memory exhausted"),
        (nested("menu \"m\"\n", "endmenu\n"), "Kconfig:4999: memory exhausted"),
        ("a = $(a)\n$(info,$(a))\n".into(), "Kconfig:2: Recursive variable 'a' references itself"),
        ("f = $(f,$(1)x)\n$(info,$(f,a))\n".into(), "Kconfig:2: Too deep recursive expansion"),
        (doubled + "$(info,$(a60))\n", "Kconfig:61: macro expansion does not end"),
        ("a := x\n".to_owned() + &"a := $(a)$(a)\n".repeat(40), "macros expand to more than 64 MB"),
        (
            "config T\n\tbool \"t\"\n".to_owned() + &selects.collect::<String>(),
            "Kconfig:1: the dependencies of T nest too deep",
        ),
        (
            "config T\n\tbool \"t\"\n".to_owned() + &"\tdepends on A\n".repeat(20_000),
            "expressions nest too deep",
        ),
        ("source \"Kconfig\"\n".into(), "Recursive inclusion detected."),
        ("source \"none\"\n".into(), "Kconfig:1: can't open file \"none\""),
        ("endif\n".into(), "Kconfig:1: syntax error"),
    ];
    for (text, expected) in cases {
        let model = model(&text);
        assert!(model.failed(), "{expected}");
        let found = said(&model).iter().any(|text| text.contains(expected));
        assert!(found, "{expected}: {:?}", model.messages.first());
    }
}

#[test]
fn every_property_knows_its_text_and_where_it_stands() {
    let text = "config A\n\tbool \"plain\" if D\n\tselect B if C\ncomment \"  lead \\\"x\\\"\"\n";
    let model = model(text);
    let place = |prop: usize| {
        let place = model.props[prop].place;
        (place.line, String::from_utf8_lossy(model.file(place.file).text(place.span)).into_owned())
    };
    assert_eq!(place(0), (2, "bool \"plain\" if D".to_owned()));
    assert_eq!(place(1), (3, "select B if C".to_owned()));
    assert_eq!(model.text(&model.props[0]), Some(&b"plain"[..]));
    assert_eq!(model.text(&model.props[2]), Some(&b"lead \"x\""[..]));
    assert_eq!(show(&model, model.props[1].cond), "C");
    assert_eq!(said(&model), ["Kconfig:4:warning: leading whitespace ignored"]);
}
