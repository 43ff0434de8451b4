//! One GNU make token pool for all cells of a run, so that `-j N` means N compilers in all.
//!
//! Every make that runs holds one token implicitly, for its own first job; the others it takes from
//! the pool and puts back. So a worker that runs cells one after the other stands for one token,
//! the pool starts with what is left, and a worker that has nothing more to do puts its own in.
//! Nobody ever waits for a token here, so tokens that a killed make took with it cannot block a
//! run; they are replaced when the next stage begins.
//!
//! Two or more cells run at once not to compile faster but to fill the serial phases of one
//! (configure, link, kallsyms) with the compilers of another. Two that would compile the same files
//! through one compiler cache are kept apart: side by side neither finds what the other has made.

use std::io;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;

use jobserver::Client;

use super::process::Runner;
use crate::exit::{Error, Result};

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

    /// Runs `work` on every item, several at once, and returns the results in the order of the
    /// items; `None` for those that were not begun because a signal came. One stage at a time.
    pub fn stage<T: Sync, R: Send>(
        &self,
        items: &[T],
        runner: &Runner,
        work: impl Fn(&T) -> R + Sync,
    ) -> Result<Vec<Option<R>>> {
        self.stage_apart(items, runner, |_| None, work)
    }

    /// As [`Pool::stage`], but items of one `group` run one after the other. A worker that finds
    /// only items of groups that run leaves its processor to those that do.
    pub fn stage_apart<T: Sync, R: Send>(
        &self,
        items: &[T],
        runner: &Runner,
        group: impl Fn(&T) -> Option<String>,
        work: impl Fn(&T) -> R + Sync,
    ) -> Result<Vec<Option<R>>> {
        let workers = self.cells_at_once(items.len());
        self.fill(self.size - workers).map_err(|e| Error::io("job token pool", e))?;
        let waiting = items.iter().map(&group).enumerate().collect();
        let queue = Mutex::new(Queue { waiting, running: Vec::new() });
        let results: Vec<Mutex<Option<R>>> = items.iter().map(|_| Mutex::new(None)).collect();
        thread::scope(|scope| {
            for _ in 0..workers {
                scope.spawn(|| {
                    while runner.stopped().is_none() {
                        let Some((index, group)) = locked(&queue).next() else { break };
                        *locked(&results[index]) = Some(work(&items[index]));
                        locked(&queue).running.retain(|running| Some(running) != group.as_ref());
                    }
                    // Those that still run may use our processor now.
                    let _ = self.client.release_raw();
                });
            }
        });
        let unlock = |m: Mutex<Option<R>>| m.into_inner().unwrap_or_else(PoisonError::into_inner);
        Ok(results.into_iter().map(unlock).collect())
    }

    /// Puts exactly `wanted` tokens into the pool; only while no make runs.
    fn fill(&self, wanted: usize) -> io::Result<()> {
        let there = self.client.available()?;
        for _ in wanted..there {
            self.client.acquire_raw()?;
        }
        for _ in there..wanted {
            self.client.release_raw()?;
        }
        Ok(())
    }
}

/// The items of a stage that nobody has begun, and the groups that run.
struct Queue {
    waiting: Vec<(usize, Option<String>)>,
    running: Vec<String>,
}

