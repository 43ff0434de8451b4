//! `hmmsize audit` from end to end, on the small Kbuild-shaped tree in `fixtures/tree` with real make,
//! compilers and linkers: whose every byte is, and what leaks where the option is off.

mod support;

use std::fs;

use hmmsize::model::audit::{Cost, Growth, PossibleState, Report, Row, Verdict, Why};
use support::have;
use support::small::{self, said};

/// The small tree, asked for audits.
struct Place(small::Place);

impl std::ops::Deref for Place {
    type Target = small::Place;

    fn deref(&self) -> &small::Place {
        &self.0
    }
}

impl Place {
    /// `None` where make or the native compiler is missing.
    fn new() -> Option<Self> {
        small::Place::new().map(Self)
    }

    /// Builds the tree as it is, with and without the options.
    fn build(&self, out: &str, option: &str, more: &[&str]) {
        let option = format!("--option={option}");
        let out = format!("O={out}");
        let words = ["build", "-C", "linux", &out, "--arch=x86_64", "--base-config=tinyconfig"];
        let rest = ["--fragment=reach.config", &option];
        let all: Vec<&str> = words.iter().chain(&rest).chain(more).copied().collect();
        let output = self.command(&all).output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    }

    /// The report, with this exit code.
    fn audit(&self, code: i32, words: &[&str]) -> Report {
        let all: Vec<&str> = ["audit", "-C", "linux"].iter().chain(words).copied().collect();
        let output = self.command(&all).args(["--format=json"]).output().unwrap();
        assert_eq!(output.status.code(), Some(code), "{words:?}\n{}", said(&output));
        let value = serde_json::from_slice(&output.stdout).expect("JSON");
        support::schema::check("audit", &value);
        serde_json::from_value(value).unwrap()
    }

    fn text(&self, words: &[&str]) -> String {
        let all: Vec<&str> = ["audit", "-C", "linux"].iter().chain(words).copied().collect();
        let output = self.command(&all).env("COLUMNS", "80").output().unwrap();
        String::from_utf8(output.stdout).unwrap()
    }
}

fn row<'c>(cost: &'c Cost, name: &str) -> &'c Row {
    let found = cost.rows.iter().find(|row| row.name == name);
    found.unwrap_or_else(|| panic!("no {name} in {:#?}", cost.rows))
}

/// All sums, the other way round: from the rows.
fn is_exact(cost: &Cost) {
    let rows: i64 = cost.rows.iter().map(|row| row.delta).sum();
    assert_eq!(rows, cost.payload, "the rows are the payload");
    let groups: i64 = cost.groups.iter().map(|group| group.bytes).sum();
    assert_eq!(groups, cost.dec, "the groups are what size says");
    let (old, new) = (cost.old.size.dec() as i64, cost.new.size.dec() as i64);
    assert_eq!(cost.dec, new - old);
    let payload = |side: &hmmsize::model::audit::Side| side.payload.unwrap().bytes as i64;
    assert_eq!(cost.payload, payload(&cost.new) - payload(&cost.old));
    for group in &cost.groups {
        assert_eq!(group.up as i64 - group.down as i64, group.bytes);
    }
}

