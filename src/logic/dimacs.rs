//! The clauses as text that every SAT solver reads, so that another one can confirm what ours says.
//!
//! DIMACS CNF: node 0 of the circuit is variable 1, and so on. Gates that nothing needs are left out.

use std::fmt::Write as _;

use super::circuit::{Circuit, Lit, Node};
use super::clauses::Clauses;

/// All clauses, `lits` as clauses of their own, and the gates of these and of `others`.
pub(super) fn write(
    circuit: &Circuit,
    clauses: &Clauses,
    lits: &[Lit],
    others: impl Iterator<Item = Lit>,
) -> String {
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
    let mut todo: Vec<u32> = lits.iter().copied().chain(others).map(Lit::node).collect();
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

/// The clauses of such a text, with the number of variables; nothing if it is none.
pub(crate) fn read(text: &str) -> Option<(u32, Vec<Vec<Lit>>)> {
    let mut lines = text.lines().filter(|line| !line.starts_with('c'));
    let mut header = lines.next()?.strip_prefix("p cnf ")?.split_ascii_whitespace();
    let variables: u32 = header.next()?.parse().ok()?;
    let count: usize = header.next()?.parse().ok()?;
    let mut clauses = vec![Vec::new()];
    for word in lines.flat_map(str::split_ascii_whitespace) {
        let number: i64 = word.parse().ok()?;
        let node = u32::try_from(number.unsigned_abs()).ok().filter(|node| *node <= variables)?;
        match (node.checked_sub(1), clauses.last_mut()) {
            (Some(node), Some(clause)) => clause.push(Lit::new(node, number < 0)),
            _ => clauses.push(Vec::new()),
        }
    }
    let open = clauses.pop();
    (open?.is_empty() && clauses.len() == count).then_some((variables, clauses))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::logic::clauses::{Reason, Rule};

    #[test]
    fn what_is_written_is_read_again() {
        let mut circuit = Circuit::default();
        let (a, b) = (circuit.input(), circuit.input());
        let both = circuit.and(a, !b);
        let mut clauses = Clauses::default();
        let symbol = crate::kconf::model::SymbolId::new(3);
        clauses.add(Reason { symbol, rule: Rule::Type }, &[!a, b]);
        let text = write(&circuit, &clauses, &[a], [both].into_iter());
        let (variables, read) = read(&text).unwrap();
        assert_eq!(variables, 4);
        for clause in [vec![Lit::TRUE], vec![a], vec![!a, b], vec![!both, a], vec![both, !a, b]] {
            assert!(read.contains(&clause), "{clause:?} {text}");
        }
        assert_eq!(read.len(), 6, "{text}");
        for bad in
            ["", "p cnf 1 1\n2 0\n", "p cnf 2 1\n1 2\n", "p cnf 1 2\n1 0\n", "p cnf 1 1\nx 0\n"]
        {
            assert!(super::read(bad).is_none(), "{bad}");
        }
    }
}
