//! Starts one program at a time and never loses it: every child of hmmsize comes from here.
//!
//! A child gets a cleared environment, `/dev/null` as its input, its own process group, a log file
//! of bounded length for what it says and, if asked, a deadline. Ctrl-C, SIGTERM, SIGHUP and the deadline end the
//! whole group (TERM, then KILL), so no compiler goes on behind the user's back; what is left of a
//! group when its leader ends is killed too. CPU time is that of the subtree, from `wait4`.
//! Should hmmsize itself be killed hard (SIGKILL), its `Guard` ends the groups.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::io::{self, PipeReader, Read};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Stdio};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, killpg};
use nix::sys::wait::{Id, WaitPidFlag, waitid};
use nix::unistd::Pid;
use wait4::Wait4;

use self::guard::Guard;
use self::log::Log;
use crate::exit::{Error, Result};

mod guard;
mod log;

pub use self::log::is_cut;

/// How long a group may take to end after SIGTERM before it gets SIGKILL.
const GRACE: Duration = Duration::from_secs(3);
/// How often a waiting thread looks at the signal flag and the deadline.
const TICK: Duration = Duration::from_millis(40);
/// What a captured output may hold at most, unless said otherwise.
pub const CAPTURE_LIMIT: usize = 16 << 20;

/// A program to run: everything it will see, nothing inherited.
#[derive(Debug, Clone, Default)]
pub struct Command {
    /// The program and its arguments.
    pub argv: Vec<OsString>,
    /// The working directory; ours if absent.
    pub cwd: Option<PathBuf>,
    /// The whole environment.
    pub env: BTreeMap<OsString, OsString>,
    /// Standard output and standard error are appended to this file (else they are dropped,
    /// except that standard error is kept for the message when standard output is captured).
    pub log: Option<PathBuf>,
    /// Keep standard output, of at most this many bytes, instead of logging it.
    pub capture: Option<usize>,
    /// More than that is not an error: it is not read, as a reader of `popen` does that closes early.
    pub cut: bool,
    /// When to end it.
    pub deadline: Option<Instant>,
    /// Whether it is a make that shares the runner's job tokens.
    pub jobs: bool,
    /// It ends by itself, at once, and starts nothing that outlives it, such as `gcc --version`: it
    /// needs no [`Guard`].
    pub brief: bool,
}

impl Command {
    /// A program with arguments, an empty environment and no log.
    pub fn new<S: Into<OsString>>(argv: impl IntoIterator<Item = S>) -> Self {
        Self { argv: argv.into_iter().map(Into::into).collect(), ..Self::default() }
    }

    /// Adds an argument.
    #[must_use]
    pub fn arg(mut self, arg: impl Into<OsString>) -> Self {
        self.argv.push(arg.into());
        self
    }

    /// Sets one environment variable.
    #[must_use]
    pub fn env(mut self, key: impl Into<OsString>, value: impl Into<OsString>) -> Self {
        self.env.insert(key.into(), value.into());
        self
    }

    /// Runs in `dir`.
    #[must_use]
    pub fn cwd(mut self, dir: impl Into<PathBuf>) -> Self {
        self.cwd = Some(dir.into());
        self
    }

    /// Appends what it says to `file`.
    #[must_use]
    pub fn log(mut self, file: impl Into<PathBuf>) -> Self {
        self.log = Some(file.into());
        self
    }

    /// Captures standard output, at most [`CAPTURE_LIMIT`] bytes.
    #[must_use]
    pub fn capture(mut self) -> Self {
        self.capture = Some(CAPTURE_LIMIT);
        self
    }

    /// Says that it is brief.
    #[must_use]
    pub fn brief(mut self) -> Self {
        self.brief = true;
        self
    }

    /// The command as a shell would take it.
    pub fn shell(&self) -> String {
        let words: Vec<String> = self.argv.iter().map(|w| quote(&w.to_string_lossy())).collect();
        words.join(" ")
    }

    fn program(&self) -> &Path {
        self.argv.first().map_or(Path::new(""), Path::new)
    }

    /// The program's file, looked for in the PATH that it will see. The standard library would `fork` to
    /// look there, which copies the page tables of all we hold; a name with a slash it starts at once.
    fn resolved(&self) -> PathBuf {
        let program = self.program();
        let find = |path| super::toolchain::which(program.to_str()?, path);
        let found = self.env.get(OsStr::new("PATH")).and_then(|path| find(path));
        found.filter(|file| file.is_absolute()).unwrap_or_else(|| program.to_owned())
    }
}

/// How a program ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// It exited with this code.
    Code(i32),
    /// This signal ended it.
    Signal(i32),
    /// We ended it at its deadline.
    TimedOut,
}

/// A program that has ended.
#[derive(Debug, Clone)]
pub struct Finished {
    /// How.
    pub ended: Ended,
    /// User and system seconds of it and its descendants.
    pub cpu_s: f64,
    /// What was captured.
    pub stdout: Vec<u8>,
    /// The end of standard error where neither it nor standard output went to a log.
    pub stderr: Vec<u8>,
}

