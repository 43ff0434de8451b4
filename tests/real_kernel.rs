//! One end-to-end test on a real kernel: the mm/ scope of `x86_64`, with and without device memory.
//!
//! The tree is the one `cargo xtask test` names in `HMMSIZE_LINUX`. What hmmsize says is held against
//! GNU `size` over the members of the archives it built, and against the `.config` Kconfig wrote.

mod support;

use std::fs;
use std::path::{Path, PathBuf};

use hmmsize::model::run::{Cell, Run, Status};
use hmmsize::model::size::Berkeley;
use support::{have, hmmsize, run, scratch};

/// The tree, or `None` with a word about it; under CI it must be there.
fn tree() -> Option<PathBuf> {
    let tree = std::env::var_os("HMMSIZE_LINUX").map(PathBuf::from);
    assert!(!support::ci() || tree.is_some(), "CI needs HMMSIZE_LINUX (cargo xtask test sets it)");
    if tree.is_none() {
        eprintln!("SKIPPED: HMMSIZE_LINUX names no kernel tree (cargo xtask test does)");
    }
    tree.filter(|_| {
        ["make", "gcc", "size", "ar", "find", "flex", "bison", "bc"].iter().all(|tool| have(tool))
    })
}

/// What `size` says of all members of the built-in.a below `dir`, added up, and how many there are.
fn size_of_scope(build: &Path, dir: &str) -> (Berkeley, usize) {
    let list = run(build, "ar", ["t", &format!("{dir}/built-in.a")]).stdout;
    let members: Vec<_> = String::from_utf8(list).unwrap().lines().map(str::to_owned).collect();
    let table = String::from_utf8(run(build, "size", &members).stdout).unwrap();
    let mut sum = Berkeley::default();
    for row in table.lines().skip(1) {
        let mut numbers = row.split_whitespace().map(|word| word.parse::<u64>().unwrap_or(0));
        sum.text += numbers.next().unwrap();
        sum.data += numbers.next().unwrap();
        sum.bss += numbers.next().unwrap();
    }
    (sum, members.len())
}

fn cell<'a>(run: &'a Run, variant: &str) -> &'a Cell {
    run.cells.iter().find(|cell| cell.variant == variant).unwrap()
}

#[test]
fn the_mm_scope_of_a_real_kernel_is_what_size_says() {
    let Some(tree) = tree() else { return };
    let out = scratch();
    let stamp = out.path().join("stamp");
    fs::write(&stamp, "").unwrap();
    let matrix = Path::new(env!("CARGO_MANIFEST_DIR")).join("kconfig/matrix.toml");
    let result = out.path().join("result");
    let built = hmmsize()
        .args(["build", "--arch", "x86_64", "--target", "mm/", "--matrix"])
        .arg(matrix)
        .arg("-C")
        .arg(&tree)
        .arg("--out")
        .arg(&result)
        .output()
        .unwrap();
    let stderr = String::from_utf8_lossy(&built.stderr);
    assert!(built.status.success(), "{}\n{stderr}", built.status);

    let text = fs::read_to_string(result.join("run.json")).unwrap();
    let run_json: Run = serde_json::from_str(&text).unwrap();
    assert_eq!(run_json.cells.len(), 2);
    let mut sizes = Vec::new();
    for (variant, wanted) in [("without", "n"), ("with", "y")] {
        let cell = cell(&run_json, variant);
        assert_eq!(cell.status, Status::Built, "{variant}");
        assert_eq!(cell.labels, ["scope mm/"]);
        let measured = cell.measured.as_ref().unwrap();
        let config = result.join(measured.config.as_ref().unwrap());
        let config_text = fs::read_to_string(&config).unwrap();
        assert_eq!(cell.requests.len(), 3);
        for request in &cell.requests {
            let line = format!("CONFIG_{}=y\n", request.symbol);
            assert!(request.holds && request.wanted == wanted, "{request:?}");
            assert_eq!(config_text.contains(&line), wanted == "y", "{request:?}");
        }
        let (size, members) = size_of_scope(&config.with_file_name("build"), "mm");
        assert!(members > 40, "only {members} members");
        assert_eq!(measured.size, size, "{variant}");
        assert_eq!(measured.files.len(), members);
        sizes.push(size);
    }
    let grown = sizes[1].text - sizes[0].text;
    assert!((5_000..40_000).contains(&grown), "device memory in mm/ is {grown} bytes of text");
    let dragged: Vec<_> = cell(&run_json, "with").dragged_in.iter().map(|c| &c.symbol).collect();
    assert!(dragged.iter().any(|symbol| *symbol == "MMU_NOTIFIER"), "{dragged:?}");

    // The tables name the same numbers.
    let compared = hmmsize().arg("compare").arg(result.join("run.json")).output().unwrap();
    let table = String::from_utf8_lossy(&compared.stdout);
    for size in &sizes {
        assert!(table.contains(&size.text.to_string()), "{} not in\n{table}", size.text);
    }
    // Asked again, nothing is built: the inputs are the same.
    let later = out.path().join("later");
    fs::write(&later, "").unwrap();
    let words = ["build", "--resume", "--out"];
    let again = hmmsize().args(words).arg(&result).output().unwrap();
    assert!(again.status.success(), "{}", String::from_utf8_lossy(&again.stderr));
    let newer = ["x86_64", "-name", "*.o", "-newer", later.to_str().unwrap()];
    assert_eq!(String::from_utf8_lossy(&run(&result, "find", newer).stdout), "");

    // And the tree is as it was.
    let stamp = stamp.to_str().unwrap();
    let written = run(&tree, "find", [".", "-newer", stamp]);
    assert_eq!(String::from_utf8_lossy(&written.stdout), "");
}

