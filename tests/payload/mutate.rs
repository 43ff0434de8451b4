//! Real maps with changed bytes, lost and repeated lines, laid over the image they belong to:
//! never a panic, and never a byte lost or counted twice.

use hmmsize::analyze::{breakdown, class, payload, size};
use hmmsize::elf::{Input, Want, linkmap};
use hmmsize::model::payload::total;
use proptest::prelude::*;
use proptest::sample::Index;
use proptest::test_runner::{Config, TestRunner};

use crate::linkers;
use crate::support::{run, scratch};

/// Set to run more cases than the default.
const CASES: &str = "HMMSIZE_MUTATE_CASES";

const SOURCE: &str = r#"
const char *s[] = { "one string", "string" };
int zero[500] __attribute__((aligned(128)));
int __attribute__((aligned(64))) f(int x) { return x + s[0][0]; }
int main(void) { return f(zero[1]); }
"#;

#[derive(Debug, Clone)]
enum Change {
    Byte(Index, u8),
    Digit(Index, u8),
    Drop(Index),
    Repeat(Index, Index),
    Cut(Index),
}

fn change() -> impl Strategy<Value = Change> {
    let at = any::<Index>;
    prop_oneof![
        1 => (at(), any::<u8>()).prop_map(|(at, byte)| Change::Byte(at, byte)),
        4 => (at(), prop::sample::select(b"0123456789abcdefx ".to_vec()))
            .prop_map(|(at, byte)| Change::Digit(at, byte)),
        2 => at().prop_map(Change::Drop),
        2 => (at(), at()).prop_map(|(from, to)| Change::Repeat(from, to)),
        1 => at().prop_map(Change::Cut),
    ]
}

fn mutate(text: &[u8], changes: &[Change]) -> Vec<u8> {
    let mut lines: Vec<Vec<u8>> =
        text.split_inclusive(|&byte| byte == b'\n').map(<[u8]>::to_vec).collect();
    for change in changes {
        if lines.is_empty() {
            break;
        }
        let count = lines.len();
        match change {
            Change::Byte(at, byte) | Change::Digit(at, byte) => {
                // Spread one index over line and column.
                let (line, column) = (at.index(count), at.index(40));
                if let Some(old) = lines[line].get_mut(column) {
                    *old = *byte;
                }
            }
            Change::Drop(at) => drop(lines.remove(at.index(count))),
            Change::Repeat(from, to) => {
                let line = lines[from.index(count)].clone();
                lines.insert(to.index(count), line);
            }
            Change::Cut(at) => lines.truncate(at.index(count) + 1),
        }
    }
    lines.concat()
}

#[test]
fn mutated_maps_lose_no_byte() {
    let cases = std::env::var(CASES).ok().and_then(|n| n.parse().ok()).unwrap_or(500);
    let mut read = 0;
    for (linker, path) in linkers() {
        let dir = scratch();
        std::fs::write(dir.path().join("a.c"), SOURCE).unwrap();
        // gcc looks for its linker in the directories of -B first.
        let kind = if linker == "ld" { "-fuse-ld=bfd" } else { "-fuse-ld=lld" };
        let beside = format!("-B{}", path.parent().unwrap().display());
        let mut args =
            vec!["-O1", "-Wl,-Map=out.map", "-Wl,--gc-sections", "-o", "out", "a.c", kind];
        if linker != "ld" {
            args.push(&beside);
        }
        run(dir.path(), "gcc", args);
        let text = std::fs::read(dir.path().join("out.map")).unwrap();
        let input = Input::open(&dir.path().join("out")).unwrap();
        let image = input.image(Want::SYMBOLS).unwrap();
        let berkeley = size::berkeley(&image);
        let config = Config { cases, failure_persistence: None, ..Config::default() };
        let strategy = prop::collection::vec(change(), 1..12);
        let result = TestRunner::new(config).run(&strategy, |changes| {
            let bytes = mutate(&text, &changes);
            let Ok((map, _)) = linkmap::parse(&bytes, "out.map") else { return Ok(()) };
            let (payload, _) = payload::from_map(&image, &map);
            for section in &payload.sections {
                let (padding, lost) = (total(&section.padding), total(&section.unattributed));
                prop_assert!(padding + lost <= section.size);
                for runs in [&section.padding, &section.unattributed] {
                    prop_assert!(runs.windows(2).all(|pair| pair[0].end <= pair[1].start));
                }
            }
            prop_assert_eq!(payload.payload().bytes + payload.padding(), berkeley.dec());
            let classes = class::classify(&image, Some(&payload));
            prop_assert_eq!(classes.values().sum::<u64>(), berkeley.dec());
            prop_assert_eq!(breakdown::by_object(&image, &map).0.total(), berkeley);
            Ok(())
        });
        result.unwrap_or_else(|err| panic!("{linker}: {err}"));
        // The unchanged map of a program with libc's start files accounts for everything.
        let (map, _) = linkmap::parse(&text, "out.map").unwrap();
        let (payload, diags) = payload::from_map(&image, &map);
        assert_eq!(payload.unattributed(), 0, "{linker}: {diags:?}");
        read += 1;
    }
    assert!(read >= 1, "{read} maps mutated");
}
