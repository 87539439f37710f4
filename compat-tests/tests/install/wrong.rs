//! Wrong uses: each gets one line and an exit code, and leaves everything as it was.

use super::{folder, install, needs};
use compat_tests::setup::{has, refusal, said, setup};
use compat_tests::trials::{expect, Tested};
use compat_tests::work;
use libtest_mimic::{Failed, Trial};
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

pub fn trials() -> Vec<Trial> {
    let mount = || {
        let own = "unshare --map-root-user --mount mount -t tmpfs none /mnt";
        let allowed = has("unshare") && said(Command::new("sh").args(["-c", own])).is_ok();
        (!allowed).then(|| "no file system of its own may be mounted here: run it as root".into())
    };
    vec![
        Trial::test("wrong::use_of_the_command_line", use_of_the_command_line),
        Trial::test("wrong::prefix_that_cannot_be_written", prefix_that_cannot_be_written),
        Trial::test("wrong::something_is_in_the_way", something_is_in_the_way),
        Trial::test("wrong::cargo_is_missing", cargo_is_missing),
        Trial::test("wrong::packages_have_nowhere_to_go", packages_have_nowhere_to_go),
        Trial::test("wrong::interrupted_amid_the_work", interrupted_amid_the_work),
        needs(mount(), "wrong::disk_is_full", disk_is_full),
    ]
}

fn refused(arguments: &[&str], because: &str) -> Tested {
    let line = refusal(&mut setup(arguments)?)?;
    expect(line.contains(because), format!("{arguments:?}: {line}"))
}

fn use_of_the_command_line() -> Tested {
    refused(&[], "which command?")?;
    refused(&["instal"], "unrecognized subcommand 'instal'")?;
    refused(&["install", "--prefiks", "/x"], "unexpected argument '--prefiks'")?;
    refused(&["install", "--prefix"], "a value is required for '--prefix")?;
    refused(&["install", "--prefix", "usr"], "absolute")?;
    refused(&["install", "--prefix", "/usr/../etc"], "absolute")?;
    refused(&["install", "--prefix", "/x\ny"], "plain text")?;
    refused(&["install", "--libdir", "/lib"], "relative to the prefix")?;
    refused(&["install", "--libdir", "../lib"], "relative to the prefix")?;
    refused(&["install", "--profile", "fast"], "invalid value 'fast'")?;
    refused(&["hello", "world"], "unexpected argument 'world'")?;
    let empty = folder("empty")?;
    refused(&["uninstall", "--prefix", &empty.to_string_lossy()], "nothing of ours")
}

/// Nobody may write there, root neither.
fn prefix_that_cannot_be_written() -> Tested {
    refused(&["install", "--prefix", "/proc/zeroxide"], "cannot write to /proc")?;
    refused(
        &["install", "--prefix", "/usr", "--destdir", "/proc/zeroxide"],
        "cannot write to /proc",
    )
}

fn something_is_in_the_way() -> Tested {
    let prefix = folder("way")?;
    let file = prefix.join("file");
    fs::write(&file, "mine")?;
    refused(&["install", "--prefix", &file.to_string_lossy()], "in the way")?;
    refused(&["install", "--prefix", &file.join("in").to_string_lossy()], "in the way")?;
    in_the_way(&prefix.join("a"), |prefix| fs::write(prefix.join("lib"), "a file"))?;
    in_the_way(&prefix.join("b"), |prefix| fs::create_dir_all(prefix.join("lib/libzmq.so.5")))?;
    in_the_way(&prefix.join("c"), |prefix| {
        std::os::unix::fs::symlink("nowhere", prefix.join("include"))
    })
}

fn in_the_way(prefix: &Path, make: fn(&Path) -> std::io::Result<()>) -> Tested {
    fs::create_dir_all(prefix)?;
    make(prefix)?;
    let before = contents(prefix)?;
    refused(&["install", "--prefix", &prefix.to_string_lossy()], "in the way")?;
    let after = contents(prefix)?;
    expect(before == after, format!("left behind:\n{after}"))
}

/// Every name below a folder.
fn contents(folder: &Path) -> Result<String, Failed> {
    Ok(said(Command::new("find").arg(folder))?)
}

fn cargo_is_missing() -> Tested {
    let prefix = folder("cargo")?.join("prefix");
    let line = refusal(install(&prefix)?.env("CARGO", "/nonexistent/cargo"))?;
    expect(line.contains("cannot run /nonexistent/cargo"), line)?;
    expect(!prefix.exists(), "a prefix was begun")
}

fn packages_have_nowhere_to_go() -> Tested {
    let line = refusal(&mut setup(&["deb", "--output", "/nonexistent/folder"])?)?;
    expect(line.contains("/nonexistent/folder") || line.contains("made on Debian"), line)
}

/// Whenever the signal comes, all of it is there or nothing is.
fn interrupted_amid_the_work() -> Tested {
    let folder = folder("interrupted")?;
    for round in 0..10 {
        let prefix = folder.join(round.to_string());
        let mut child = install(&prefix)?.stdout(Stdio::null()).stderr(Stdio::null()).spawn()?;
        while !prefix.exists() && child.try_wait()?.is_none() {
            thread::sleep(Duration::from_micros(200));
        }
        thread::sleep(Duration::from_millis(round));
        let id = child.id().to_string();
        // It may be done by now; until it is waited for, nobody else has its number.
        let _ = Command::new("kill").arg(&id).stderr(Stdio::null()).status();
        let status = child.wait()?;
        let whole = prefix.join("share/zeroxide/manifest").exists();
        let left = if prefix.exists() { contents(&prefix)? } else { String::new() };
        expect(status.code().is_some(), format!("it was killed: {status}; {left}"))?;
        expect(status.success() == whole, format!("{status}, and the manifest: {whole}"))?;
        expect(whole || left.is_empty(), format!("left behind:\n{left}"))?;
        expect(!left.contains("/."), format!("left behind:\n{left}"))?;
    }
    Ok(())
}

/// On a file system that is too small for the archive, in a mount namespace of its own.
fn disk_is_full() -> Tested {
    let disk = folder("disk")?;
    said(&mut setup(&["install", "--prefix", &disk.join("warm").to_string_lossy()])?)?;
    let program = setup(&[])?.get_program().to_owned();
    let script = "mount -t tmpfs -o size=1m none \"$1\" && mkdir \"$1/kept\" || exit 99
        \"$0\" install --prefix \"$1/prefix\"; code=$?
        [ \"$(ls -A \"$1\")\" = kept ] || { ls -AR \"$1\"; exit 98; }
        exit $code";
    let mut command = Command::new("unshare");
    command.args(["--map-root-user", "--mount", "sh", "-c", script]).arg(program).arg(&disk);
    let line = refusal(command.env("CARGO_TARGET_DIR", work::target()))?;
    expect(line.contains("No space left on device"), line)
}
