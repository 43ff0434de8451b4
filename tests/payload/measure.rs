//! What `build` measures with: scopes from archives, modules, `vmlinux.o`, the embedded `.config`.

use std::path::Path;

use hmmsize::commands::measure;
use hmmsize::elf::{Input, Want, ikconfig};
use hmmsize::model::class::Class;
use hmmsize::model::size::{Berkeley, PayloadKind};

use crate::support::{run, scratch};

/// GNU size's totals of a file or archive.
fn gnu_size(dir: &Path, file: &str) -> Berkeley {
    let out = run(dir, "size", ["-t", file]);
    let text = String::from_utf8(out.stdout).unwrap();
    let last = text.lines().last().unwrap();
    let mut numbers = last.split_whitespace().map(|word| word.parse().unwrap());
    let mut next = || numbers.next().unwrap();
    Berkeley { text: next(), data: next(), bss: next() }
}

fn object(dir: &Path, path: &str, source: &str) {
    let path = dir.join(path);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    let c = path.with_extension("c");
    std::fs::write(&c, source).unwrap();
    run(
        dir,
        "gcc",
        ["-c".as_ref(), "-O1".as_ref(), c.as_os_str(), "-o".as_ref(), path.as_os_str()],
    );
}

#[test]
fn a_scope_is_the_members_of_its_archive_and_nothing_else() {
    let dir = scratch();
    let dir = dir.path();
    object(dir, "mm/mmap.o", "int mmap_data = 3; int mmap(int x) { return x * mmap_data; }");
    object(dir, "mm/kfence/core.o", "int pool[100]; int core(int x) { return pool[x]; }");
    // 15 bytes: GNU ar leaves a stray slash in the header of such names.
    object(dir, "mm/compaction.o", "int compact(int x) { return x - 1; }");
    object(dir, "mm/hmm.o", "int excluded_by_the_configuration(int x) { return x + 2; }");
    run(dir, "ar", ["cDPrST", "mm/kfence/built-in.a", "mm/kfence/core.o"]);
    let members = ["mm/mmap.o", "mm/compaction.o", "mm/kfence/built-in.a"];
    run(dir, "ar", ["cDPrST", "mm/built-in.a"].iter().chain(&members));

    let (measured, diags) = measure::scope(dir, "mm/").unwrap();
    assert_eq!(diags, []);
    assert_eq!(measured.size, gnu_size(dir, "mm/built-in.a"));
    let names: Vec<&str> = measured.files.iter().map(|file| file.name.as_str()).collect();
    assert_eq!(names, ["mm/mmap.o", "mm/compaction.o", "mm/kfence/core.o"]);
    let bytes = std::fs::metadata(dir.join("mm/mmap.o")).unwrap().len();
    assert_eq!(measured.files[0].bytes, bytes);
    assert_eq!(measured.classes.values().sum::<u64>(), measured.size.dec());
    assert_eq!(measured.not_built, [""; 0]);

    // One object, by its own name or its source's; written with or without the slash.
    for scope in ["mm/kfence/core.o", "mm/kfence/core.c", "./mm/kfence/core.c"] {
        let (core, _) = measure::scope(dir, scope).unwrap();
        assert_eq!(core.size, gnu_size(dir, "mm/kfence/core.o"), "{scope}");
    }
    assert_eq!(measure::scope(dir, "mm").unwrap().0.size, measured.size);

    // The file is there, but the configuration does not build it: 0, and said.
    let (hmm, _) = measure::scope(dir, "mm/hmm.o").unwrap();
    assert_eq!(hmm.size, Berkeley::default());
    assert_eq!(hmm.not_built, ["mm/hmm.o"]);
    let (nothing, _) = measure::scope(dir, "drivers/nothing/").unwrap();
    assert_eq!(nothing.not_built, ["drivers/nothing/"]);
}

#[test]
fn before_4_20_a_directory_is_linked_into_one_object() {
    let dir = scratch();
    let dir = dir.path();
    object(dir, "mm/a.o", "int a(int x) { return x * 7; }");
    object(dir, "mm/b.o", "int b[20] = {1};");
    run(dir, "ld", ["-r", "-o", "mm/built-in.o", "mm/a.o", "mm/b.o"]);
    let (measured, _) = measure::scope(dir, "mm/").unwrap();
    assert_eq!(measured.size, gnu_size(dir, "mm/built-in.o"));
    let err = measure::scope(dir, "mm/a.c").unwrap_err().to_string();
    assert!(err.contains("measure the directory"), "{err}");
}

#[test]
fn modules_are_those_of_modules_order() {
    let dir = scratch();
    let dir = dir.path();
    let source = "int init(int x) { return x; }\
                  char license[] __attribute__((section(\".modinfo\"))) = \"license=GPL\";";
    for name in ["a/one.o", "b/two.o", "b/stale.o"] {
        object(dir, name, source);
        let ko = Path::new(name).with_extension("ko");
        run(dir, "ld", ["-r".as_ref(), "-o".as_ref(), ko.as_os_str(), name.as_ref()]);
    }
    let one = gnu_size(dir, "a/one.ko");
    // 6.3 and later name objects, before 5.3 there was kernel/ in front.
    for order in
        ["a/one.o\nb/two.o\n", "a/one.ko\nb/two.ko\n", "kernel/b/two.ko\nkernel/a/one.ko\n"]
    {
        std::fs::write(dir.join("modules.order"), order).unwrap();
        let (measured, _) = measure::modules(dir).unwrap();
        let names: Vec<&str> = measured.files.iter().map(|file| file.name.as_str()).collect();
        assert_eq!(names, ["a/one.ko", "b/two.ko"], "{order:?}");
        assert_eq!(measured.files[0].size, Some(one));
        assert_eq!(measured.size.dec(), 2 * one.dec());
        assert_eq!(measured.classes.values().sum::<u64>(), measured.size.dec());
        let bytes = std::fs::metadata(dir.join("a/one.ko")).unwrap().len();
        assert_eq!(measured.files[0].bytes, bytes);
        assert_eq!(measured.bytes, Some(measured.files.iter().map(|file| file.bytes).sum()));
    }
    std::fs::remove_file(dir.join("modules.order")).unwrap();
    let err = measure::modules(dir).unwrap_err().to_string();
    assert!(err.contains("modules.order: no such file"), "{err}");
}

