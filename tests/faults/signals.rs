//! SIGINT, SIGTERM and SIGKILL at random moments, each followed by `--resume`.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use super::*;

/// A seeded sequence: splitmix64.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }
}

fn number(name: &str, usual: u64) -> u64 {
    std::env::var(name).map_or(usual, |text| text.parse().unwrap())
}

/// One interruption at a share of the time that an undisturbed run takes, in thousandths. Whether it
/// came before the end.
fn interrupt(site: &Site, out: &str, signal: Signal, moment: Duration) -> bool {
    let mut command = site.build(out, &[]);
    let child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    sleep(moment);
    let _ = kill(Pid::from_raw(child.id() as i32), signal);
    let start = Instant::now();
    let output = child.wait_with_output().unwrap();
    assert!(start.elapsed() < Duration::from_secs(20), "{out}: it ends soon");
    let before = match (output.status.code(), signal) {
        (Some(0), _) => false,
        // Without a code before it listens to signals: what the shell calls 130 and 143.
        (Some(130), Signal::SIGINT) | (Some(143), Signal::SIGTERM) | (None, _) => true,
        (code, _) => panic!("{out}: {signal} after {moment:?}: {code:?}\n{}", said(&output)),
    };
    site.is_idle(out);
    // Whatever is there is whole.
    for variant in ["without", "with"] {
        if let Ok(text) = fs::read(site.cell(out, variant).join("cell.json")) {
            let cell: Value = serde_json::from_slice(&text).unwrap();
            assert_eq!(cell["status"]["state"], "built", "{out}");
            assert!(site.cell(out, variant).join("vmlinux").exists(), "{out}");
        }
    }
    if let Ok(text) = fs::read(site.path(out).join("run.json")) {
        let run: Value = serde_json::from_slice(&text).unwrap();
        let is_done = |cell: &Value| cell["status"]["state"] != "pending";
        let done = run["cells"].as_array().unwrap().iter().all(is_done);
        assert!(!before || !done, "{out}: an interrupted run says so");
    }
    before
}

/// `HMMSIZE_FAULT_MOMENTS` and `HMMSIZE_FAULT_SEED` make it longer, and repeat it.
#[test]
fn interrupted_at_random_moments() {
    let Some(site) = Site::new() else { return };
    let clock = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    let seed = number("HMMSIZE_FAULT_SEED", clock.as_millis() as u64);
    let wanted = number("HMMSIZE_FAULT_MOMENTS", 50) as usize;
    eprintln!("HMMSIZE_FAULT_SEED={seed}");
    let random = Mutex::new(Random(seed));
    let (begun, done) = (AtomicUsize::new(0), AtomicUsize::new(0));
    // How long it takes beside another.
    let pace = Mutex::new(Duration::from_secs(2));
    let worker = || {
        loop {
            let number = begun.fetch_add(1, Ordering::SeqCst);
            if done.load(Ordering::SeqCst) >= wanted || number > 4 * wanted {
                return;
            }
            let (moment, signal) = {
                let mut random = random.lock().unwrap();
                let thousandths = (random.next() % 1000) as u32;
                let signal = match random.next() % 8 {
                    0 => Signal::SIGKILL,
                    1..=4 => Signal::SIGINT,
                    _ => Signal::SIGTERM,
                };
                (*pace.lock().unwrap() * thousandths / 1000, signal)
            };
            let out = format!("out{number}");
            let start = Instant::now();
            if interrupt(&site, &out, signal, moment) {
                if signal != Signal::SIGKILL {
                    done.fetch_add(1, Ordering::SeqCst);
                }
                site.resumes(&out);
            } else {
                // It was over before: so long it takes.
                site.is_calm(&out);
                *pace.lock().unwrap() = start.elapsed().min(moment);
            }
            fs::remove_dir_all(site.path(&out)).unwrap();
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(worker);
        }
    });
    let done = done.load(Ordering::SeqCst);
    eprintln!("{done} interruptions by SIGINT and SIGTERM of {} runs", begun.into_inner());
    assert!(done >= wanted, "{done} of {wanted}");
}
