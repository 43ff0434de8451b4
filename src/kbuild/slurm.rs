//! Slurm, through `sbatch`, `squeue` and `scancel` alone: a job array in which each task builds one
//! cell of a plan. All nodes share the file system that the output directory lies in.
//!
//! Nothing of the user's words gets into a shell: a task is told the output directory, quoted, and its
//! number, and reads the rest from the file [`STATE`] there.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::part;
use super::process::{Command, Runner, quote};
use super::state::{self, write_whole};
use crate::exit::{Error, Result};
use crate::model::standing::State;

/// What was submitted, in the output directory.
const STATE: &str = ".hmmsize.slurm.json";
/// The script of a task and the logs, in the output directory.
const DIR: &str = ".hmmsize.slurm";
/// Slurm's own default is `MaxArraySize=1001`: larger arrays are refused.
const ARRAY: usize = 1000;

/// What was submitted.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Submitted {
    /// The version of this file: 1.
    pub schema: u32,
    /// The words hmmsize was called with.
    pub command: Vec<String>,
    /// From where.
    pub directory: PathBuf,
    /// The cells; a task's number is an index into them.
    pub cells: Vec<String>,
    /// The ids of the job arrays, each of at most 1000 cells.
    pub jobs: Vec<u64>,
}

impl Submitted {
    /// What was submitted in `out`; nothing if nothing was.
    pub fn read(out: &Path) -> Result<Option<Self>> {
        let file = out.join(STATE);
        let text = match fs::read(&file) {
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(e) => return Err(Error::io(&file, e)),
            Ok(text) => text,
        };
        let damaged = |_| Error::input(&file, "is damaged: submit again");
        serde_json::from_slice(&text).map(Some).map_err(damaged)
    }

    /// Forgets it: somebody else builds here now.
    pub fn forget(out: &Path) {
        let _ = fs::remove_file(out.join(STATE));
    }

    /// Hands all cells to Slurm. `program` is hmmsize as the nodes find it; each task gets `cpus`.
    pub fn submit(
        mut self,
        out: &Path,
        program: &Path,
        cpus: Option<usize>,
        runner: &Runner,
    ) -> Result<Self> {
        let dir = out.join(DIR);
        fs::create_dir_all(&dir).map_err(|e| Error::io(&dir, e))?;
        for cell in &self.cells {
            let part = out.join(part::file_name([cell.as_str()]));
            match fs::remove_file(&part) {
                Err(e) if e.kind() != std::io::ErrorKind::NotFound => {
                    return Err(Error::io(&part, e));
                }
                _ => {}
            }
        }
        let task = dir.join("task.sh");
        write_whole(&task, script(out, program).as_bytes())?;
        // Before the first array: its tasks read it.
        self.jobs.clear();
        state::write_json(&out.join(STATE), &self)?;
        for (number, cells) in self.cells.chunks(ARRAY).enumerate() {
            let mut words: Vec<String> =
                ["sbatch", "--parsable", "--requeue", "--job-name=hmmsize"]
                    .map(str::to_owned)
                    .into();
            words.extend(["--input=/dev/null", "--output=/dev/null"].map(str::to_owned));
            words.push(format!("--array=0-{}", cells.len() - 1));
            words.push(format!("--chdir={}", out.display()));
            words.extend(cpus.map(|cpus| format!("--cpus-per-task={cpus}")));
            words.push(task.display().to_string());
            words.push((number * ARRAY).to_string());
            let said = ask(words, runner)?;
            // `12`, or `12;cluster`.
            let id = said.trim().split(';').next().and_then(|id| id.parse().ok());
            let id = id.ok_or_else(|| Error::Cell(format!("sbatch: no job id in `{said}`")))?;
            self.jobs.push(id);
            state::write_json(&out.join(STATE), &self)?;
        }
        Ok(self)
    }

