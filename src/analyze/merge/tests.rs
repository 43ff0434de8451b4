//! Any partition of a run, in any order and in any number of steps, is merged into that run.

use std::collections::BTreeSet;

use super::*;
use crate::model::run::{Measured, SCHEMA, SourceInfo, Target};
use crate::model::size::Berkeley;

/// What decides what becomes of a cell: its inputs, and whether what it asks for can be had.
#[derive(Clone)]
struct Input {
    id: String,
    class: usize,
    kind: Kind,
}

#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Fine,
    Impossible,
    Dropped,
    Skipped,
}

/// Numbers that look random and are the same every time.
struct Dice(u64);

impl Dice {
    fn below(&mut self, n: usize) -> usize {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % n
    }
}

fn inputs(dice: &mut Dice) -> Vec<Input> {
    let mut inputs = Vec::new();
    for arch in ["arm", "x86_64"] {
        for source in ["a", "b"] {
            for variant in ["without", "with", "more"] {
                let kind = match dice.below(8) {
                    0 => Kind::Impossible,
                    1 => Kind::Dropped,
                    2 => Kind::Skipped,
                    _ => Kind::Fine,
                };
                // Few classes, so that many inputs are equal.
                let class = dice.below(3) + if arch == "arm" { 0 } else { 3 };
                inputs.push(Input { id: format!("{arch}/{source}/{variant}"), class, kind });
            }
        }
    }
    inputs
}

/// What a build of the `chosen` cells records, without what it says of time.
fn build(inputs: &[Input], chosen: &BTreeSet<usize>, fails: usize, whole: bool) -> Vec<Cell> {
    let mut cells: Vec<Cell> = Vec::new();
    let of = |first: &Input| Status::Identical { of: first.id.clone() };
    let stands = |class: usize| {
        let mut chosen = chosen.iter().map(|&at| &inputs[at]);
        chosen.find(|other| other.class == class && other.kind == Kind::Fine)
    };
    for &at in chosen {
        let Input { id, class, kind } = &inputs[at];
        let mut words = id.split('/');
        let (arch, label) = (words.next().unwrap(), words.next().unwrap());
        let measured = |of: &str| Measured {
            size: Berkeley { text: 100 + *class as u64, data: 1, bss: 2 },
            file: Some(format!("{of}/vmlinux")),
            ..Measured::default()
        };
        let reason = "no".to_owned();
        let built = if *class == fails {
            (Status::Failed { reason: reason.clone() }, None)
        } else {
            (Status::Built, Some(measured(id)))
        };
        let (status, measured) = match (kind, stands(*class)) {
            (Kind::Dropped, _) => (Status::Dropped { reason }, None),
            (Kind::Skipped, _) => (Status::Skipped { reason, package: None }, None),
            (_, Some(first)) if first.id == *id => built,
            (_, Some(first)) if *class == fails && !whole => (of(first), None),
            (_, Some(first)) if *class == fails => {
                let reason = format!("same inputs as {}, which failed: {reason}", first.id);
                (Status::Failed { reason }, None)
            }
            (_, Some(first)) => (of(first), Some(measured(&first.id))),
            (_, None) => (Status::Impossible { reason }, None),
        };
        let log = (status == Status::Built).then(|| format!("{id}/build.log"));
        cells.push(Cell {
            id: id.clone(),
            arch: arch.into(),
            source: SourceInfo {
                label: label.into(),
                kernel: None,
                digest: Some(label.into()),
                revision: None,
            },
            variant: words.next().unwrap().into(),
            base_config: "tinyconfig".into(),
            labels: vec![],
            target: Target::Vmlinux,
            requests: vec![],
            dragged_in: vec![],
            ours: vec![],
            mispredicted: vec![],
            config_digest: None,
            identity: (*kind != Kind::Skipped).then(|| format!("{class:x}")),
            compiler: (*kind != Kind::Skipped).then(|| format!("gcc for {arch}")),
            linker: None,
            make_words: vec![],
            wall_s: if measured.is_some() && log.is_some() { 7.0 } else { 0.0 },
            cpu_s: 0.0,
            forecast: None,
            objects: log.is_some().then_some(3),
            reproduce: None,
            measured,
            status,
            log,
        });
    }
    cells
}

fn run(cells: Vec<Cell>, part_of: Option<PartOf>) -> Run {
    let command = ["hmmsize", "build", "--arch=arm,x86_64"].map(str::to_owned).to_vec();
    let (baseline_variant, baseline_source) = (Some("without".to_owned()), Some("a".to_owned()));
    let tool = "hmmsize".to_owned();
    Run { schema: SCHEMA, tool, command, baseline_variant, baseline_source, part_of, cells }
}

fn part(name: &str, mut run: Run) -> Part {
    let ids: Vec<&str> = run.cells.iter().map(|cell| cell.id.as_str()).collect();
    let ids = ids.join(",");
    if name.len().is_multiple_of(2) {
        run.command.push(format!("--cells={ids}"));
    } else {
        run.command.splice(2..2, ["--cells".to_owned(), ids]);
    }
    Part { file: name.into(), run }
}

/// A run of some inputs, whole and in parts.
fn cut(dice: &mut Dice) -> (Run, Vec<Part>) {
    let inputs = inputs(dice);
    let fails = dice.below(12);
    let all: BTreeSet<usize> = (0..inputs.len()).collect();
    let whole = run(build(&inputs, &all, fails, true), None);
    let cells = inputs.iter().map(|input| input.id.clone()).collect();
    let of = PartOf { digest: "abc".into(), cells };
    let mut shares = vec![BTreeSet::new(); 1 + dice.below(6)];
    for at in all {
        let share = dice.below(shares.len());
        shares[share].insert(at);
    }
    shares.retain(|share| !share.is_empty());
    let parts = shares.iter().enumerate().map(|(number, share)| {
        part(&"p".repeat(number + 1), run(build(&inputs, share, fails, false), Some(of.clone())))
    });
    (whole, parts.collect())
}

