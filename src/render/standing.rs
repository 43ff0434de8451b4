//! How far a run is, a line a cell and a sum.

use crate::model::standing::{Standing, State};

/// Cells in order, then how many are in which state.
pub fn render(cells: &[Standing]) -> String {
    let mut counts = [("done", 0), ("failed", 0), ("running", 0), ("waiting", 0), ("lost", 0)];
    let mut text = String::new();
    for cell in cells {
        let (at, more) = match &cell.state {
            State::Done => (0, String::new()),
            State::Failed(why) => (1, format!(": {why}")),
            State::Running(on) => (2, format!(" on {on}")),
            State::Waiting(why) => (3, format!(" ({why})")),
            State::Lost(how) => (4, format!(" ({how})")),
        };
        counts[at].1 += 1;
        let word = counts[at].0;
        super::columns::put(&mut text, format_args!("{}: {word}{more}\n", cell.id));
    }
    let counts = counts.iter().filter(|(_, n)| *n > 0);
    let counts: Vec<String> = counts.map(|(word, n)| format!("{n} {word}")).collect();
    super::columns::put(&mut text, format_args!("{} cells: {}\n", cells.len(), counts.join(", ")));
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_a_cell_and_a_sum() {
        let cell = |id: &str, state| Standing { id: id.into(), state };
        let cells = [
            cell("a", State::Done),
            cell("b", State::Running("n1".into())),
            cell("c", State::Waiting("BeginTime".into())),
            cell("d", State::Done),
            cell("e", State::Lost("node_fail".into())),
        ];
        let want = "a: done\nb: running on n1\nc: waiting (BeginTime)\nd: done\ne: lost (node_fail)\n\
                    5 cells: 2 done, 1 running, 1 waiting, 1 lost\n";
        assert_eq!(render(&cells), want);
    }
}
