//! Cells that are compiled on another machine: a distccd on loopback.

use std::net::TcpListener;
use std::os::unix::process::CommandExt;
use std::process::Child;

use super::*;

/// A server that ends with the value.
struct Server(Child, u16);

impl Server {
    fn start(log: &Path) -> Self {
        // A port that is free.
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let mut command = Command::new("distccd");
        command.args([
            "--daemon",
            "--no-detach",
            "--log-stderr",
            "--allow=127.0.0.1",
            "--listen=127.0.0.1",
            "--jobs=2",
        ]);
        command.args(["--log-level=info", "--user=distccd", &format!("--port={port}")]);
        // In a group of its own: it ends all of its group with itself.
        command.process_group(0).stderr(fs::File::create(log).unwrap());
        let mut server = Self(command.spawn().unwrap(), port);
        let start = std::time::Instant::now();
        while std::net::TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(server.0.try_wait().unwrap().is_none(), "distccd ends at once");
            assert!(start.elapsed().as_secs() < 20, "distccd does not listen");
            std::thread::sleep(std::time::Duration::from_millis(50));
        }
        server
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Its children end with it.
        let pid = nix::unistd::Pid::from_raw(self.0.id() as i32);
        let _ = nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGTERM);
        let _ = self.0.wait();
    }
}

#[test]
fn what_another_machine_compiles_is_what_this_one_compiles() {
    if !(have("distcc") && have("distccd")) {
        return;
    }
    let (Some(place), Some(local)) = (Place::new(), Place::new()) else { return };
    let log = place.path("distccd.log");
    let server = Server::start(&log);
    let host = format!("127.0.0.1:{}/2", server.1);
    let compiled = || fs::read_to_string(&log).unwrap().matches("COMPILE_OK").count() as u64;
    let words = ["--option=ZONE_DEVICE", "--no-ccache", "--no-incremental"];
    let alone = local.run(0, &words);
    let before = compiled();
    let run = place.run(0, &[&words[..], &["--distcc", &host]].concat());
    let objects: u64 = run.cells.iter().map(|cell| cell.objects.unwrap()).sum();
    assert!(objects > 20 && compiled() - before >= objects, "{objects}, {}", compiled());
    for (a, b) in run.cells.iter().zip(&alone.cells) {
        assert_eq!(a.measured, b.measured, "{}", a.id);
        assert_eq!(a.identity, b.identity, "where it is compiled does not count");
        let kernel = |place: &Place| fs::read(place.out().join(&a.id).join("vmlinux")).unwrap();
        assert!(kernel(&place) == kernel(&local), "{}: other bytes", a.id);
    }
    // Only the cells of one architecture.
    let arm = format!("arm={host}");
    let before = compiled();
    place.run(0, &[&words[..], &["--rebuild", "--distcc", &arm]].concat());
    assert_eq!(compiled(), before);
    // Through a compiler cache: what is in it is not asked for.
    if have("ccache") {
        let mut command = place.command(&["--option=ZONE_DEVICE", "--rebuild", "--distcc", &host]);
        command.env("CCACHE_DIR", place.path("ccache"));
        assert!(command.output().unwrap().status.success());
        assert!(compiled() > before);
        let before = compiled();
        assert!(command.output().unwrap().status.success());
        assert!(compiled() - before <= 2, "all but the probe was in the cache");
    }
    // Nobody there: nothing is compiled here in their place.
    drop(server);
    let output = place.build(&[&words[..], &["--rebuild", "--distcc", &host]].concat());
    assert_eq!(output.status.code(), Some(2), "{}", said(&output));
    assert!(said(&output).contains(&format!("--distcc: {host}: gcc: ")), "{}", said(&output));
}