impl Queue {
    /// The first item whose group does not run; from now on it does.
    fn next(&mut self) -> Option<(usize, Option<String>)> {
        let free = |(_, group): &(usize, Option<String>)| {
            !self.running.iter().any(|r| Some(r) == group.as_ref())
        };
        let at = self.waiting.iter().position(free)?;
        let item = self.waiting.remove(at);
        self.running.extend(item.1.clone());
        Some(item)
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::kbuild::process::Command;

    /// Runs a make with four jobs for each item, and returns how many jobs ran at once at most.
    fn most_jobs(pool: &Pool, items: &[&str]) -> usize {
        let dir = tempfile::tempdir().unwrap();
        let makefile = "all: a b c d\na b c d:\n\t@echo + >>log; sleep 0.2; echo - >>log\n";
        std::fs::write(dir.path().join("Makefile"), makefile).unwrap();
        let runner = Runner::new(Some(pool.client())).unwrap();
        let work = |goal: &&str| {
            let mut make = Command::new(["make", goal]).cwd(dir.path()).capture();
            make = make.env("PATH", std::env::var_os("PATH").unwrap());
            make.jobs = true;
            let done = runner.run(&make).unwrap();
            assert!(done.ok(), "{}", String::from_utf8_lossy(&done.stderr));
        };
        pool.stage(items, &runner, work).unwrap();
        most(&dir.path().join("log"))
    }

    fn most(log: &Path) -> usize {
        let mut running = 0;
        let log = std::fs::read_to_string(log).unwrap();
        let steps = log.lines().map(|line| {
            running = if line == "+" { running + 1 } else { running - 1 };
            running
        });
        steps.max().unwrap_or(0)
    }

    #[test]
    fn makes_share_the_tokens() {
        let pool = Pool::new(2).unwrap();
        assert_eq!(most_jobs(&pool, &["all"]), 2, "one make, two tokens");
        assert_eq!(pool.client.available().unwrap(), 2, "all tokens came back");
        assert_eq!(most_jobs(&pool, &["all", "all"]), 2, "two makes, still two tokens");
        assert_eq!(pool.client.available().unwrap(), 2);
        assert_eq!(most_jobs(&Pool::new(1).unwrap(), &["all", "all"]), 1);
    }

    #[test]
    fn lost_tokens_are_replaced_and_surplus_ones_taken_out() {
        let pool = Pool::new(3).unwrap();
        for _ in 0..3 {
            pool.client.acquire_raw().unwrap();
        }
        pool.fill(2).unwrap();
        assert_eq!(pool.client.available().unwrap(), 2);
        pool.fill(1).unwrap();
        assert_eq!(pool.client.available().unwrap(), 1);
    }

    #[test]
    fn results_come_in_the_order_of_the_items() {
        let pool = Pool::new(16).unwrap();
        let items: Vec<u32> = (0..40).collect();
        let got = pool.stage(&items, &Runner::quiet(), |n| n * 2).unwrap();
        let want: Vec<_> = items.iter().map(|n| Some(n * 2)).collect();
        assert_eq!(got, want);
    }

    #[test]
    fn items_of_one_group_never_run_at_once() {
        use std::sync::atomic::{AtomicUsize, Ordering};
        let pool = Pool::new(16).unwrap();
        let items: Vec<usize> = (0..12).collect();
        let running = [const { AtomicUsize::new(0) }; 3];
        let (most, all) = (AtomicUsize::new(0), AtomicUsize::new(0));
        let got = pool
            .stage_apart(
                &items,
                &Runner::quiet(),
                |n| Some((n % 3).to_string()),
                |n| {
                    let here = running[n % 3].fetch_add(1, Ordering::SeqCst);
                    most.fetch_max(all.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                    thread::sleep(std::time::Duration::from_millis(20));
                    all.fetch_sub(1, Ordering::SeqCst);
                    running[n % 3].fetch_sub(1, Ordering::SeqCst);
                    here
                },
            )
            .unwrap();
        assert_eq!(got, vec![Some(0); 12], "the group's other items were not running");
        assert_eq!(most.load(Ordering::SeqCst), 2, "two workers, two groups at once");
        assert_eq!(pool.client.available().unwrap(), 16, "all tokens came back");
    }

    #[test]
    fn cells_overlap_only_where_it_can_help() {
        assert_eq!(Pool::new(1).unwrap().cells_at_once(9), 1);
        assert_eq!(Pool::new(2).unwrap().cells_at_once(9), 2);
        assert_eq!(Pool::new(2).unwrap().cells_at_once(1), 1);
        assert_eq!(Pool::new(64).unwrap().cells_at_once(20), 8);
    }
}
