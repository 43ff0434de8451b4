//! Small Kconfig texts, and the one clause that a person reads about them.

use super::*;

const TEXT: &str = "\
menu \"Memory\"
	depends on MMU

config ZONE_DEVICE
	bool \"Device memory\"
	depends on MEMORY_HOTPLUG
	depends on ARCH_HAS_PTE_DEVMAP && \\
		!XIP
	help
	  We select HMM_MIRROR for you:
	  config FAKE

	  depends on nothing

config HMM_MIRROR
	bool
	depends on MMU

if NET
config RDMA
	tristate \"RDMA\"
	select HMM_MIRROR if 64BIT # always
endif
endmenu
config AFTER
	bool \"x\"
";

fn config(pairs: &[(&str, &str)]) -> Config {
    Config { values: pairs.iter().map(|(k, v)| ((*k).into(), (*v).into())).collect() }
}

#[test]
fn depends_and_prompt_of_a_definition_are_read() {
    let found = scan("mm/Kconfig", TEXT, "ZONE_DEVICE");
    let definition = &found.facts.definitions[0];
    assert_eq!(definition.place, "mm/Kconfig:4");
    assert!(definition.prompt);
    assert_eq!(definition.depends, ["MMU", "MEMORY_HOTPLUG", "ARCH_HAS_PTE_DEVMAP && !XIP"]);
    assert_eq!(found.names, ["ZONE_DEVICE", "HMM_MIRROR", "RDMA", "AFTER"]);
    let config = config(&[("MMU", "y"), ("MEMORY_HOTPLUG", "y"), ("XIP", "y")]);
    let wanted = Assignment::new("ZONE_DEVICE", "y");
    assert_eq!(
        describe(&found.facts, &config, &wanted),
        "depends on MMU && MEMORY_HOTPLUG && ARCH_HAS_PTE_DEVMAP && !XIP (mm/Kconfig:4), but \
         ARCH_HAS_PTE_DEVMAP is n, XIP is y"
    );
}

#[test]
fn selectors_that_are_on_are_named() {
    let found = scan("mm/Kconfig", TEXT, "HMM_MIRROR");
    let config = config(&[("HMM_MIRROR", "y"), ("RDMA", "m")]);
    let wanted = Assignment::new("HMM_MIRROR", "n");
    assert_eq!(
        describe(&found.facts, &config, &wanted),
        "has no prompt (mm/Kconfig:15); selected by RDMA if 64BIT (mm/Kconfig:22)"
    );
}

#[test]
fn conditions_around_source_lines_count() {
    let tree = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| {
        let path = tree.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    };
    write("Kconfig", "if ROOT\nsource \"arch/$(SRCARCH)/Kconfig\"\nendif\n");
    write("arch/x86/Kconfig", "menu \"x\"\n\tdepends on MENU\nsource 'mm/Kconfig'\nendmenu\n");
    write("mm/Kconfig", "config HMM\n\tbool \"h\"\n\tdepends on MMU\nsource \"mm/Kconfig\"\n");
    let found = read(tree.path(), "x86", "HMM").unwrap();
    // mm/Kconfig sources itself here, so it has two places and nothing is sure.
    assert_eq!(found.definitions[0].depends, ["MMU"]);
    write("mm/Kconfig", "config HMM\n\tbool \"h\"\n\tdepends on MMU\n");
    let found = read(tree.path(), "x86", "HMM").unwrap();
    assert_eq!(found.definitions[0].depends, ["ROOT", "MENU", "MMU"]);
}

#[test]
fn conditions_are_joined_as_kconfig_means_them() {
    let all = |list: &[&str]| all_of(&list.iter().map(|&s| s.to_owned()).collect::<Vec<_>>());
    assert_eq!(all(&["DRM", "KUNIT || !KUNIT", "DRM"]), "DRM && (KUNIT || !KUNIT)");
    assert_eq!(all(&["A || B"]), "A || B");
    assert_eq!(all(&[]), "");
}

#[test]
fn conditions_end_with_their_block() {
    let found = scan("Kconfig", TEXT, "AFTER");
    assert_eq!(found.facts.definitions[0].depends, Vec::<String>::new());
    let found = scan("Kconfig", TEXT, "RDMA");
    assert_eq!(found.facts.definitions[0].depends, ["MMU", "NET"]);
}

#[test]
fn what_is_not_defined_is_said_so() {
    let facts = Facts { similar: Some("ZONE_DEVICE".into()), ..Facts::default() };
    let wanted = Assignment::new("ZONE_DEVICES", "y");
    let text = describe(&facts, &config(&[]), &wanted);
    assert!(text.contains("did you mean ZONE_DEVICE?"), "{text}");
}
