//! The recipe for `git bisect run` in the README, on a repository where the answer is known.

use super::{Repository, readme, support, text};

#[test]
fn the_recipe_finds_the_commit_that_made_off_cost_something() {
    let Some(repository) = Repository::new() else { return };
    repository.apply("0001");
    // Two commits that do not build, in the middle.
    repository.append("kernel/fork.c", "#error this is not finished\n");
    repository.append("kernel/fork.c", "#error neither is this\n");
    let fork = support::fixtures("tree").join("kernel/fork.c");
    support::rewrite(&repository.place.tree().join("kernel/fork.c"), &std::fs::read(fork).unwrap());
    repository.place.git(&["commit", "-qam", "fork: builds again"]);
    repository.apply("0002");
    repository.apply("0003");
    let recipe = readme("sh", "git bisect run");
    let here =
        recipe.replace("v6.11", "base").replace("v6.12", "HEAD").replace("ZONE_DEVICE", "DEVMEM");
    let here = here.replace("tinyconfig", "defconfig");
    assert_ne!(recipe, here);
    let output = repository.command("sh", &["-ec", &here]).output().unwrap();
    let said = text(&output);
    assert!(output.status.success(), "{said}");
    assert!(said.contains("is the first bad commit"), "{said}");
    let found = said.split(" is the first bad commit").nth(1).unwrap();
    assert!(found.contains("memory_hotplug: thread an altmap through add_memory()"), "{said}");
    assert!(said.contains("exit code 3") || said.contains("failed"), "nothing was skipped: {said}");

    // What cannot be judged ends the search: git would take 2 for "bad".
    repository.place.git(&["bisect", "reset"]);
    let wrong = here.replace("--arch x86_64", "--arch no_such_machine");
    let output = repository.command("sh", &["-ec", &wrong]).output().unwrap();
    let said = text(&output);
    assert!(!output.status.success() && !said.contains("first bad commit"), "{said}");
}
