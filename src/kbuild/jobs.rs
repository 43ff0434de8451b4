//! One GNU make token pool for all cells of a run, so that `-j N` means N compilers in all.
//!
//! Every make that runs holds one token implicitly; hmmsize takes that one before it starts the
//! make, and make takes the others itself. Two or more cells run at once not to compile faster but
//! to fill the serial phases of one (configure, link, kallsyms) with the compilers of another.

use std::thread;
use std::time::Duration;

use jobserver::{Acquired, Client};

use super::process::Runner;
use crate::exit::{Error, Result};

/// How often a waiting cell looks for a token or a signal.
const POLL: Duration = Duration::from_millis(50);

/// The tokens of a run.
#[derive(Debug)]
pub struct Pool {
    client: Client,
    size: usize,
}

impl Pool {
    /// A pool of `size` tokens.
    pub fn new(size: usize) -> Result<Self> {
        let size = size.max(1);
        let client = Client::new(size).map_err(|e| Error::io("job token pool", e))?;
        Ok(Self { client, size })
    }

    /// For [`Runner::new`]: makes that it starts share these tokens.
    pub fn client(&self) -> Client {
        self.client.clone()
    }

    /// How many cells may run at once. Two overlap compiling with linking; more help only where
    /// one cell cannot keep all processors busy, and cost memory (a link of an allyesconfig kernel
    /// takes several GB).
    pub fn cells_at_once(&self, cells: usize) -> usize {
        let wide = if self.size == 1 { 1 } else { (self.size / 8).clamp(2, 8) };
        wide.min(cells).max(1)
    }

    /// Waits for the token that a make needs to exist at all. Returned when the guard is dropped.
    pub fn token(&self, runner: &Runner) -> Result<Acquired> {
        loop {
            runner.check()?;
            match self.client.try_acquire() {
                Ok(Some(token)) => return Ok(token),
                Ok(None) => thread::sleep(POLL),
                Err(e) if e.kind() == std::io::ErrorKind::Unsupported => {
                    return self.client.acquire().map_err(|e| Error::io("job token pool", e));
                }
                Err(e) => return Err(Error::io("job token pool", e)),
            }
        }
    }

    /// Puts back the tokens that killed makes took with them. Call it only while no make runs.
    pub fn heal(&self) -> Result<()> {
        let error = |e| Error::io("job token pool", e);
        let left = self.client.available().map_err(error)?;
        for _ in left..self.size {
            self.client.release_raw().map_err(error)?;
        }
        Ok(())
    }

    /// How many tokens there are in all.
    pub fn size(&self) -> usize {
        self.size
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kbuild::process::Command;

    #[test]
    fn make_shares_the_tokens() {
        let dir = tempfile::tempdir().unwrap();
        let makefile = "all: a b c d\na b c d:\n\t@echo + >>log; sleep 0.2; echo - >>log\n";
        std::fs::write(dir.path().join("Makefile"), makefile).unwrap();
        let pool = Pool::new(2).unwrap();
        let runner = Runner::new(Some(pool.client())).unwrap();
        let token = pool.token(&runner).unwrap();
        let mut make = Command::new(["make", "all"]).cwd(dir.path()).capture();
        make = make.env("PATH", std::env::var_os("PATH").unwrap());
        make.jobs = true;
        let done = runner.run(&make).unwrap();
        assert!(done.ok(), "{}", String::from_utf8_lossy(&done.stderr));
        drop(token);
        let mut running = 0;
        let mut most = 0;
        for line in std::fs::read_to_string(dir.path().join("log")).unwrap().lines() {
            running += if line == "+" { 1 } else { -1 };
            most = most.max(running);
        }
        assert_eq!(most, 2, "two tokens, two jobs");
        assert_eq!(pool.client.available().unwrap(), 2, "all tokens came back");
    }

    #[test]
    fn lost_tokens_are_replaced() {
        let pool = Pool::new(3).unwrap();
        pool.client.acquire().unwrap().drop_without_releasing();
        pool.client.acquire().unwrap().drop_without_releasing();
        pool.heal().unwrap();
        assert_eq!(pool.client.available().unwrap(), 3);
        pool.heal().unwrap();
        assert_eq!(pool.client.available().unwrap(), 3);
    }

    #[test]
    fn cells_overlap_only_where_it_can_help() {
        assert_eq!(Pool::new(1).unwrap().cells_at_once(9), 1);
        assert_eq!(Pool::new(2).unwrap().cells_at_once(9), 2);
        assert_eq!(Pool::new(2).unwrap().cells_at_once(1), 1);
        assert_eq!(Pool::new(64).unwrap().cells_at_once(20), 8);
    }
}