#[test]
fn every_byte_of_an_option_has_one_reason() {
    let Some(place) = Place::new() else { return };
    place.build("out", "ZONE_DEVICE,DEVICE_PRIVATE,HMM", &[]);
    let run = "out/run.json";
    let report = place.audit(0, &["--option=ZONE_DEVICE", run]);
    assert_eq!(report.verdict, Verdict::Holds);
    let x86 = report.arches.iter().find(|arch| arch.arch == "x86_64").unwrap();
    let cost = x86.on.as_ref().unwrap();
    is_exact(cost);
    assert!(cost.unattributed_percent() < 2.0, "{:?}", cost.groups);

    // Its own object: the makefile's line.
    let own = row(cost, "memremap_pages");
    assert_eq!((own.why, own.option.as_deref()), (Why::Direct, Some("ZONE_DEVICE")));
    let gate = own.gate.as_ref().unwrap();
    assert_eq!(gate.text, "obj-$(CONFIG_ZONE_DEVICE) += memremap.o");
    assert!(gate.place.starts_with("mm/Makefile:"), "{gate:?}");
    // What follows from it.
    let dragged = row(cost, "hmm_range_fault");
    assert_eq!((dragged.why, dragged.option.as_deref()), (Why::DraggedIn, Some("HMM_MIRROR")));
    // A guard in a file that is built anyway is nearer than the makefile.
    let guarded = row(cost, "hmm_mm_init");
    assert_eq!(guarded.option.as_deref(), Some("HMM"));
    assert_eq!(guarded.gate.as_ref().unwrap().text, "#ifdef CONFIG_HMM");
    // Callers of an inline function that tests it, and those where the compiler now calls it instead.
    for row in cost.rows.iter().filter(|row| row.through.first().is_some_and(|n| n == "put_page")) {
        assert!(matches!(row.growth, Some(Growth::Inline | Growth::Moved)), "{row:?}");
        assert_eq!((row.why, row.option.as_deref()), (Why::Ungated, Some("ZONE_DEVICE")));
        assert!(row.gate.as_ref().unwrap().place.starts_with("include/linux/m"), "{row:?}");
    }
    let inline = row(cost, "split_huge_page");
    assert_eq!(inline.through, ["put_page", "free_zone_device_page"]);
    assert_eq!(inline.option.as_deref(), Some("ZONE_DEVICE"));
    // An array of a structure that has a field more.
    let data = row(cost, "mem_map");
    assert_eq!((data.why, data.growth), (Why::Ungated, Some(Growth::Data)));
    assert_eq!(data.option.as_deref(), Some("ZONE_DEVICE"));
    assert_eq!(data.through, ["page"]);

    // The same bytes asked about otherwise: other reasons, the same sums.
    let report = place.audit(0, &["--option=HMM", run]);
    let x86 = report.arches.iter().find(|arch| arch.arch == "x86_64").unwrap();
    let other = x86.on.as_ref().unwrap();
    is_exact(other);
    assert_eq!((other.payload, other.dec), (cost.payload, cost.dec));
    assert_eq!(row(other, "hmm_mm_init").why, Why::Direct);
    assert_eq!(row(other, "memremap_pages").why, Why::DraggedIn);

    // Budgets.
    let limit = format!("--max-on={}", cost.payload);
    place.audit(0, &["--option=ZONE_DEVICE", run, &limit]);
    let limit = format!("--max-on={}", cost.payload - 1);
    let report = place.audit(1, &["--option=ZONE_DEVICE", run, &limit]);
    assert_eq!(report.verdict, Verdict::Broken);
    place.audit(1, &["--option=ZONE_DEVICE", run, "--max-ungated=0"]);

    // What is pasted.
    let block = place.text(&["--option=ZONE_DEVICE", run, "--commit-message"]);
    assert!(block.contains("\tfilename\n") && block.contains("payload +"), "{block}");
    for line in block.lines() {
        let wide = line.chars().fold(0, |at, c| if c == '\t' { at / 8 * 8 + 8 } else { at + 1 });
        assert!(wide <= 75, "{line}");
        assert!(!["#", "---", "diff -"].iter().any(|start| line.starts_with(start)), "{line}");
    }
    // Every format shows the same bytes.
    for format in ["table", "markdown", "csv"] {
        let text = place.text(&["--option=ZONE_DEVICE", run, "--format", format]).replace('\\', "");
        assert!(text.contains("memremap_pages") && text.contains("mem_map"), "{format}: {text}");
    }
    let table = place.text(&["--option=ZONE_DEVICE", run]);
    let wide = table.lines().find(|line| !line.contains('\t') && line.chars().count() > 80);
    assert_eq!(wide, None, "{table}");
    // Images by name, as a run has them.
    let file = |variant: &str| format!("--{variant}=out/x86_64/linux/{variant}/vmlinux");
    let report = place.audit(0, &["--option=ZONE_DEVICE", &file("without"), &file("with")]);
    let image = report.arches.iter().find_map(|arch| arch.on.as_ref()).unwrap();
    assert_eq!((image.payload, &image.rows), (cost.payload, &cost.rows));
}

