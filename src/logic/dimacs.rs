//! The clauses as text that every SAT solver reads, so that another one can confirm what ours says.
//!
//! DIMACS CNF: node 0 of the circuit is variable 1, and so on. Gates that nothing needs are left out.

use std::fmt::Write as _;

use super::circuit::{Circuit, Lit, Node};
use super::clauses::Clauses;

/// All clauses, their gates, and `lits` as clauses of their own.
pub(super) fn write(circuit: &Circuit, clauses: &Clauses, lits: &[Lit]) -> String {
    let mut body = String::new();
    let mut count = 0_usize;
    let mut say = |clause: &[Lit]| {
        for lit in clause {
            let sign = if lit.is_negated() { "-" } else { "" };
            // Writing into a String does not fail.
            let _ = write!(body, "{sign}{} ", lit.node() + 1);
        }
        body.push_str("0\n");
        count += 1;
    };
    say(&[Lit::TRUE]);
    let mut todo: Vec<u32> = lits.iter().map(|lit| lit.node()).collect();
    for lit in lits {
        say(&[*lit]);
    }
    for (clause, _) in clauses.from(0) {
        say(clause);
        todo.extend(clause.iter().map(|lit| lit.node()));
    }
    let mut loaded = vec![false; circuit.len()];
    while let Some(node) = todo.pop() {
        if std::mem::replace(&mut loaded[node as usize], true) {
            continue;
        }
        if let Node::And(a, b) = circuit.node(node) {
            let gate = Lit::new(node, false);
            say(&[!gate, a]);
            say(&[!gate, b]);
            say(&[gate, !a, !b]);
            todo.extend([a.node(), b.node()]);
        }
    }
    format!("p cnf {} {count}\n{body}", circuit.len())
}
