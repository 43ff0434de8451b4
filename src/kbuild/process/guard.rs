//! Ends the children of a hmmsize that was killed hard.

use std::io::{self, Write};
use std::os::unix::process::CommandExt;
use std::process::{Child, Stdio};

use nix::unistd::Pid;

/// A small shell that outlives a hard kill of hmmsize just long enough to end its children.
///
/// The kernel offers PDEATHSIG for this, but it reaches only make, not the compilers below it, and
/// setting it needs unsafe code. The shell knows every running group; when the pipe to it closes
/// without those groups having ended, it kills them.
#[derive(Debug)]
pub struct Guard {
    shell: Child,
}

impl Guard {
    /// Starts the shell.
    pub fn start() -> io::Result<Self> {
        let script = r#"live=" "
while read -r sign pid; do
    case $sign in
    +) live="$live$pid " ;;
    -) live="${live%% $pid *} ${live#* $pid }" ;;
    esac
done
for pid in $live; do kill -KILL -"$pid" 2>/dev/null; done"#;
        let shell = std::process::Command::new("/bin/sh")
            .args(["-c", script])
            .env_clear()
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .process_group(0)
            .spawn()?;
        Ok(Self { shell })
    }

    /// A group begins (`+`) or has ended (`-`).
    pub fn tell(&mut self, sign: char, pid: Pid) {
        if let Some(pipe) = &mut self.shell.stdin {
            let _ = writeln!(pipe, "{sign} {pid}");
        }
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        drop(self.shell.stdin.take());
        let _ = self.shell.wait();
    }
}