fn shuffle<T>(items: &mut [T], dice: &mut Dice) {
    for at in (1..items.len()).rev() {
        items.swap(at, dice.below(at + 1));
    }
}

#[test]
fn every_partition_in_every_order_is_the_whole_run() {
    let mut dice = Dice(1);
    let (mut identical, mut failed, mut several) = (0, 0, 0);
    for _ in 0..2000 {
        let (whole, mut parts) = cut(&mut dice);
        shuffle(&mut parts, &mut dice);
        several += usize::from(parts.len() > 1);
        assert_eq!(merge(&parts).unwrap(), whole);
        let count = |is: fn(&Status) -> bool| whole.cells.iter().filter(|c| is(&c.status)).count();
        identical += count(|status| matches!(status, Status::Identical { .. }));
        failed += count(|status| matches!(status, Status::Failed { .. }));
    }
    assert!(identical > 4000 && failed > 1000 && several > 1000, "{identical} {failed} {several}");
}

#[test]
fn parts_may_be_merged_step_by_step() {
    let mut dice = Dice(2);
    let mut steps = 0;
    for _ in 0..2000 {
        let (whole, mut parts) = cut(&mut dice);
        while parts.len() > 1 {
            shuffle(&mut parts, &mut dice);
            let two = parts.split_off(parts.len() - 2);
            let run = merge(&two).unwrap();
            let missing = run.missing().count();
            assert_eq!(
                missing,
                if parts.is_empty() { 0 } else { whole.cells.len() - run.cells.len() }
            );
            assert_eq!(run.part_of.is_none(), parts.is_empty());
            if parts.is_empty() {
                assert_eq!(run, whole);
                break;
            }
            steps += 1;
            parts.push(part("joined", run));
        }
    }
    assert!(steps > 2000, "{steps}");
}

/// Some run in at least two parts, both with a compiler.
fn two() -> Vec<Part> {
    let mut dice = Dice(3);
    loop {
        let (_, parts) = cut(&mut dice);
        let arm = |part: &Part| {
            part.run.cells.iter().any(|c| c.compiler.as_deref() == Some("gcc for arm"))
        };
        if parts.len() > 1 && parts.iter().all(arm) {
            return parts;
        }
    }
}

fn refused(parts: &[Part], why: &str) {
    let err = merge(parts).unwrap_err();
    assert_eq!(err.exit(), crate::exit::Exit::Input);
    assert!(err.to_string().contains(why), "{err}, not {why}");
}

/// Changes every cell of the second part that `wanted` picks.
fn changed(wanted: fn(&Cell) -> bool, change: fn(&mut Cell)) -> Vec<Part> {
    let mut parts = two();
    let cells: Vec<&mut Cell> = parts[1].run.cells.iter_mut().filter(|c| wanted(c)).collect();
    assert!(!cells.is_empty());
    cells.into_iter().for_each(change);
    parts
}

#[test]
fn what_does_not_belong_together_is_refused() {
    assert!(merge(&two()).is_ok());
    let arm = |cell: &Cell| cell.compiler.as_deref() == Some("gcc for arm");
    refused(
        &changed(arm, |c| c.compiler = Some("gcc 13".into())),
        "compiled by gcc 13, but by gcc",
    );
    refused(&changed(arm, |c| c.linker = Some("lld".into())), "not linked by the linker of");
    refused(
        &changed(arm, |c| c.make_words.push("W=1".into())),
        "not built with the make variables",
    );
    let other = |c: &mut Cell| c.source.digest = Some("c".into());
    refused(&changed(|c| c.source.label == "a", other), "source a is not the one of");

    let mut parts = two();
    parts[1].run.cells.iter_mut().for_each(other);
    parts[1].run.part_of.as_mut().unwrap().digest = "d".into();
    refused(&parts, "its digests differ");
    let mut parts = two();
    parts[1].run.part_of.as_mut().unwrap().digest = "d".into();
    refused(&parts, "not of the same plan as p: options, configurations or targets differ");
    let mut parts = two();
    parts[1].run.tool = "hmmsize 2".into();
    refused(&parts, "was written by hmmsize 2, but p by hmmsize");
    let mut parts = two();
    parts[1].run.part_of = None;
    refused(&parts, "is a whole run, not a part");
    let mut parts = two();
    parts.push(Part { file: "again".into(), ..parts[0].clone() });
    refused(&parts, "is in p, too");
    let mut parts = two();
    parts[1].run.cells[0].id = "arm/a/other".into();
    refused(&parts, "arm/a/other is not in the plan");
}

#[test]
fn equal_inputs_in_different_environments_are_refused() {
    let mut dice = Dice(4);
    let mut seen = 0;
    for _ in 0..200 {
        let (_, mut parts) = cut(&mut dice);
        let pair = parts.iter().flat_map(|part| &part.run.cells).find_map(|cell| {
            let Status::Identical { of } = &cell.status else { return None };
            Some((cell.id.clone(), of.clone()))
        });
        let Some((cell, of)) = pair else { continue };
        for part in &mut parts {
            for c in part.run.cells.iter_mut().filter(|c| c.id == of) {
                c.identity = Some("fff".into());
            }
        }
        refused(&parts, &format!("{cell} has the inputs that {of} had there"));
        seen += 1;
    }
    assert!(seen > 100, "{seen}");
}