    /// What Slurm says of each task that it still knows, by number.
    pub fn queue(&self, runner: &Runner) -> Result<BTreeMap<usize, State>> {
        let mut tasks = BTreeMap::new();
        if self.jobs.is_empty() {
            return Ok(tasks);
        }
        let ids: Vec<String> = self.jobs.iter().map(ToString::to_string).collect();
        let words = ["squeue", "--noheader", "--array", "--states=all", "--format=%F|%K|%T|%N|%r"];
        let mut words: Vec<String> = words.map(str::to_owned).into();
        words.push(format!("--jobs={}", ids.join(",")));
        let said = match ask(words, runner) {
            // Ended so long ago that it is forgotten.
            Err(Error::Cell(why)) if why.contains("Invalid job id") => return Ok(tasks),
            said => said?,
        };
        for line in said.lines() {
            let fields: Vec<&str> = line.split('|').collect();
            let [job, task, state, node, reason] = fields[..] else { continue };
            let array = self.jobs.iter().position(|id| id.to_string() == job);
            let (Some(array), Ok(task)) = (array, task.parse::<usize>()) else { continue };
            let state = match state {
                "RUNNING" | "COMPLETING" => State::Running(node.to_owned()),
                "PENDING" | "CONFIGURING" | "REQUEUED" | "REQUEUE_HOLD" | "SUSPENDED" => {
                    State::Waiting(reason.to_owned())
                }
                // COMPLETED, FAILED, NODE_FAIL, CANCELLED, TIMEOUT, OUT_OF_MEMORY, …
                ended => State::Lost(ended.to_lowercase()),
            };
            tasks.insert(array * ARRAY + task, state);
        }
        Ok(tasks)
    }

    /// Ends all tasks.
    pub fn cancel(&self, runner: &Runner) -> Result<()> {
        let mut words = vec!["scancel".to_owned()];
        words.extend(self.jobs.iter().map(ToString::to_string));
        ask(words, runner).map(|_| ())
    }

    /// What a task said.
    pub fn log(out: &Path, number: usize) -> PathBuf {
        out.join(DIR).join(format!("task-{number}.log"))
    }
}

/// Runs one of Slurm's programs, with our whole environment: sbatch hands it on to the tasks.
fn ask(words: Vec<String>, runner: &Runner) -> Result<String> {
    let program = words[0].clone();
    let mut command = Command::new(words).capture().brief();
    command.env = std::env::vars_os().collect();
    command.env.insert("LC_ALL".into(), "C".into());
    let done = runner.run(&command)?;
    if done.ok() {
        return Ok(done.text());
    }
    let said = String::from_utf8_lossy(&done.stderr);
    let said = said.lines().next().unwrap_or_default().trim();
    Err(Error::Cell(format!("{program} {}: {said}", done.how())))
}

/// What each task runs.
fn script(out: &Path, program: &Path) -> String {
    let word = |path: &Path| quote(&path.display().to_string());
    let logs = word(&out.join(DIR));
    format!(
        "#!/bin/sh\n\
         # Written by hmmsize: a task of the array builds one cell. $1: the number of the first.\n\
         number=$(($1 + SLURM_ARRAY_TASK_ID))\n\
         exec >>{logs}/task-$number.log 2>&1\n\
         echo \"task $number of job $SLURM_JOB_ID on $(uname -n) (start ${{SLURM_RESTART_COUNT:-0}})\"\n\
         exec {} build {} --task $number -j \"${{SLURM_CPUS_PER_TASK:-${{SLURM_CPUS_ON_NODE:-1}}}}\"\n",
        word(program),
        quote(&format!("O={}", out.display())),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_task_is_no_place_for_a_shell_to_read_paths() {
        let dir = tempfile::tempdir().unwrap();
        let out = dir.path().join("o'; touch $HOME `id`");
        fs::create_dir_all(out.join(DIR)).unwrap();
        let program = dir.path().join("p $(x)");
        fs::write(&program, "#!/bin/sh\nprintf '%s\\n' \"$@\"\n").unwrap();
        let executable = std::os::unix::fs::PermissionsExt::from_mode(0o755);
        fs::set_permissions(&program, executable).unwrap();
        let task = dir.path().join("task.sh");
        fs::write(&task, script(&out, &program)).unwrap();
        let path = std::env::var_os("PATH").unwrap();
        let mut command = Command::new([Path::new("/bin/sh"), &task, Path::new("1000")]);
        command = command.env("PATH", path).env("SLURM_ARRAY_TASK_ID", "7").capture();
        assert!(Runner::quiet().run(&command).unwrap().ok());
        let said = fs::read_to_string(Submitted::log(&out, 1007)).unwrap();
        let words: Vec<&str> = said.lines().skip(1).collect();
        assert_eq!(words, ["build", &format!("O={}", out.display()), "--task", "1007", "-j", "1"]);
    }
}