impl Finished {
    /// Whether it exited with 0.
    pub fn ok(&self) -> bool {
        self.ended == Ended::Code(0)
    }

    /// `exited with 2`, `was killed by signal 9`, `ran out of time`.
    pub fn how(&self) -> String {
        match self.ended {
            Ended::Code(code) => format!("exited with {code}"),
            Ended::Signal(signal) => match Signal::try_from(signal) {
                Ok(name) => format!("was killed by {name}"),
                Err(_) => format!("was killed by signal {signal}"),
            },
            Ended::TimedOut => "ran out of time".to_owned(),
        }
    }

    /// Captured standard output as text without the last newline.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.stdout).trim_end_matches('\n').to_owned()
    }
}

/// Runs commands; shared by all threads of a run.
#[derive(Debug)]
pub struct Runner {
    stop: Arc<AtomicUsize>,
    pool: Option<jobserver::Client>,
    guard: Mutex<Option<Guard>>,
    /// Print every command line on standard error (`-vv`).
    pub echo: bool,
}

impl Runner {
    /// A runner that listens to SIGINT, SIGTERM and SIGHUP from now on.
    pub fn new(pool: Option<jobserver::Client>) -> Result<Self> {
        use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
        let stop = Arc::new(AtomicUsize::new(0));
        // A closed terminal means the same as `kill`: the exit table has no code of its own for it.
        for (signal, value) in [(SIGINT, SIGINT), (SIGTERM, SIGTERM), (SIGHUP, SIGTERM)] {
            signal_hook::flag::register_usize(signal, Arc::clone(&stop), value as usize)
                .map_err(|e| Error::io("signal handler", e))?;
        }
        Ok(Self { stop, pool, guard: Mutex::new(None), echo: false })
    }

    /// A runner without signal handlers, for tests and for use as a library.
    pub fn quiet() -> Self {
        Self { stop: Arc::default(), pool: None, guard: Mutex::new(None), echo: false }
    }

    /// The signal that asked us to stop.
    pub fn stopped(&self) -> Option<i32> {
        match self.stop.load(Ordering::SeqCst) {
            0 => None,
            signal => Some(signal as i32),
        }
    }

    /// An error if a signal asked us to stop.
    pub fn check(&self) -> Result<()> {
        self.stopped().map_or(Ok(()), |signal| Err(Error::Signal(signal)))
    }

    /// Runs a command to its end. Fails if it cannot be started, or if a signal ended our work;
    /// that the program itself failed is for the caller to judge. Half of an output is no answer, so
    /// more than may be captured is an error.
    pub fn run(&self, command: &Command) -> Result<Finished> {
        self.check()?;
        if self.echo {
            crate::exit::say(&format_args!("+ {}", command.shell()));
        }
        let log = command.log.as_deref().map(Log::open).transpose()?;
        let (mut child, said) = self.spawn(command)?;
        let pid = Pid::from_raw(child.id() as i32);
        self.guard_tell('+', pid, command);
        let stdout = child.stdout.take();
        let stderr = child.stderr.take();
        let limit = command.capture.unwrap_or(0);
        let over = AtomicBool::new(false);
        let (result, logged) = thread::scope(|scope| {
            let cut = command.cut;
            let over = &over;
            let logger = log.zip(said).map(|(log, pipe)| scope.spawn(move || log.fill(pipe, over)));
            let reader = stdout.map(|pipe| scope.spawn(move || read_whole(pipe, limit, cut)));
            let errors = stderr.map(|pipe| scope.spawn(move || read_tail(pipe)));
            let (sender, receiver) = mpsc::channel();
            scope.spawn(move || {
                let _ = sender.send(wait(child, pid));
            });
            let mut ending = Ending::default();
            let usage = loop {
                match receiver.recv_timeout(TICK) {
                    Ok(usage) => break usage,
                    Err(RecvTimeoutError::Timeout) => {
                        ending.step(pid, self.stopped(), command.deadline);
                    }
                    Err(RecvTimeoutError::Disconnected) => {
                        break Err(io::Error::other("the waiting thread died"));
                    }
                }
            };
            over.store(true, Ordering::SeqCst);
            let logged = logger.map_or(Ok(()), |t| t.join().unwrap_or(Ok(())));
            let stdout = reader.and_then(|t| t.join().ok()).unwrap_or(Some(Vec::new()));
            let stderr = errors.and_then(|t| t.join().ok()).unwrap_or_default();
            (usage.map(|usage| (usage, stdout, stderr, ending.timed_out)), logged)
        });
        self.guard_tell('-', pid, command);
        let (usage, stdout, stderr, timed_out) =
            result.map_err(|e| Error::io(command.program(), e))?;
        self.check()?;
        logged?;
        let stdout = stdout.ok_or_else(|| {
            let message = format!("said more than {limit} bytes, which is not what was asked");
            Error::input(command.program(), message)
        })?;
        let ended = match (timed_out, usage.status.code(), usage.status.signal()) {
            (true, ..) => Ended::TimedOut,
            (false, Some(code), _) => Ended::Code(code),
            (false, None, signal) => Ended::Signal(signal.unwrap_or(0)),
        };
        Ok(Finished {
            ended,
            cpu_s: (usage.rusage.utime + usage.rusage.stime).as_secs_f64(),
            stdout,
            stderr,
        })
    }

