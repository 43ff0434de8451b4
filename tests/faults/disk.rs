//! Disks that are full, or cannot be written.

use super::*;

/// Runs a script in which `$0` is the output directory and `"$@"` builds into it; with what may mount.
fn in_shell(site: &Site, way: &[&str], script: &str) -> Output {
    let build = site.build("out", &[]);
    let mut command = Command::new(way[0]);
    command.args(&way[1..]).args(["sh", "-c", script]).arg(site.path("out"));
    command.arg(build.get_program()).args(build.get_args()).current_dir(site.path(""));
    for (key, value) in build.get_envs() {
        match value {
            Some(value) => command.env(key, value),
            None => command.env_remove(key),
        };
    }
    command.output().unwrap()
}

#[test]
fn disk_is_full() {
    let Some(site) = Site::new() else { return };
    fs::create_dir(site.path("out")).unwrap();
    let Some(way) = mounting(&site.path("out")) else { return };
    // Full while it configures, compiles, links and measures; then there is room.
    for kilobytes in [40, 120, 260, 420, 700] {
        let script = format!(
            r#"mount -t tmpfs -o size={kilobytes}k tmpfs "$0" || exit 90
            "$@"; code=$?
            case $code in 2|3) ;; *) umount "$0"; exit 91 ;; esac
            for cell in "$0"/x86_64/linux/*; do
                [ ! -e $cell/cell.json ] || [ -e $cell/vmlinux ] || exit 92
            done
            mount -o remount,size=64m "$0"
            if [ -e "$0/run.json" ]; then
                "$1" build O=out --resume || exit 93
            else
                "$@" || exit 94
            fi
            cp -r "$0" "$0-copy"; umount "$0""#
        );
        let output = in_shell(&site, way, &script);
        let text = said(&output);
        assert_eq!(output.status.code(), Some(0), "{kilobytes} k: {text}");
        assert!(text.to_lowercase().contains("no space left on device"), "{kilobytes} k: {text}");
        let copy = site.path("out-copy");
        fs::remove_dir(site.path("out")).unwrap();
        fs::rename(&copy, site.path("out")).unwrap();
        site.is_calm("out");
        fs::remove_dir_all(site.path("out")).unwrap();
        fs::create_dir(site.path("out")).unwrap();
    }
}

#[test]
fn file_cannot_grow() {
    let Some(site) = Site::new() else { return };
    // In blocks of 512 bytes: a few objects, a first link.
    for blocks in [8, 100] {
        let script = format!(r#"trap "" XFSZ; ulimit -f {blocks}; exec "$@""#);
        let output = in_shell(&site, &["env"], &script);
        assert!(matches!(output.status.code(), Some(2 | 3)), "{}", said(&output));
        let text = said(&output).to_lowercase();
        assert!(text.contains("file too large"), "{blocks}: {text}");
        assert!(!site.cell("out", "with").join("cell.json").exists());
        site.resumes("out");
        fs::remove_dir_all(site.path("out")).unwrap();
    }
}

#[test]
fn output_is_read_only() {
    let Some(site) = Site::new() else { return };
    site.run(0, &[]);
    let before = fs::read(site.path("out/run.json")).unwrap();
    let Some(way) = mounting(&site.path("bin")) else { return };
    let script = r#"mount --bind "$0" "$0" && mount -o remount,bind,ro "$0" || exit 90
        "$@"; code=$?; umount "$0"; exit $code"#;
    let output = in_shell(&site, way, script);
    assert_eq!(output.status.code(), Some(2), "{}", said(&output));
    assert!(said(&output).contains("Read-only file system"), "{}", said(&output));
    assert!(fs::read(site.path("out/run.json")).unwrap() == before, "the old result is as it was");
    site.resumes("out");
}