/// `hmmsize config why ARGS --format json` on the tree, checked against its schema. Nothing of the
/// tree is run.
fn why(tree: &Path, args: &[&str]) -> serde_json::Value {
    let mut command = hmmsize();
    command.args(["config", "why", "--probe=never", "--format", "json", "-C"]).arg(tree);
    let output = command.args(args).output().unwrap();
    let json = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|err| panic!("{err}: {}", String::from_utf8_lossy(&output.stderr)));
    support::schema::check("why", &json);
    json
}

#[test]
fn config_why_knows_what_device_memory_needs() {
    let Some(tree) = tree() else { return };
    // Impossible on arm, and the chain that makes it so.
    let json = why(&tree, &["ZONE_DEVICE=y", "--arch", "arm", "--config", "allyesconfig"]);
    let outcome = &json["answers"][0]["outcome"];
    assert_eq!(outcome["state"], "impossible");
    let says: Vec<_> =
        outcome["chain"].as_array().unwrap().iter().map(|hop| hop["says"].as_str()).collect();
    assert_eq!(says, [Some("needs ARCH_HAS_PTE_DEVMAP"), Some("nothing on arm selects")]);
    assert!(outcome["chain"][0]["place"].as_str().unwrap().starts_with("mm/Kconfig:"));

    // What selects it, and that turning those off helps.
    let json = why(&tree, &["HMM_MIRROR=n", "--arch", "arm", "--config", "allyesconfig"]);
    let answer = &json["answers"][0];
    let names = |list: &serde_json::Value| -> Vec<String> {
        let symbols = list.as_array().unwrap().iter().map(|one| one["symbol"].as_str().unwrap());
        let mut symbols: Vec<String> = symbols.map(str::to_owned).collect();
        symbols.sort();
        symbols
    };
    let selectors = names(&answer["selected_by"]);
    assert!(selectors.contains(&"INFINIBAND_ON_DEMAND_PAGING".to_owned()), "{selectors:?}");
    assert!(selectors.contains(&"DRM_XE".to_owned()), "{selectors:?}");
    assert_eq!(answer["outcome"]["state"], "possible", "{answer}");

    // A set that works: make's own Kconfig says so.
    let json = why(&tree, &["ZONE_DEVICE=y", "--arch", "x86_64", "--config", "tinyconfig"]);
    let changes = &json["answers"][0]["outcome"]["changes"];
    let lines: String =
        names(changes).iter().map(|name| format!("CONFIG_{name}=y\n")).collect::<Vec<_>>().concat();
    let out = scratch();
    let build = out.path().join("build");
    fs::create_dir(&build).unwrap();
    let to = format!("O={}", build.display());
    let make = |goal: &str| {
        run(&tree, "make", [to.as_str(), "ARCH=x86_64", goal]);
        fs::read_to_string(build.join(".config")).unwrap()
    };
    let tiny = make("tinyconfig");
    assert!(!tiny.contains("CONFIG_ZONE_DEVICE=y\n"));
    let merged: Vec<&str> = tiny
        .lines()
        .filter(|line| !names(changes).iter().any(|name| line.contains(&format!("_{name} "))))
        .collect();
    fs::write(build.join(".config"), merged.join("\n") + "\n" + &lines).unwrap();
    assert!(make("olddefconfig").contains("CONFIG_ZONE_DEVICE=y\n"), "{lines}");
}