    /// The child, and what it says if that is logged.
    fn spawn(&self, command: &Command) -> Result<(Child, Option<PipeReader>)> {
        let program = command.program();
        let mut process = std::process::Command::new(command.resolved());
        process.arg0(program).args(command.argv.iter().skip(1));
        process.env_clear().envs(&command.env).stdin(Stdio::null()).process_group(0);
        if let Some(dir) = &command.cwd {
            process.current_dir(dir);
        }
        let mut said = None;
        match &command.log {
            Some(path) => {
                let (reader, writer) = io::pipe().map_err(|e| Error::io(path, e))?;
                process.stdout(writer.try_clone().map_err(|e| Error::io(path, e))?);
                process.stderr(writer);
                said = Some(reader);
            }
            None if command.capture.is_some() => {
                process.stdout(Stdio::null()).stderr(Stdio::piped());
            }
            None => {
                process.stdout(Stdio::null()).stderr(Stdio::null());
            }
        }
        if command.capture.is_some() {
            process.stdout(Stdio::piped());
        }
        if let (true, Some(pool)) = (command.jobs, &self.pool) {
            pool.configure_make(&mut process);
        }
        let child = process.spawn().map_err(|e| match e.kind() {
            // The system does not say which of the two is missing.
            io::ErrorKind::NotFound => match command.cwd.as_deref().filter(|d| !d.is_dir()) {
                Some(dir) => Error::input(dir, "no such directory"),
                None => Error::input(program, "no such program; `cargo xtask setup` installs it"),
            },
            _ => Error::io(program, e),
        })?;
        Ok((child, said))
    }

    fn guard_tell(&self, sign: char, pid: Pid, command: &Command) {
        if command.brief {
            return;
        }
        let Ok(mut guard) = self.guard.lock() else { return };
        if guard.is_none() {
            *guard = Guard::start().ok();
        }
        if let Some(guard) = guard.as_mut() {
            guard.tell(sign, pid);
        }
    }
}

/// Which signals a group has had so far.
#[derive(Debug, Default)]
struct Ending {
    termed: Option<Instant>,
    killed: bool,
    timed_out: bool,
}

impl Ending {
    fn step(&mut self, group: Pid, stopped: Option<i32>, deadline: Option<Instant>) {
        let late = deadline.is_some_and(|d| Instant::now() >= d);
        if stopped.is_none() && !late && self.termed.is_none() {
            return;
        }
        match self.termed {
            None => {
                self.timed_out = stopped.is_none();
                self.termed = Some(Instant::now());
                let _ = killpg(group, Signal::SIGTERM);
            }
            Some(at) if !self.killed && at.elapsed() >= GRACE => {
                self.killed = true;
                let _ = killpg(group, Signal::SIGKILL);
            }
            Some(_) => {}
        }
    }
}

/// Waits for the leader, ends what is left of its group, then reaps it. The order matters: until
/// it is reaped its process id cannot belong to anyone else.
fn wait(mut child: Child, pid: Pid) -> io::Result<wait4::ResUse> {
    let ended = WaitPidFlag::WEXITED | WaitPidFlag::WNOWAIT;
    while waitid(Id::Pid(pid), ended) == Err(nix::errno::Errno::EINTR) {}
    let _ = killpg(pid, Signal::SIGKILL);
    child.wait4()
}

/// Reads to the end, because a full pipe would stop the child; nothing if that is more than `limit`
/// bytes.
fn read_whole(mut pipe: ChildStdout, limit: usize, cut: bool) -> Option<Vec<u8>> {
    let mut kept = Vec::new();
    let _ = (&mut pipe).take(limit as u64).read_to_end(&mut kept);
    if cut {
        return Some(kept);
    }
    let rest = io::copy(&mut pipe, &mut io::sink()).unwrap_or(0);
    (rest == 0).then_some(kept)
}

/// Reads to the end and keeps the last 4 KiB.
fn read_tail(mut pipe: impl Read) -> Vec<u8> {
    const KEEP: usize = 4096;
    let mut tail = Vec::new();
    let mut buffer = [0; KEEP];
    while let Ok(n @ 1..) = pipe.read(&mut buffer) {
        tail.extend_from_slice(&buffer[..n]);
        let excess = tail.len().saturating_sub(KEEP);
        tail.drain(..excess);
    }
    tail
}

/// One word for a POSIX shell, quoted only if it needs to be.
pub fn quote(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "_-+=./:,@%".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests;
