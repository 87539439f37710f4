//! What an installation consists of, and that it goes as it came.

use super::{folder, folder_of, install};
use compat_tests::setup::{refusal, said, setup};
use compat_tests::trials::{expect, Tested};
use compat_tests::work;
use libtest_mimic::Trial;
use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{symlink, MetadataExt};
use std::path::Path;
use std::process::Command;

pub fn trials() -> Vec<Trial> {
    vec![
        Trial::test("layout::is_upstreams_under_destdir", is_upstreams_under_destdir),
        Trial::test("layout::libdir_may_be_debians", libdir_may_be_debians),
        Trial::test(
            "layout::a_new_one_takes_the_place_of_an_old_one",
            a_new_one_replaces_an_old_one,
        ),
        Trial::test("layout::uninstall_leaves_what_is_not_ours", uninstall_leaves_what_is_not_ours),
        Trial::test(
            "layout::a_damaged_manifest_removes_nothing",
            a_damaged_manifest_removes_nothing,
        ),
    ]
}

/// Files with their modes, and links with where they lead.
fn listing(root: &Path) -> Result<BTreeMap<String, String>, String> {
    let mut listing = BTreeMap::new();
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        for path in work::entries(&folder)? {
            let name = path.strip_prefix(root).unwrap_or(&path).to_string_lossy().into_owned();
            if let Ok(target) = fs::read_link(&path) {
                listing.insert(name, format!("-> {}", target.display()));
            } else if path.is_dir() {
                folders.push(path);
            } else {
                let mode = fs::metadata(&path).map_or(0, |file| file.mode());
                listing.insert(name, format!("{:o}", mode & 0o7777));
            }
        }
    }
    Ok(listing)
}

/// What comes with the tool.
const TOOL: &[(&str, &str)] = &[
    ("bin/zmq", "755"),
    ("share/bash-completion/completions/zmq", "644"),
    ("share/fish/vendor_completions.d/zmq.fish", "644"),
    ("share/man/man1/zmq.1", "644"),
    ("share/man/man1/zmq-run.1", "644"),
    ("share/zsh/site-functions/_zmq", "644"),
];

/// The same command, by a user whose group may write to what he makes, as on many systems.
fn with_umask(umask: &str, command: &Command) -> Command {
    let mut shell = Command::new("sh");
    shell.args(["-c", &format!("umask {umask} && exec \"$@\""), "sh"]);
    shell.arg(command.get_program()).args(command.get_args());
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => shell.env(name, value),
            None => shell.env_remove(name),
        };
    }
    shell
}

fn is_upstreams_under_destdir() -> Tested {
    let destdir = folder("destdir")?.join("made/by/install");
    let text = destdir.to_string_lossy();
    let install = setup(&["install", "--prefix", "/opt/zmq", "--destdir", &text])?;
    said(&mut with_umask("002", &install))?;
    let root = destdir.join("opt/zmq");
    let found = listing(&root)?;
    for (path, wanted) in [
        ("include/zmq.h", "644"),
        ("include/zmq_utils.h", "644"),
        ("lib/cmake/ZeroMQ/ZeroMQConfig.cmake", "644"),
        ("lib/cmake/ZeroMQ/ZeroMQConfigVersion.cmake", "644"),
        ("lib/libzmq.a", "644"),
        ("lib/libzmq.so", "-> libzmq.so.5"),
        ("lib/libzmq.so.5", "-> libzmq.so.5.2.5"),
        ("lib/libzmq.so.5.2.5", "755"),
        ("lib/pkgconfig/libzmq.pc", "644"),
        ("share/zeroxide/manifest", "644"),
    ] {
        let is = found.get(path).map_or("missing", |is| is.as_str());
        expect(is == wanted, format!("{path}: {is}, not {wanted}"))?;
    }
    if work::workspace().join("src/bin/zmq").exists() {
        for (path, wanted) in TOOL {
            let is = found.get(*path).map_or("missing", |is| is.as_str());
            expect(is == *wanted, format!("{path}: {is}, not {wanted}"))?;
        }
    }
    let staged: Vec<_> = found.keys().filter(|path| path.contains("/.")).collect();
    expect(staged.is_empty(), format!("left behind: {staged:?}"))?;
    let package = fs::read_to_string(root.join("lib/pkgconfig/libzmq.pc"))?;
    expect(package.starts_with("prefix=/opt/zmq\n"), format!("DESTDIR shows:\n{package}"))?;
    said(&mut setup(&["uninstall", "--prefix", "/opt/zmq", "--destdir", &text])?)?;
    expect(!destdir.exists(), format!("{text} is still there"))?;
    expect(!folder_of("destdir").join("made").exists(), "folders above DESTDIR are still there")
}

