//! Many questions whose answers the evaluator has to confirm, where nobody wants to see a witness of each.
//!
//! One configuration confirms what it can of all of them, so that few have to be found and evaluated.

use super::circuit::Lit;
use super::witness::Check;
use super::{Answer, Assignment, Logic};
use crate::kconf::eval::State;

/// A configuration is looked for that has as many as possible of so many further questions.
const WISHES: usize = 64;

/// A question.
pub struct Ask<'a> {
    /// What a configuration must have.
    pub lits: Vec<Lit>,
    /// What the evaluator has to say about it.
    pub check: Box<Check<'a>>,
    /// Of questions of one group, only the first that is confirmed matters.
    pub group: usize,
}

impl Logic<'_> {
    /// Which questions some configuration confirms, as [`Logic::shown`] would for each: true for the first of
    /// each group. Groups are numbered in the order of the questions.
    pub fn confirmed(&mut self, asks: &[Ask<'_>]) -> Vec<bool> {
        // What is impossible is found out for all together.
        let all: Vec<Vec<Lit>> = asks.iter().map(|ask| ask.lits.clone()).collect();
        let answers = self.each(&all).into_iter();
        let refuted = answers.map(|answer| (answer != Answer::Possible).then_some(false));
        let mut confirmed: Vec<Option<bool>> = refuted.collect();
        let mut settled = None;
        for at in 0..asks.len() {
            let ask = &asks[at];
            if settled == Some(ask.group) {
                confirmed[at] = Some(false);
            } else if confirmed[at].is_none() {
                let said = self.one(asks, at, &mut confirmed);
                confirmed[at] = Some(said);
            }
            if confirmed[at] == Some(true) {
                settled = Some(ask.group);
            }
        }
        confirmed.into_iter().map(|said| said == Some(true)).collect()
    }

    /// Whether question `at` is confirmed; what else is on the way.
    fn one(&mut self, asks: &[Ask<'_>], at: usize, confirmed: &mut [Option<bool>]) -> bool {
        let ask = &asks[at];
        let open: Vec<usize> =
            (at + 1..asks.len()).filter(|other| confirmed[*other].is_none()).collect();
        let mut toolchains = self.encoder.toolchains();
        if toolchains.is_empty() {
            toolchains.push(Vec::new());
        }
        for mut assumed in toolchains {
            assumed.extend_from_slice(&ask.lits);
            if let Some(found) = self.with_wishes(&assumed, asks, &open) {
                let mut mine = false;
                self.evaluate(&found, |state: &mut State<'_>| {
                    mine = (ask.check)(state);
                    for other in &open {
                        if (asks[*other].check)(state) {
                            confirmed[*other] = Some(true);
                        }
                    }
                });
                if mine {
                    return true;
                }
            }
        }
        self.shown(&ask.lits, &ask.check).is_some()
    }

    /// A configuration that has all of `lits`, and what it can of some questions.
    fn with_wishes(
        &mut self,
        lits: &[Lit],
        asks: &[Ask<'_>],
        open: &[usize],
    ) -> Option<Assignment> {
        if lits.contains(&Lit::FALSE) {
            return None;
        }
        self.settle();
        let wishes: Vec<&[Lit]> =
            open.iter().take(WISHES).map(|other| asks[*other].lits.as_slice()).collect();
        self.load(lits);
        for wish in &wishes {
            self.load(wish);
        }
        let verdict = self.sat.solve(lits, &wishes);
        (self.note(verdict) == Answer::Possible).then(|| self.found())
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;
    use std::sync::Arc;

    use super::*;
    use crate::kconf::build::build;
    use crate::kconf::dialect::Dialect;
    use crate::kconf::eval::Tristate;
    use crate::kconf::probe::Probe;
    use crate::kconf::syntax::parse;

    /// That there is a compiler, of which two cannot both be, keeps nothing from being confirmed together.
    #[test]
    fn one_configuration_confirms_what_goes_together() {
        let text = String::from(
            "cc-name := $(shell,cc)\n\
             config CC_IS_GCC\n\tdef_bool $(shell,{ test \"$(cc-name)\" = GCC; } >/dev/null 2>&1 && echo \"y\" || echo \"n\")\n\
             config CC_IS_CLANG\n\tdef_bool $(shell,{ test \"$(cc-name)\" = Clang; } >/dev/null 2>&1 && echo \"y\" || echo \"n\")\n\
             config NEVER\n\tbool\n",
        );
        let more: Vec<String> = (0..30).map(|n| format!("config X{n}\n\tbool \"x\"\n")).collect();
        let text = text + &more.concat();
        let sources = |name: &str| {
            let text = text.as_bytes().to_vec();
            Ok(Arc::new(parse(name.to_owned(), PathBuf::from(name), text, Dialect::default())))
        };
        let model = build(&sources, "Kconfig", &|_| None, &mut Probe::Never, Dialect::default());
        assert!(!model.failed(), "{:?}", model.messages);
        let mut logic = Logic::new(&model);
        let on = |logic: &mut Logic<'_>, name: &str| {
            let symbol = logic.find(name).unwrap();
            logic.value_at_least(symbol, Tristate::Yes)
        };
        let (gcc, clang) = (on(&mut logic, "CC_IS_GCC"), on(&mut logic, "CC_IS_CLANG"));
        let compiler = logic.circuit().any([gcc, clang]);
        let evaluated = std::cell::Cell::new(0);
        let mut asks = Vec::new();
        for (group, name) in
            (0..30).map(|n| format!("X{n}")).chain(["NEVER".to_owned()]).enumerate()
        {
            let lits = vec![on(&mut logic, &name), compiler];
            let evaluated = &evaluated;
            let check = Box::new(move |state: &mut State<'_>| {
                evaluated.set(evaluated.get() + 1);
                let is_on = |state: &mut State<'_>, name: &str| {
                    let symbol = state.find(name.as_bytes()).unwrap();
                    state.tristate(symbol) == Tristate::Yes
                };
                is_on(state, &name) && (is_on(state, "CC_IS_GCC") || is_on(state, "CC_IS_CLANG"))
            });
            asks.push(Ask { lits, check, group });
        }
        let confirmed = logic.confirmed(&asks);
        assert_eq!(confirmed, [vec![true; 30], vec![false]].concat());
        // One configuration, of which each question is asked once.
        assert_eq!(evaluated.get(), 30);
        assert!(logic.counts().solved <= 2, "{:?}", logic.counts());
        // The first compiler that is looked for is the one that witnesses have.
        let witness = logic.shown(&asks[0].lits, &asks[0].check).unwrap();
        let [(probe, Tristate::Yes)] = witness.probes[..] else { panic!("{witness:?}") };
        let of_gcc = logic.find("CC_IS_GCC").map(|gcc| model.symbol(gcc).props[0]).unwrap();
        let of_gcc = model.prop(of_gcc).expr.map(|expr| model.exprs.get(expr));
        assert_eq!(of_gcc, Some(crate::kconf::expr::Expr::Symbol(probe)));
    }
}
