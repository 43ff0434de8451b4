//! Layouts of structures: the compiler itself says `sizeof` and `offsetof`, in a table of the same object.

use hmmsize::elf::dwarf::Debug;
use hmmsize::elf::{Input, Want};
use hmmsize::model::image::Endian;
use hmmsize::model::symtab::Place;

use super::sources::COMPILERS;
use crate::support::{have, run, scratch};

/// Numbers that must have been compared.
const MINIMUM: usize = 60;

const SOURCE: &str = "
struct list { struct list *next, *prev; };
struct page {
	unsigned long flags;
	union {
		struct { struct list lru; void *mapping; };
		struct { unsigned char order; short count; };
		int private;
	};
	int bits : 3, more : 7;
	char last;
};
union word { int whole; char part[4]; };
struct page a; union word b;
#define AT(m) __builtin_offsetof(struct page, m)
unsigned int table[] = { sizeof(struct page), sizeof(union word), sizeof(struct list),
	AT(flags), AT(lru), AT(mapping), AT(order), AT(count), AT(private), AT(last) };
";
const MEMBERS: [&str; 7] = ["flags", "lru", "mapping", "order", "count", "private", "last"];

#[test]
fn structures_are_laid_out_as_the_compiler_says() {
    let mut compared = 0;
    for compiler in COMPILERS.iter().filter(|compiler| have(compiler.name)) {
        for dwarf in ["-gdwarf-4", "-gdwarf-5"] {
            let dir = scratch();
            std::fs::write(dir.path().join("a.c"), SOURCE).unwrap();
            run(
                dir.path(),
                compiler.name,
                compiler.flags.iter().chain(&[dwarf, "-c", "a.c", "-o", "a.o"]),
            );
            let input = Input::open(&dir.path().join("a.o")).unwrap();
            let image = input.image(Want::SYMBOLS).unwrap();
            let symbol = image.symbols.named("table").next().unwrap();
            let Place::Section(section) = symbol.section else { panic!("no table") };
            let data = &image.section(section).unwrap().data[symbol.value as usize..];
            let word = |at: usize| {
                let bytes = *data[at * 4..].first_chunk::<4>().unwrap();
                let big = image.header.endian == Endian::Big;
                u64::from(if big { u32::from_be_bytes(bytes) } else { u32::from_le_bytes(bytes) })
            };
            let debug = Debug::of(&image).unwrap().unwrap();
            let records = debug.records(&|name| name != "list");
            let what = format!("{} {dwarf}", compiler.name);
            let names: Vec<&str> = records.iter().map(|record| record.name.as_str()).collect();
            assert_eq!(names, ["page", "word"], "{what}");
            let (page, union) = (&records[0], &records[1]);
            assert_eq!((page.bytes, union.bytes), (word(0), word(1)), "{what}");
            assert!(union.is_union && !page.is_union, "{what}");
            assert_eq!((page.file.as_str(), page.line), ("a.c", 3), "{what}");
            for (number, name) in MEMBERS.iter().enumerate() {
                let member = page.members.iter().find(|member| member.name == *name).unwrap();
                assert_eq!(member.bit, word(3 + number) * 8, "{what}: {name}");
                compared += 1;
            }
            let lru = page.members.iter().find(|member| member.name == "lru").unwrap();
            assert_eq!((lru.file.as_str(), lru.line), ("a.c", 6), "{what}");
            let list = debug.records(&|name| name == "list");
            assert_eq!(list.iter().map(|list| list.bytes).collect::<Vec<_>>(), [word(2)], "{what}");
            compared += 3;
        }
    }
    println!("{compared} numbers compared");
    assert!(compared >= MINIMUM, "only {compared} numbers compared");
}
