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
typedef struct { int deep; char x; } named_t;
typedef const unsigned short word_t;
struct wide {
	int two[3][2];
	struct { int deep; char x; } own;
	named_t named;
	struct list many[4];
	struct page *pointer;
	volatile word_t words[5];
	unsigned low : 5;
	char flexible[];
};
struct page a; union word b; struct wide *c;
#define WIDTH(m) sizeof(((struct wide *)0)->m)
#define AT(m) __builtin_offsetof(struct page, m)
unsigned int table[] = { sizeof(struct page), sizeof(union word), sizeof(struct list),
	AT(flags), AT(lru), AT(mapping), AT(order), AT(count), AT(private), AT(last),
	WIDTH(two), WIDTH(own), WIDTH(own.deep), WIDTH(own.x), WIDTH(named), WIDTH(named.deep), WIDTH(many),
	WIDTH(pointer), WIDTH(words) };
";
const WIDE: [(&str, &str); 9] = [
    ("two", ""),
    ("own", ""),
    ("own.deep", ""),
    ("own.x", ""),
    ("named", ""),
    ("named.deep", ""),
    ("many", "list"),
    ("pointer", ""),
    ("words", ""),
];
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
            let records = debug.records(&|name| matches!(name, "page" | "word"));
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
            let wide = &debug.records(&|name| name == "wide")[0];
            for (number, (name, of)) in WIDE.iter().enumerate() {
                let member = wide.members.iter().find(|member| member.name == *name).unwrap();
                let known = (member.bits, member.of.as_str());
                assert_eq!(known, (word(10 + number) * 8, *of), "{what}: {name}");
                compared += 1;
            }
            let bits = |name: &str| wide.members.iter().find(|one| one.name == name).unwrap().bits;
            assert_eq!((bits("low"), bits("flexible")), (5, 0), "{what}");
            let tags = debug.tags();
            let sizes = tags.iter().map(|tag| (tag.name.as_str(), tag.is_union, tag.bytes));
            let (page, union, list) = (page.bytes, union.bytes, list[0].bytes);
            let all = [
                ("list", false, list),
                ("page", false, page),
                ("wide", false, wide.bytes),
                ("word", true, union),
            ];
            assert_eq!(sizes.collect::<Vec<_>>(), all, "{what}");
            compared += 3;
        }
    }
    println!("{compared} numbers compared");
    assert!(compared >= MINIMUM, "only {compared} numbers compared");
}
