//! `cargo xtask test --slurm`: `build --executor slurm` on a real Slurm, of this machine alone.
//!
//! slurmctld, two nodes and a Redis are started on loopback, without systemd and munge. A matrix over
//! `fixtures/tree` loses a node while that builds; an `mm/` matrix of the real tree compiles through
//! ccache on Redis. Both must come to the sizes of a local run. Everything that was started is ended.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;

use crate::process::{self, cargo, shown, which};
use crate::{apt, setup};

/// Not the usual ports, so that nothing of the user's is in the way.
const CONTROLLER: u16 = 26817;
const NODES: [(&str, u16); 2] = [("n1", 26821), ("n2", 26822)];
const REDIS: u16 = 26379;
/// Slurm holds a job that it has requeued for two minutes.
const PATIENCE: Duration = Duration::from_secs(900);

/// Runs both matrices.
pub fn run() -> Result<()> {
    install(&["slurmctld", "slurmd", "redis-server"])?;
    let tree = setup::run()?;
    process::run(cargo().args(["build", "--locked", "-p", "hmmsize"]))?;
    let cluster = Cluster::start(process::target_dir().join("debug/hmmsize"), Redis::Started)?;
    fixtures(&cluster)?;
    real(&cluster, &tree)
}

/// What CI runs: the small tree on two nodes, of which none fails, against a local run.
///
/// # Errors
/// Slurm cannot be started; the results differ.
pub fn quick(hmmsize: &Path) -> Result<()> {
    install(&["slurmctld", "slurmd"])?;
    let cluster = Cluster::start(hmmsize.to_owned(), Redis::None)?;
    let (local, out) = (cluster.dir.join("local"), cluster.dir.join("slurm"));
    let word = |dir: &Path| format!("O={}", dir.display());
    let matrix: Vec<&str> = SMALL.split(' ').collect();
    cluster.hmmsize(&[&["build", &word(&local)], &matrix[..]].concat(), 0)?;
    let slurm = ["build", &word(&out), "--executor", "slurm", "-j", "1"];
    cluster.hmmsize(&[&slurm, &matrix[..]].concat(), 0)?;
    let logs = fs::read_dir(out.join(".hmmsize.slurm"))?.flatten();
    ensure!(logs.count() > 1, "no task ran in Slurm");
    same("fixtures on two nodes", &local, &out)
}

/// Installs what is missing of these programs.
fn install(tools: &[&str]) -> Result<()> {
    let package = |tool: &str| if tool.starts_with("slurm") { "slurm-wlm" } else { "redis-server" };
    let missing = tools.iter().filter(|tool| which(tool).is_none());
    let mut missing: Vec<&str> = missing.map(|tool| package(tool)).collect();
    missing.dedup();
    apt::install(&missing)
}

/// A matrix over the small tree.
const SMALL: &str = "-C fixtures/tree --arch x86_64,arm --option SMP --base-config tinyconfig --no-ccache --no-incremental";

/// Whether a Redis is started, too.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Redis {
    Started,
    None,
}

/// A process that ends with the value.
struct Started(Child);

impl Drop for Started {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A Slurm of two nodes, and a Redis.
struct Cluster {
    dir: PathBuf,
    hmmsize: PathBuf,
    nodes: std::cell::RefCell<BTreeMap<&'static str, Started>>,
    servers: Vec<Started>,
}

impl Cluster {
    fn start(hmmsize: PathBuf, redis: Redis) -> Result<Self> {
        let dir = std::env::temp_dir().join(format!("xtask-slurm-{}", std::process::id()));
        for sub in ["state", "cache", "ccache"] {
            fs::create_dir_all(dir.join(sub))?;
        }
        fs::write(dir.join("slurm.conf"), configuration(&dir)?)?;
        let mut cluster = Self { dir, hmmsize, nodes: BTreeMap::new().into(), servers: Vec::new() };
        if redis == Redis::Started {
            let words = ["--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--port"];
            let port = REDIS.to_string();
            let words = [&words[..], &[&port]].concat();
            let redis = cluster.server("redis-server", &words, "")?;
            cluster.servers.push(redis);
        }
        let controller = cluster.server("slurmctld", &["-D", "-c"], "")?;
        cluster.servers.push(controller);
        for (node, _) in NODES {
            cluster.up(node)?;
        }
        let until = Instant::now() + Duration::from_secs(60);
        loop {
            let mut sinfo = cluster.command("sinfo");
            let said = sinfo.args(["--noheader", "--format=%T %D"]).output()?.stdout;
            if String::from_utf8_lossy(&said).trim() == "idle 2" {
                eprintln!("xtask: slurm: 2 nodes idle");
                return Ok(cluster);
            }
            ensure!(Instant::now() < until, "no two idle nodes: see {}", cluster.dir.display());
            sleep(Duration::from_millis(500));
        }
    }

