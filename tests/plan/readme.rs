//! The TOML that the README shows is read by the code it documents.

use std::path::Path;

use hmmsize::kbuild::matrix::Matrix;

use super::{fixtures, scratch};

/// The fenced `toml` blocks of the README, in order.
fn blocks(readme: &str) -> Vec<&str> {
    let fenced = readme.split("\n```").skip(1).step_by(2);
    fenced.filter_map(|block| block.strip_prefix("toml\n")).collect()
}

#[test]
fn the_examples_of_the_readme_are_a_matrix_and_a_policy() {
    let readme = std::fs::read_to_string(fixtures("..").join("README.md")).unwrap();
    let blocks = blocks(&readme);
    assert_eq!(blocks.len(), 2, "one matrix, one policy");

    let dir = scratch();
    std::fs::create_dir(dir.path().join("arch")).unwrap();
    for name in ["common.config", "with.config", "arch/arm.config"] {
        std::fs::write(dir.path().join(name), "CONFIG_A=y\n").unwrap();
    }
    let matrix = Matrix::parse(&dir.path().join("README.md"), blocks[0]).unwrap();
    assert_eq!(matrix.architectures, ["x86_64", "arm64", "arm"]);
    assert_eq!(matrix.variants.len(), 2);
    assert!(matrix.arch_spec("arm").is_some());

    let archs: Vec<&str> = hmmsize::kbuild::arches::all().map(|a| a.name.as_ref()).collect();
    let policy = hmmsize::analyze::policy::parse(Path::new("README.md"), blocks[1], &archs);
    let policy = policy.unwrap();
    assert_eq!(policy.limits.len(), 1);
    assert_eq!(policy.waivers.len(), 1);
}