#[test]
fn what_leaks_is_named_with_its_line_and_the_guard_that_would_stop_it() {
    let Some(place) = Place::new() else { return };
    if !have("git") {
        return;
    }
    place.git(&["init", "-q"]);
    place.git(&["add", "-A"]);
    place.git(&["commit", "-q", "-m", "base"]);
    let change = |file: &str, from: &str, to: &str| {
        let file = place.tree().join(file);
        let text = fs::read_to_string(&file).unwrap();
        assert!(text.contains(from), "{text}");
        fs::write(&file, text.replacen(from, to, 1)).unwrap();
    };
    // The option's own code may grow. Two leaks: a function, and a field.
    change("mm/memremap.c", "\nvoid ", "\nint zone_device_more(int x) { return x * 77; }\nvoid ");
    let leak = "int forgotten(int x)\n{\n\treturn x * 5 + 1;\n}\n\nvoid lru_add(";
    change("mm/swap.c", "void lru_add(", leak);
    change("include/linux/mm.h", "\tint refs, maps;\n", "\tint refs, maps;\n\tlong leaked[2];\n");
    place.git(&["add", "-A"]);
    place.git(&["commit", "-q", "-m", "head"]);
    place.build("out", "ZONE_DEVICE", &["--base=HEAD~1", "--head=HEAD"]);
    let run = "out/run.json";
    let report = place.audit(1, &["--option=ZONE_DEVICE", run]);
    assert_eq!(report.verdict, Verdict::Broken);
    let x86 = report.arches.iter().find(|arch| arch.arch == "x86_64").unwrap();
    let cost = x86.off.as_ref().unwrap();
    is_exact(cost);
    assert!(x86.on.is_some(), "with against without, of the head");
    // Nothing but the two.
    let code = row(cost, "forgotten").leak.as_ref().unwrap();
    assert_eq!(code.text, "int forgotten(int x)");
    assert!(code.place.starts_with("mm/swap.c:"), "{code:?}");
    assert_eq!(code.guard, "#ifdef CONFIG_ZONE_DEVICE");
    let field = row(cost, "mem_map").leak.as_ref().unwrap();
    assert_eq!(field.text, "long leaked[2];");
    assert!(field.place.starts_with("include/linux/mm.h:"), "{field:?}");
    assert!(!cost.rows.iter().any(|row| row.name == "zone_device_more"), "it is off");
    let grown = cost.rows.iter().filter(|row| row.delta > 0 && row.why == Why::Ungated);
    for row in grown {
        assert!(row.leak.is_some(), "every byte has its line: {row:?}");
    }
    assert!(cost.unattributed_percent() < 2.0, "{:?}", cost.groups);
    let more: u64 = cost.rows.iter().filter(|r| r.delta > 0).map(|r| r.delta as u64).sum();
    place.audit(0, &["--option=ZONE_DEVICE", run, &format!("--max-off={more}")]);
}

#[test]
fn from_source_alone_it_says_where_an_option_can_be_and_what_it_gates() {
    let Some(place) = Place::new() else { return };
    let report = place.audit(0, &["--option=ZONE_DEVICE", "--deny=never"]);
    let state = |arch: &str| {
        let arch = report.arches.iter().find(|one| one.arch == arch).unwrap();
        (arch.possible[0].state, arch.possible[0].chain.clone())
    };
    assert_eq!(state("arm64").0, PossibleState::Possible);
    let (arm, chain) = state("arm");
    assert_eq!(arm, PossibleState::Impossible);
    assert!(chain.iter().any(|hop| hop.place.as_ref().is_some_and(|p| p.contains("Kconfig:"))));
    let function = |name: &str| report.functions.iter().find(|one| one.name == name);
    let own = function("memremap_pages").unwrap();
    assert!(own.defined.starts_with("mm/memremap.c:"), "{own:?}");
    assert_eq!(own.prototypes.len(), 1);
    assert_eq!(own.stubs.len(), 1);
    assert!(own.stubs[0].starts_with("include/linux/memremap.h:"), "{own:?}");
    assert!(function("get_user_pages").is_none(), "nothing gates it");
    let text = place.text(&["--option=ZONE_DEVICE"]);
    assert!(text.contains("impossible: arm"), "{text}");
    assert!(text.contains("memremap_pages"), "{text}");
}