    /// A program that knows this Slurm and no other.
    fn command(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        let mut command = process::command(program);
        command.env("SLURM_CONF", self.dir.join("slurm.conf"));
        command
            .env("HMMSIZE_CACHE", self.dir.join("cache"))
            .env("CCACHE_DIR", self.dir.join("ccache"));
        command.current_dir(crate::root()).stdin(Stdio::null());
        command
    }

    fn server(&self, program: &str, args: &[&str], node: &str) -> Result<Started> {
        let file = which(program).with_context(|| format!("no {program}"))?;
        let log = fs::File::create(self.dir.join(format!("{program}{node}.log")))?;
        let mut command = self.command(file);
        command.args(args).env("HMMSIZE_NODE", node).stdout(log.try_clone()?).stderr(log);
        eprintln!("$ {} &", shown(&command));
        Ok(Started(command.spawn()?))
    }

    fn up(&self, node: &'static str) -> Result<()> {
        let started = self.server("slurmd", &["-D", "-N", node], node)?;
        self.nodes.borrow_mut().insert(node, started);
        Ok(())
    }

    /// As if the machine had lost power: the node's daemon and all that it had started.
    fn down(&self, node: &str) -> Result<()> {
        drop(self.nodes.borrow_mut().remove(node));
        self.kill(&[format!("HMMSIZE_NODE={node}"), format!("SLURMD_NODENAME={node}")])
    }

    /// Kills every process that was started with our configuration and one of `marks`, and the
    /// `slurmstepd` that started it, whose environment cannot be read. All are stopped before any is
    /// killed: none may tell how another ended.
    fn kill(&self, marks: &[String]) -> Result<()> {
        let ours = format!("SLURM_CONF={}", self.dir.join("slurm.conf").display());
        let mut pids: Vec<String> = Vec::new();
        for entry in fs::read_dir("/proc")?.flatten() {
            let pid = entry.file_name().to_string_lossy().into_owned();
            let Ok(environ) = fs::read(entry.path().join("environ")) else { continue };
            let has = |mark: &str| environ.split(|&b| b == 0).any(|word| word == mark.as_bytes());
            if !has(&ours) || !marks.iter().any(|mark| has(mark)) {
                continue;
            }
            let status = fs::read_to_string(entry.path().join("status")).unwrap_or_default();
            let parent = status.lines().find_map(|line| line.strip_prefix("PPid:"));
            let parent = parent.unwrap_or_default().trim().to_owned();
            let name = fs::read_to_string(format!("/proc/{parent}/comm")).unwrap_or_default();
            if name.trim() == "slurmstepd" && !pids.contains(&parent) {
                pids.insert(0, parent);
            }
            pids.push(pid);
        }
        for signal in ["-STOP", "-KILL"] {
            if !pids.is_empty() {
                let mut kill = process::command("kill");
                let _ = kill.arg(signal).args(&pids).stderr(Stdio::null()).status();
            }
        }
        Ok(())
    }

