//! Parses the Kconfig of x86 in the tree that is named, with nom-kconfig: built in the cache by the
//! benchmark, never in the workspace.
use nom_kconfig::{parse_kconfig, KconfigFile, KconfigInput};

fn main() {
    let tree = std::path::PathBuf::from(std::env::args_os().nth(1).expect("a tree"));
    let variables = std::collections::HashMap::from([("SRCARCH", "x86")]);
    let first = tree.join("Kconfig");
    let file = KconfigFile::new_with_vars(tree, first, &variables, &Default::default());
    let text = file.read_to_string().expect("a file");
    let parsed = parse_kconfig(KconfigInput::new_extra(&text, file));
    println!("{}", parsed.expect("a tree that can be parsed").1.entries.len());
}