#[test]
fn debug_information_tells_types_and_what_was_inlined() {
    let Some(place) = Place::new() else { return };
    let header = place.tree().join("include/linux/mm.h");
    let text = fs::read_to_string(&header).unwrap();
    let types = "struct zone_counts { char head; unsigned long counts[NR_ZONES]; };\nstruct node {\n\t\
                 struct zone_counts zones;\n\tstruct {\n\t\tint a;\n#ifdef CONFIG_HMM\n\t\tint b[4];\n\
                 #endif\n\t} own;\n};\nextern struct page mem_map";
    fs::write(&header, text.replacen("extern struct page mem_map", types, 1)).unwrap();
    let source = place.tree().join("mm/page_alloc.c");
    let text = fs::read_to_string(&source).unwrap();
    fs::write(&source, format!("{text}struct node nodes[3];\n")).unwrap();
    place.build("out", "ZONE_DEVICE,HMM", &["--debug-info"]);
    let run = "out/run.json";
    let report = place.audit(0, &["--option=ZONE_DEVICE", run]);
    let cost = report.arches.iter().find_map(|arch| arch.on.as_ref()).unwrap();
    is_exact(cost);
    let found = |name: &str| cost.types.iter().find(|one| one.name == name).unwrap();

    // A field behind a guard: what the compiler made of an array of them says how large it is.
    let page = found("struct page");
    assert_eq!(256 * (page.new - page.old) as i64, row(cost, "mem_map").delta);
    assert!(page.defined.as_ref().unwrap().starts_with("include/linux/mm.h:"), "{page:?}");
    let [field] = &page.fields[..] else { panic!("{page:?}") };
    assert_eq!((field.name.as_str(), field.old, field.new), ("pgmap", None, Some(64)));
    assert_eq!(field.option.as_deref(), Some("ZONE_DEVICE"));
    assert_eq!(field.gate.as_ref().unwrap().text, "#ifdef CONFIG_ZONE_DEVICE");
    // An array that a constant makes longer.
    let [counts] = &found("struct zone_counts").fields[..] else { panic!("{:?}", cost.types) };
    assert_eq!((counts.name.as_str(), counts.old, counts.new), ("counts", Some(192), Some(256)));
    assert_eq!(
        (counts.option.as_deref(), &counts.through[..]),
        (Some("ZONE_DEVICE"), &["NR_ZONES".to_owned()][..])
    );
    // A member of a type that changed, and one of a structure without a tag, dragged in.
    let node = found("struct node");
    assert_eq!(3 * (node.new - node.old) as i64, row(cost, "nodes").delta);
    let [zones, inner] = &node.fields[..] else { panic!("{node:?}") };
    assert_eq!(
        (zones.name.as_str(), zones.through.join(" ").as_str()),
        ("zones", "zone_counts NR_ZONES")
    );
    assert_eq!((inner.name.as_str(), inner.option.as_deref()), ("own.b", Some("HMM")));

    // What was inlined, as `compare` counts it.
    let put = cost.inlined.iter().find(|one| one.name == "put_page").unwrap();
    let rows =
        cost.rows.iter().filter(|r| r.inlined.as_ref().is_some_and(|i| i.name == "put_page"));
    let (count, growth, bytes) = rows.fold((0, 0, 0), |(count, growth, bytes), row| {
        let inlined = row.inlined.as_ref().unwrap().bytes;
        assert!(matches!(row.growth, Some(Growth::Inline | Growth::Moved)), "{row:?}");
        assert_eq!(row.through[0], "put_page");
        (count + 1, growth + row.delta, bytes + inlined)
    });
    assert_eq!((put.functions, put.growth, put.bytes), (count, growth, bytes));
    let file = |variant: &str| format!("out/x86_64/linux/{variant}/vmlinux");
    let words = ["compare", "--by=inline", "--format=json", &file("without"), &file("with")];
    let output = place.command(&words).output().unwrap();
    let compared: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let all = compared["comparisons"][0]["tables"][0]["rows"].as_array().unwrap();
    let other = all.iter().find(|row| row["name"] == "put_page").unwrap();
    // There are functions that call it, and one that is told by another that it inlines.
    let all = other["inlined"]["functions"].as_u64().unwrap();
    assert!(put.functions >= 3 && put.functions <= all, "{other} {put:?}");
    let one = |name: &str, bytes: i64| {
        assert_eq!(
            row(cost, name).inlined.as_ref().map(|i| i.bytes.signum()),
            Some(bytes),
            "{name}"
        );
    };
    one("split_huge_page", 1);
    one("lru_add", -1);

    // For people.
    let said = format!("{} functions ", put.functions);
    for format in ["table", "markdown"] {
        let text = place.text(&["--option=ZONE_DEVICE", run, "--format", format]).replace('\\', "");
        for part in
            [&said, "inlined put_page", "struct page", "+ pgmap", "8 bytes", "through NR_ZONES"]
        {
            assert!(text.contains(part), "{format}: {part}: {text}");
        }
    }
    let table = place.text(&["--option=ZONE_DEVICE", run]);
    let wide = table.lines().find(|line| !line.contains('\t') && line.chars().count() > 80);
    assert_eq!(wide, None, "{table}");
}