    /// Runs hmmsize; its output, and whether it ended with `code`.
    fn hmmsize(&self, words: &[&str], code: i32) -> Result<String> {
        let mut command = self.command(&self.hmmsize);
        command.args(words).stderr(Stdio::inherit());
        eprintln!("$ {}", shown(&command));
        let output = command.output()?;
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        if output.status.code() != Some(code) {
            bail!("`{}` ended with {}, not {code}:\n{text}", shown(&command), output.status);
        }
        Ok(text)
    }

    fn status(&self, out: &str) -> Result<String> {
        let mut command = self.command(&self.hmmsize);
        let output = command.args(["build", out, "--status"]).output()?;
        ensure!(matches!(output.status.code(), Some(0 | 3)), "--status: {}", output.status);
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }

    /// Asks until `wanted` holds of what `--status` says.
    fn until(&self, out: &str, what: &str, wanted: impl Fn(&str) -> bool) -> Result<String> {
        let until = Instant::now() + PATIENCE;
        loop {
            let said = self.status(out)?;
            if wanted(&said) {
                return Ok(said);
            }
            if Instant::now() > until {
                bail!("{what}: not within {} s:\n{said}", PATIENCE.as_secs());
            }
            sleep(Duration::from_millis(200));
        }
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        self.nodes.borrow_mut().clear();
        let marks: Vec<String> = NODES
            .iter()
            .flat_map(|(n, _)| [format!("HMMSIZE_NODE={n}"), format!("SLURMD_NODENAME={n}")])
            .collect();
        let _ = self.kill(&marks);
        self.servers.clear();
        let _ = fs::remove_dir_all(&self.dir);
    }
}

fn configuration(dir: &Path) -> Result<String> {
    let (mut uname, mut id) = (process::command("uname"), process::command("id"));
    let host = process::output(uname.arg("-n"))?;
    let user = process::output(id.arg("-un"))?;
    let (host, user, dir) = (host.trim(), user.trim(), dir.display());
    let mut text = format!(
        "ClusterName=hmmsize\nSlurmctldHost={host}(127.0.0.1)\nSlurmctldPort={CONTROLLER}\n\
         SlurmUser={user}\nSlurmdUser={user}\nAuthType=auth/none\nCredType=cred/none\n\
         ProctrackType=proctrack/linuxproc\nTaskPlugin=task/none\nMpiDefault=none\n\
         SwitchType=switch/none\nStateSaveLocation={dir}/state\nSlurmdSpoolDir={dir}/spool-%n\n\
         SlurmctldPidFile={dir}/ctld.pid\nSlurmdPidFile={dir}/%n.pid\n\
         SlurmctldLogFile={dir}/ctld.log\nSlurmdLogFile={dir}/%n.log\n\
         SlurmdTimeout=10\nSlurmctldTimeout=10\nReturnToService=2\n\
         SlurmdParameters=config_overrides\n"
    );
    for (node, port) in NODES {
        writeln!(
            text,
            "NodeName={node} NodeHostname={host} NodeAddr=127.0.0.1 Port={port} CPUs=1"
        )?;
    }
    text += "PartitionName=all Nodes=ALL Default=YES MaxTime=INFINITE State=UP\n";
    Ok(text)
}

/// What two runs must agree on, by cell.
fn results(file: &Path) -> Result<BTreeMap<String, Value>> {
    let text = fs::read(file).with_context(|| file.display().to_string())?;
    let run: Value = serde_json::from_slice(&text)?;
    ensure!(run.get("part_of").is_none(), "{}: is not whole", file.display());
    let cells = run["cells"].as_array().context("cells")?;
    let result = |cell: &Value| {
        let keys = ["config_digest", "identity", "compiler", "requests", "dragged_in"];
        let mut kept: Vec<Value> = keys.iter().map(|key| cell[key].clone()).collect();
        kept.push(cell["measured"].clone());
        let state = cell["status"]["state"].as_str().unwrap_or_default();
        kept.push(if state == "reused" { "built".into() } else { state.into() });
        (cell["id"].as_str().unwrap_or_default().to_owned(), Value::Array(kept))
    };
    Ok(cells.iter().map(result).collect())
}

fn same(title: &str, local: &Path, slurm: &Path) -> Result<()> {
    let (local, slurm) = (results(&local.join("run.json"))?, results(&slurm.join("run.json"))?);
    ensure!(local.len() > 1 && local.keys().eq(slurm.keys()), "{title}: other cells");
    for (id, cell) in &local {
        ensure!(slurm[id] == *cell, "{title}: {id} differs:\n{cell}\n{}", slurm[id]);
        println!("{id}: {} as in the local run", slurm[id][5]["size"]);
    }
    println!("{title}: {} cells, sizes, payloads, classes and configurations equal", local.len());
    Ok(())
}

/// The small tree, with a node that fails while it builds.
fn fixtures(cluster: &Cluster) -> Result<()> {
    let (local, out) = (cluster.dir.join("local"), cluster.dir.join("fixtures"));
    let matrix: Vec<&str> = SMALL.split(' ').collect();
    let word = |dir: &Path| format!("O={}", dir.display());
    let (local_word, word) = (word(&local), word(&out));
    cluster.hmmsize(&[&["build", &local_word], &matrix[..]].concat(), 0)?;
    let submit = ["build", &word, "--executor", "slurm", "--submit", "-j", "1"];
    cluster.hmmsize(&[&submit, &matrix[..]].concat(), 0)?;
    cluster.until(&word, "a task on n2", |said| said.contains("running on n2"))?;
    cluster.down("n2")?;
    let start = Instant::now();
    print!("n2 is killed:\n{}", cluster.status(&word)?);
    // Nobody waits: the state is what Slurm says.
    cluster.hmmsize(&["build", &word, "--collect"], 3)?;
    let said = cluster
        .until(&word, "the end", |said| !said.contains("running") && !said.contains("waiting"))?;
    println!("{said}after {} s without n2", start.elapsed().as_secs());
    print!("{}", cluster.hmmsize(&["build", &word, "--collect"], 0)?);
    let logs = fs::read_dir(out.join(".hmmsize.slurm"))?.flatten().map(|entry| entry.path());
    let logs: Vec<String> = logs.filter_map(|log| fs::read_to_string(log).ok()).collect();
    ensure!(logs.iter().any(|log| log.contains("(start 1)")), "no task was started again");
    same("fixtures", &local, &out)?;
    // Nothing is left to cancel, and a node that comes back is used again.
    cluster.hmmsize(&["build", &word, "--cancel"], 0)?;
    cluster.up("n2")
}

/// The `mm/` of a real kernel, compiled through ccache on Redis.
fn real(cluster: &Cluster, tree: &Path) -> Result<()> {
    let (local, out) = (cluster.dir.join("mm-local"), cluster.dir.join("mm"));
    let tree = tree.display().to_string();
    let (local_word, word) = (format!("O={}", local.display()), format!("O={}", out.display()));
    let cache = format!("--ccache-remote=redis://127.0.0.1:{REDIS}");
    let matrix =
        ["--matrix", "kconfig/matrix.toml", "--arch", "x86_64", "--target", "mm/", "-C", &tree];
    cluster.hmmsize(&[&["build", &local_word, &cache], &matrix[..]].concat(), 0)?;
    // Another node has nothing in its own cache.
    fs::remove_dir_all(cluster.dir.join("ccache"))?;
    let submit = ["build", &word, &cache, "--executor", "slurm", "-j", "1"];
    print!("{}", cluster.hmmsize(&[&submit, &matrix[..]].concat(), 0)?);
    let mut stats = cluster.command("ccache");
    let stats = process::output(stats.arg("--print-stats"))?;
    let hits = |key: &str| {
        let line = stats.lines().find_map(|line| line.strip_prefix(key))?;
        line.trim().parse::<u64>().ok()
    };
    let remote = hits("remote_storage_hit").or_else(|| hits("remote_storage_read_hit"));
    println!("ccache: {} hits on Redis", remote.unwrap_or(0));
    ensure!(remote.is_some_and(|hits| hits > 50), "Redis was not used:\n{stats}");
    same("mm/ of the real tree", &local, &out)
}
