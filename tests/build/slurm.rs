//! `build --executor slurm` with programs in place of Slurm's: what is asked of them, and what comes
//! of their answers. `cargo xtask test --slurm` asks the real ones.

use std::os::unix::fs::PermissionsExt as _;

use super::parts::timeless;
use super::*;

const OPTIONS: &str = "--option=ZONE_DEVICE";

/// Notes its words; `sbatch` only takes the job, `squeue` says that all tasks wait.
const FAKE: [(&str, &str); 3] = [
    ("sbatch", "printf '%s\\n' \"$@\" >\"$FAKE/sbatch.words\"; echo '77;cluster'"),
    ("squeue", "cat \"$FAKE/queue\""),
    ("scancel", "printf '%s\\n' \"$@\" >\"$FAKE/scancel.words\""),
];

fn fake(place: &Place) -> PathBuf {
    let dir = place.path("fake");
    fs::create_dir(&dir).unwrap();
    for (name, text) in FAKE {
        let file = dir.join(name);
        fs::write(&file, format!("#!/bin/sh\n{text}\n")).unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o755)).unwrap();
    }
    dir
}

fn with(mut command: Command, fake: &Path) -> Command {
    let path = std::env::var("PATH").unwrap();
    command.env("PATH", format!("{}:{path}", fake.display())).env("FAKE", fake);
    command
}

/// What hmmsize says of what is under way.
fn ask(place: &Place, fake: &Path, word: &str, code: i32) -> String {
    let mut command = hmmsize();
    command.env("XDG_CACHE_HOME", place.path("cache")).arg("build").arg(word);
    command.arg(format!("O={}", place.out().display()));
    let output = with(command, fake).output().unwrap();
    assert_eq!(output.status.code(), Some(code), "{word}: {}", said(&output));
    said(&output)
}

#[test]
fn an_array_builds_what_one_machine_builds() {
    let Some(place) = Place::new() else { return };
    let fake = fake(&place);
    // PATH is part of what makes two cells one.
    let output = with(place.command(&[OPTIONS]), &fake).output().unwrap();
    assert!(output.status.success(), "{}", said(&output));
    let whole = place.result();
    fs::remove_dir_all(place.out()).unwrap();
    let submit = [OPTIONS, "--executor=slurm", "--submit"];
    let output = with(place.command(&submit), &fake).output().unwrap();
    assert!(output.status.success(), "{}", said(&output));
    assert!(said(&output).contains("2 cells submitted as job 77"), "{}", said(&output));
    let words = fs::read_to_string(fake.join("sbatch.words")).unwrap();
    let words: Vec<&str> = words.lines().collect();
    assert!(words.contains(&"--array=0-1") && words.contains(&"--requeue"), "{words:?}");
    let task = words.iter().find(|word| word.ends_with("task.sh")).unwrap();

    fs::write(fake.join("queue"), "77|0|PENDING||Resources\n77|1|RUNNING|n2|None\n").unwrap();
    let text = ask(&place, &fake, "--status", 3);
    assert!(text.contains("without: waiting (Resources)"), "{text}");
    assert!(text.contains("with: running on n2\n2 cells: 1 running, 1 waiting"), "{text}");
    let text = ask(&place, &fake, "--collect", 3);
    assert!(text.contains("no task has begun yet"), "{text}");
    let output = with(place.command(&submit), &fake).output().unwrap();
    assert_eq!(output.status.code(), Some(2), "cells are under way");

    // The second task, as a node starts it; the first is lost.
    let run = |number: &str| {
        let mut command = Command::new("/bin/sh");
        command.arg(task).arg("0").env("SLURM_ARRAY_TASK_ID", number).env_remove("MAKEFLAGS");
        command.env("XDG_CACHE_HOME", place.path("cache")).env("LC_ALL", "C");
        assert!(with(command, &fake).status().unwrap().success());
    };
    run("1");
    fs::write(fake.join("queue"), "77|0|NODE_FAIL||None\n77|1|COMPLETED||None\n").unwrap();
    let text = ask(&place, &fake, "--status", 3);
    assert!(text.contains("without: lost (node_fail)"), "{text}");
    assert!(text.contains("2 cells: 1 done, 1 lost"), "{text}");
    let text = ask(&place, &fake, "--collect", 3);
    assert!(text.contains("x86_64/tree/without: not built yet"), "{text}");
    assert_eq!(place.result().part_of.unwrap().cells.len(), 2, "still a part");

    run("0");
    fs::write(fake.join("queue"), "").unwrap();
    assert!(ask(&place, &fake, "--status", 0).ends_with("2 cells: 2 done\n"));
    ask(&place, &fake, "--collect", 0);
    let mut collected = place.result();
    collected.command.retain(|word| word != "--executor=slurm" && word != "--submit");
    collected.command[0].clone_from(&whole.command[0]);
    assert_eq!(timeless(collected), timeless(whole));

    ask(&place, &fake, "--cancel", 0);
    assert_eq!(fs::read_to_string(fake.join("scancel.words")).unwrap(), "77\n");
}

#[test]
fn what_makes_no_sense_is_refused() {
    let Some(place) = Place::new() else { return };
    let fake = fake(&place);
    for (words, why) in [
        (&["--executor=slrum"][..], "did you mean `slurm`?"),
        (&["--executor=local", "--submit"], "local builds in this very process"),
        (&["--executor=slurm", "--noise"], "no --noise, no --cells"),
        (&["--executor=slurm", "--cells=x86_64/tree/with"], "no --noise, no --cells"),
        (&["--ccache-remote=localhost:6379"], "not a URL of redis"),
        (&["--status"], "say where: O=DIR"),
    ] {
        let command = place.command(&[&[OPTIONS], words].concat());
        let output = with(command, &fake).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{words:?}: {}", said(&output));
        assert!(said(&output).contains(why), "{words:?}: {}", said(&output));
    }
    assert!(!fake.join("sbatch.words").exists(), "nothing was submitted");
    let mut command = hmmsize();
    command.args(["build", "--status"]).arg(format!("O={}", place.path("fake").display()));
    let output = command.output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(said(&output).contains("nothing has been built or submitted here"));
    // sbatch's own refusal is told, and nothing waits for a job that there is not.
    fs::write(fake.join("sbatch"), "#!/bin/sh\necho 'sbatch: error: no partition' >&2; exit 1\n")
        .unwrap();
    let output = with(place.command(&[OPTIONS, "--executor=slurm"]), &fake).output().unwrap();
    assert_eq!(output.status.code(), Some(3), "{}", said(&output));
    assert!(said(&output).contains("sbatch: error: no partition"), "{}", said(&output));
}

#[test]
fn a_local_run_says_how_far_it_is_too() {
    let Some(place) = Place::new() else { return };
    let fake = fake(&place);
    place.run(0, &[OPTIONS]);
    assert!(ask(&place, &fake, "--status", 0).ends_with("2 cells: 2 done\n"));
    assert!(ask(&place, &fake, "--collect", 0).contains("with - without"));
    let text = ask(&place, &fake, "--cancel", 2);
    assert!(text.contains("nothing is built here"), "{text}");
}
