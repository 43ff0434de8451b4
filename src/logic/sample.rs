//! Random configurations, against which what is said of all configurations is held.
//!
//! A configuration is made by the evaluator, as `randconfig` makes it, and knows nothing of clauses or
//! solvers: what it refutes is wrong, whoever proved it. Open probes are answered at random too. All
//! configurations are evaluated together, a bit each, so that thousands of questions cost little more
//! than one.

use super::circuit::{Lit, Node};
use super::encode::Origin;
use super::solver::Verdict;
use super::{Assignment, Logic, probes};
use crate::kconf::eval::{State, Tristate};
use crate::kconf::model::{Model, SymbolId};
use crate::kconf::modes::{self, Goal, Settings};

/// Configurations that share what the compiler says.
const BATCH: u32 = 10;

/// Random configurations and the value of every gate in each.
#[derive(Debug, Default)]
pub struct Sample {
    /// By node, a bit for each configuration.
    words: Vec<Vec<u64>>,
    seeds: Vec<u32>,
    /// Those that break a clause, and which: our own bug.
    pub contradictions: Vec<(u32, String)>,
}

/// `SplitMix64` (Steele, Lea and Flood): a number for a number.
fn mixed(number: u64) -> u64 {
    let mut z = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

impl Sample {
    /// Makes `count` configurations of `logic`'s model from `seed` on. What is to be asked has to have
    /// its gates already.
    pub fn new(logic: &mut Logic<'_>, seed: u32, count: u32) -> Self {
        logic.settle();
        let mut sample = Self { words: Vec::new(), ..Self::default() };
        let mut inputs: Vec<Vec<u64>> = Vec::new();
        let nodes = logic.encoder.circuit.len();
        let blocks = (count as usize).div_ceil(64);
        inputs.resize(nodes, Vec::new());
        let mut done = 0;
        while done < count {
            let first = seed.wrapping_add(done);
            let model = answered(logic, first);
            let base = State::new(&model);
            for number in done..(done + BATCH).min(count) {
                let seed = seed.wrapping_add(number);
                let Some(mut state) = configuration(&base, seed) else { continue };
                let values = logic.encoder.inputs_of(&mut state);
                if let Some((_, text)) = logic.broken_by(&values) {
                    sample.contradictions.push((seed, text));
                }
                let bit = sample.seeds.len();
                sample.seeds.push(seed);
                for (node, value) in values.into_iter().enumerate() {
                    let lit = Lit::new(node as u32, false);
                    let is_input = matches!(logic.encoder.circuit.node(lit.node()), Node::Input);
                    let value = if is_input && logic.encoder.origin(lit.node()) == Origin::Opaque {
                        // What nobody can know may be anything.
                        mixed(u64::from(seed) << 32 | node as u64) & 1 == 1
                    } else {
                        value
                    };
                    if is_input && value {
                        inputs[node].resize(blocks, 0);
                        inputs[node][bit / 64] |= 1 << (bit % 64);
                    }
                }
            }
            done += BATCH;
        }
        sample.fill(logic, inputs, blocks);
        sample
    }

    fn fill(&mut self, logic: &Logic<'_>, inputs: Vec<Vec<u64>>, blocks: usize) {
        for (node, bits) in inputs.into_iter().enumerate() {
            let row = match logic.encoder.circuit.node(node as u32) {
                Node::True => vec![!0; blocks],
                Node::Input if bits.is_empty() => vec![0; blocks],
                Node::Input => bits,
                Node::And(a, b) => {
                    (0..blocks).map(|block| self.word(a, block) & self.word(b, block)).collect()
                }
            };
            self.words.push(row);
        }
    }

    fn word(&self, lit: Lit, block: usize) -> u64 {
        let word = self.words[lit.node() as usize][block];
        if lit.is_negated() { !word } else { word }
    }

    /// How many configurations there are.
    pub fn len(&self) -> usize {
        self.seeds.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.seeds.is_empty()
    }

    /// The seed of a configuration that has all of `lits`.
    pub fn refutes(&self, lits: &[Lit]) -> Option<u32> {
        let blocks = self.seeds.len().div_ceil(64);
        (0..blocks).find_map(|block| {
            let left = self.seeds.len() - block * 64;
            let valid = if left >= 64 { !0 } else { (1_u64 << left) - 1 };
            let all = lits.iter().fold(valid, |all, lit| all & self.word(*lit, block));
            (all != 0).then(|| self.seeds[block * 64 + all.trailing_zeros() as usize])
        })
    }
}

impl Logic<'_> {
    /// Any configuration, in which as many of `wishes` hold, the first ones first, as go together.
    fn wished(&mut self, wishes: &[Vec<Lit>]) -> Option<Assignment> {
        self.load(&wishes.concat());
        let wishes: Vec<&[Lit]> = wishes.iter().map(Vec::as_slice).collect();
        (self.sat.solve(&[], &wishes) == Verdict::Sat).then(|| self.found())
    }
}

/// The model with answers to its open probes: those that the solver allows, since no compiler is two
/// compilers, and else by chance.
fn answered(logic: &mut Logic<'_>, seed: u32) -> Model {
    let wires = logic.encoder.probe_answers();
    let chance = |wire: &Lit| mixed(u64::from(seed) ^ u64::from(wire.node()) << 32);
    // Most compilers can do most things.
    let wish = |wire: &Lit| vec![if chance(wire) % 4 > 0 { *wire } else { !*wire }];
    let mut wishes: Vec<Vec<Lit>> = wires.iter().map(wish).collect();
    wishes.sort_by_key(|lits| chance(&lits[0]).rotate_left(32));
    let found = logic.wished(&wishes);
    let open: Vec<(SymbolId, Tristate)> = probes::open(logic.model())
        .map(|symbol| (symbol, logic.encoder.value(symbol)))
        .map(|(symbol, value)| {
            let value = found.as_ref().map(|found| found.value(&logic.encoder.circuit, value));
            (symbol, value.unwrap_or(Tristate::No))
        })
        .collect();
    probes::decided(logic.model(), |symbol| {
        let known = open.iter().find(|(known, _)| *known == symbol);
        known.map_or(Tristate::No, |(_, value)| *value)
    })
}

/// What `randconfig` makes of `seed`; nothing where it cannot be evaluated.
fn configuration<'m>(base: &State<'m>, seed: u32) -> Option<State<'m>> {
    let mut state = base.fresh();
    let settings = Settings { seed, ..Settings::default() };
    modes::run(&mut state, &Goal::Random, &settings, &|_| Ok(None)).ok()?;
    (!state.too_deep()).then_some(state)
}