#[test]
fn compare_by_option_and_guard_adds_up_what_audit_says() {
    let Some(place) = Place::new() else { return };
    place.build("out", "ZONE_DEVICE,HMM", &[]);
    let report = place.audit(0, &["--option=ZONE_DEVICE", "out/run.json"]);
    let cost = report.arches.iter().find_map(|arch| arch.on.as_ref()).unwrap();
    let file = |variant: &str| format!("out/x86_64/linux/{variant}/vmlinux");
    let compare = |more: &[&str]| {
        let (old, new) = (file("without"), file("with"));
        let words = ["compare", "--by=option,guard", "--option=ZONE_DEVICE", &old, &new];
        place.command(&[&words[..], more].concat()).output().unwrap()
    };
    let json = compare(&["-C", "linux", "--format=json"]);
    let json: serde_json::Value = serde_json::from_slice(&json.stdout).unwrap();
    support::schema::check("compare", &json);
    let tables = json["comparisons"][0]["tables"].as_array().unwrap();
    assert_eq!(
        (tables[0]["by"].as_str(), tables[1]["by"].as_str()),
        (Some("option"), Some("guard"))
    );
    let delta = |row: &serde_json::Value| row["delta"].as_i64().unwrap();
    for table in tables {
        let (rows, rest) = (table["rows"].as_array().unwrap(), table["rest"].as_array().unwrap());
        for side in ["old", "new"] {
            let sum: u64 = rows.iter().chain(rest).filter_map(|row| row[side].as_u64()).sum();
            assert_eq!(Some(sum), table["total"][side].as_u64(), "{table}");
        }
        let total = &table["total"];
        let sizes = (cost.old.size.dec(), cost.new.size.dec());
        assert_eq!((total["old"].as_u64(), total["new"].as_u64()), (Some(sizes.0), Some(sizes.1)));
        let same = rest.iter().find(|row| row["name"] == "unchanged").unwrap();
        assert_eq!(delta(same), 0, "what did not change is the same on both sides");
        for row in rows {
            let name = row["name"].as_str().unwrap();
            let is_it = |one: &&Row| match &one.gate {
                _ if table["by"] == "option" => one.option.as_deref() == Some(name),
                Some(gate) => name == format!("{}: {}", gate.place, gate.text),
                None => false,
            };
            let sum: i64 = cost.rows.iter().filter(is_it).map(|one| one.delta).sum();
            assert_eq!(delta(row), sum, "{name}");
        }
    }
    let own = tables[0]["rows"].as_array().unwrap().iter().find(|row| row["name"] == "ZONE_DEVICE");
    assert!(delta(own.unwrap()) >= 2048, "mem_map alone has that");
    for format in ["table", "markdown", "csv"] {
        let text = compare(&["-C", "linux", "--format", format, "--top=0"]);
        let text = String::from_utf8(text.stdout).unwrap().replace('\\', "");
        for part in ["HMM_MIRROR", "mm/hmm.c:33", "unchanged"] {
            assert!(text.contains(part), "{format}: {part}: {text}");
        }
    }
    let output = compare(&[]);
    assert_eq!(output.status.code(), Some(2));
    assert!(said(&output).contains("-C TREE"), "{}", said(&output));
}

#[test]
fn bad_input_is_one_line_and_exit_code_two() {
    let Some(place) = Place::new() else { return };
    for (words, part) in [
        (&["--option=NO_SUCH_OPTION_AT_ALL"][..], "NO_SUCH_OPTION_AT_ALL"),
        (&["--option=ZONE_DEVICE", "nothing.json"], "nothing.json"),
        (&["--option=ZONE_DEVICE", "--without=nothing"], "--with FILE"),
        (&["--option=ZONE_DEVICE", "a.json", "--without=b", "--with=c"], "one of"),
    ] {
        let all: Vec<&str> = ["audit", "-C", "linux"].iter().chain(words).copied().collect();
        let output = place.command(&all).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{words:?}: {}", said(&output));
        let err = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(err.contains(part) && err.lines().count() == 1, "{words:?}: {err}");
    }
    let output = place.command(&["audit", "--option=X", "-C", "cache"]).output().unwrap();
    assert_eq!(output.status.code(), Some(2), "{}", said(&output));
}