#[test]
fn a_linked_kernel_with_and_without_its_map() {
    let dir = scratch();
    let dir = dir.path();
    object(dir, "init/main.o", "int data = 1; void _start(void) { data++; }");
    object(dir, "mm/hmm.o", "__attribute__((aligned(256))) int hmm(int x) { return x; }");
    let args = ["-static", "-Map=vmlinux.map", "-o", "vmlinux", "init/main.o", "mm/hmm.o"];
    run(dir, "ld", args);
    let vmlinux = dir.join("vmlinux");
    let map = dir.join("vmlinux.map");
    let (exact, diags) = measure::linked(&vmlinux, Some(&map)).unwrap();
    assert_eq!(diags, []);
    assert_eq!(exact.size, gnu_size(dir, "vmlinux"));
    assert_eq!(exact.payload.unwrap().kind, PayloadKind::Map);
    assert_eq!(exact.classes.values().sum::<u64>(), exact.size.dec());
    // The padding of the sections is what the class says; 256-byte alignment leaves some.
    let padding: u64 = exact.padding.values().map(|padding| padding.bytes).sum();
    assert_eq!(Some(&padding), exact.classes.get(&Class::Padding));
    assert!(exact.padding[".text"].bytes > 100, "{:?}", exact.padding);
    assert_eq!(exact.map, Some(map.to_string_lossy().into_owned()));
    let (estimated, _) = measure::linked(&vmlinux, None).unwrap();
    assert_eq!(estimated.payload.unwrap().kind, PayloadKind::Estimated);
    assert_eq!(estimated.size, exact.size);
    assert_eq!(measure::boot_image(&vmlinux).unwrap().bytes, exact.bytes);

    // A map that can't be read is as good as none, and that is said.
    for (map, why) in [
        (vmlinux.as_path(), "is an ELF file, expected a linker map"),
        (Path::new("/dev/zero"), "is not a regular file"),
    ] {
        let (measured, diags) = measure::linked(&vmlinux, Some(map)).unwrap();
        assert_eq!((measured.payload, measured.map), (estimated.payload, None));
        let said = format!("{}: {why}", map.display());
        let said = diags.iter().any(|diag| diag.to_string().starts_with(&said));
        assert!(said, "{diags:?}");
    }
    assert!(measure::boot_image(dir).unwrap_err().to_string().contains("not a regular file"));
}

#[test]
fn pre_link_is_without_what_never_reaches_vmlinux() {
    let dir = scratch();
    let dir = dir.path();
    let plain = "int f(int x) { return x; } int d = 1;";
    object(dir, "plain.o", plain);
    let discarded = format!(
        "{plain}\n#define IN(s) __attribute__((section(s), used))\n\
         static const char a[10] IN(\".modinfo\") = \"x\"; static const int b IN(\".export_symbol\") = 1;\n\
         static void *c IN(\".discard.addressable\") = &d;"
    );
    object(dir, "vmlinux.o", &discarded);
    let prelink = measure::prelink(&dir.join("vmlinux.o")).unwrap();
    assert_eq!(prelink, gnu_size(dir, "plain.o"));
    assert!(gnu_size(dir, "vmlinux.o").dec() > prelink.dec());
}

#[test]
fn the_configuration_inside_a_kernel_is_found() {
    let dir = scratch();
    let dir = dir.path();
    let config = "CONFIG_64BIT=y\n# CONFIG_HMM_MIRROR is not set\nCONFIG_LOCALVERSION=\"\"\n";
    std::fs::write(dir.join("config"), config).unwrap();
    run(dir, "gzip", ["-n", "config"]);
    // As kernel/configs.c has it.
    let source = ".section .rodata, \"a\"\n.ascii \"IKCFG_ST\"\n.incbin \"config.gz\"\n\
                  .ascii \"IKCFG_ED\"\n";
    std::fs::write(dir.join("a.s"), source).unwrap();
    run(dir, "gcc", ["-c", "a.s", "-o", "a.o"]);
    let input = Input::open(&dir.join("a.o")).unwrap();
    let found = ikconfig::extract(&input.image(Want::TOTALS).unwrap()).unwrap();
    assert_eq!(found.as_deref(), Some(config));

    std::fs::write(dir.join("b.s"), source.replace("IKCFG_ED", "IKCFG_XX")).unwrap();
    run(dir, "gcc", ["-c", "b.s", "-o", "b.o"]);
    let input = Input::open(&dir.join("b.o")).unwrap();
    let err = ikconfig::extract(&input.image(Want::TOTALS).unwrap()).unwrap_err().to_string();
    assert!(err.contains("b.o: offset 0x") && err.contains("no IKCFG_ED"), "{err}");
}