fn libdir_may_be_debians() -> Tested {
    let prefix = folder("libdir")?.join("prefix");
    let libdir = "lib/x86_64-linux-gnu";
    said(install(&prefix)?.args(["--libdir", libdir]))?;
    let found = listing(&prefix)?;
    expect(found.contains_key(&format!("{libdir}/libzmq.so.5")), format!("{found:?}"))?;
    let package = fs::read_to_string(prefix.join(libdir).join("pkgconfig/libzmq.pc"))?;
    expect(package.contains(&format!("libdir=${{exec_prefix}}/{libdir}\n")), package)?;
    // One that is laid out otherwise takes its place, and what only the old one had goes.
    said(&mut install(&prefix)?)?;
    let found = listing(&prefix)?;
    expect(found.contains_key("lib/libzmq.so.5"), format!("{found:?}"))?;
    expect(!found.keys().any(|path| path.starts_with(libdir)), format!("{found:?}"))?;
    said(&mut setup(&["uninstall", "--prefix", &prefix.to_string_lossy()])?)?;
    expect(!prefix.exists(), "the prefix is still there")
}

/// A program may be running on the library: its file is never written to, another takes its name.
fn a_new_one_replaces_an_old_one() -> Tested {
    let prefix = folder("again")?;
    let library = prefix.join("lib/libzmq.so.5.2.5");
    said(&mut install(&prefix)?)?;
    let kept = prefix.join("kept");
    fs::hard_link(&library, &kept)?;
    let before = fs::metadata(&kept)?;
    said(&mut install(&prefix)?)?;
    let (after, fresh) = (fs::metadata(&kept)?, fs::metadata(&library)?);
    expect(fresh.ino() != before.ino(), "the library is the same file as before")?;
    expect(after.mtime_nsec() == before.mtime_nsec(), "the old file was written to")?;
    let staged: Vec<_> = listing(&prefix)?.into_keys().filter(|path| path.contains("/.")).collect();
    expect(staged.is_empty(), format!("left behind: {staged:?}"))
}

fn uninstall_leaves_what_is_not_ours() -> Tested {
    let prefix = folder("others")?;
    fs::create_dir_all(prefix.join("include"))?;
    said(&mut install(&prefix)?)?;
    fs::write(prefix.join("lib/other.txt"), "somebody else's")?;
    fs::write(prefix.join("include/zmq.h"), "another library's")?;
    fs::remove_file(prefix.join("lib/libzmq.so"))?;
    symlink("libzmq.so.6", prefix.join("lib/libzmq.so"))?;
    let text = said(&mut setup(&["uninstall", "--prefix", &prefix.to_string_lossy()])?)?;
    let left: Vec<_> = listing(&prefix)?.into_keys().collect();
    expect(left == ["include/zmq.h", "lib/libzmq.so", "lib/other.txt"], format!("{left:?}"))?;
    expect(text.contains("zmq.h was changed since, and stays"), text)
}

fn a_damaged_manifest_removes_nothing() -> Tested {
    let prefix = folder("damaged")?;
    said(&mut install(&prefix)?)?;
    let manifest = prefix.join("share/zeroxide/manifest");
    let text = fs::read_to_string(&manifest)?;
    fs::write(&manifest, format!("{text}file 0\t../../../precious\n"))?;
    let before = listing(&prefix)?;
    let line = refusal(&mut setup(&["uninstall", "--prefix", &prefix.to_string_lossy()])?)?;
    expect(line.contains("damaged"), line)?;
    expect(listing(&prefix)? == before, "something is gone")
}
