//! Whether a configuration that an evaluation found satisfies the clauses.
//!
//! Each configuration that Kconfig reaches has to: this is how the evaluator is held against the
//! logic, and what is asked before a configuration is trusted to answer questions.

use super::circuit::{Circuit, Lit, Node};
use super::clauses::{Clauses, GroupId};

/// The first group with a clause that does not hold, if any; `inputs` are by node.
pub(super) fn violated(circuit: &Circuit, clauses: &Clauses, inputs: &[bool]) -> Option<GroupId> {
    let mut values: Vec<bool> = Vec::with_capacity(circuit.len());
    for node in 0..circuit.len() as u32 {
        let at = |lit: Lit| values[lit.node() as usize] != lit.is_negated();
        values.push(match circuit.node(node) {
            Node::True => true,
            Node::Input => inputs[node as usize],
            Node::And(a, b) => at(a) && at(b),
        });
    }
    let holds = |lit: &Lit| values[lit.node() as usize] != lit.is_negated();
    clauses.from(0).find(|(clause, _)| !clause.iter().any(holds)).map(|(_, group)| group)
}

/// Whether all clauses hold.
pub(super) fn satisfied(circuit: &Circuit, clauses: &Clauses, inputs: &[bool]) -> bool {
    violated(circuit, clauses, inputs).is_none()
}
