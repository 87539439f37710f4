//! What `zmq run` starts, and what it refuses to. The library is a small one that looks like a libzmq; that real programs
//! run on the real one is for `compat-tests`.

use crate::{compile, zmq, Done, Folder};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

const LIBRARY: &str = "int zmq_ctx_new(void) { return 42; }\n";
const USER: &str = "int zmq_ctx_new(void);\nint main(void) { return zmq_ctx_new(); }\n";

struct Place {
    folder: Folder,
    library: String,
}

/// None, and a word why, where there is no C compiler.
fn place() -> Option<Place> {
    let folder = Folder::new();
    let args = ["-shared", "-fPIC", "-Wl,-soname,libzmq.so.5"];
    let Some(library) = compile(&folder, "libzmq.so", LIBRARY, &args) else {
        println!("skipped: there is no C compiler");
        return None;
    };
    let library = library.to_str()?.to_owned();
    Some(Place { folder, library })
}

impl Place {
    fn run(&self, program: &[&str]) -> Done {
        zmq(["run", "--library", &self.library, "--"].iter().chain(program))
    }

    fn script(&self, name: &str, text: &str) -> String {
        let path = self.folder.write(name, text);
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        path.to_str().unwrap().to_owned()
    }
}

#[test]
fn programs_find_the_library_under_its_soname() {
    let Some(place) = place() else { return };
    let done = place.run(&["sh", "-c", "echo $LD_PRELOAD; echo $LD_LIBRARY_PATH; exit 7"]);
    assert_eq!(done.code, Some(7), "{}", done.err);
    let lines: Vec<_> = done.out.lines().collect();
    let preloaded = Path::new(lines[0]);
    assert!(preloaded.ends_with("libzmq.so.5"), "{lines:?}");
    assert_eq!(fs::canonicalize(preloaded).unwrap(), fs::canonicalize(&place.library).unwrap());
    // The test may be run with a path of its own.
    let first = lines[1].split(':').next().unwrap();
    assert_eq!(Path::new(first).join("libzmq.so.5"), preloaded);
}

#[test]
fn what_is_preloaded_already_stays() {
    let Some(place) = place() else { return };
    let mut command = std::process::Command::new(crate::TOOL);
    command.args(["run", "--library", &place.library, "sh", "-c", "echo $LD_LIBRARY_PATH"]);
    command.env("LD_LIBRARY_PATH", "/some/folder");
    let done = crate::Running::start(&mut command, b"").done();
    assert!(done.out.ends_with(":/some/folder\n"), "{done:?}");
}

#[test]
fn programs_that_use_a_libzmq_use_this_one() {
    let Some(place) = place() else { return };
    let other = Folder::new();
    let args = ["-shared", "-fPIC", "-Wl,-soname,libzmq.so.5"];
    let source = LIBRARY.replace("42", "1");
    let library = compile(&other, "libzmq.so.5", &source, &args).unwrap();
    let rpath = format!("-Wl,-rpath,{}", other.0.display());
    let program = compile(&other, "user", USER, &[library.to_str().unwrap(), &rpath]).unwrap();
    let program = program.to_str().unwrap();
    let alone = std::process::Command::new(program).status().unwrap();
    assert_eq!(alone.code(), Some(1));
    assert_eq!(place.run(&[program]).code, Some(42));
}

#[test]
fn signals_and_arguments_go_through() {
    let Some(place) = place() else { return };
    let done = place.run(&["sh", "-c", "echo \"$1|$2\"; kill -KILL $$", "sh", "--version", "a b"]);
    assert_eq!((done.code, done.out.as_str()), (None, "--version|a b\n"));
    // A program that is written to after its reader has gone ends as it would without the tool.
    let done = place.run(&["sh", "-c", "(sleep 0.2; echo x; echo $? >&2) | true"]);
    assert!(!done.err.contains('0'), "{}", done.err);
}

#[test]
fn programs_with_a_copy_are_refused() {
    let Some(place) = place() else { return };
    let source = format!("{LIBRARY}int main(void) {{ return zmq_ctx_new(); }}\n");
    let copy = compile(&place.folder, "copy", &source, &[]).unwrap();
    place.run(&[copy.to_str().unwrap()]).failed(126, "carries its own static copy of libzmq");
    let script = place.script("script", &format!("#!{}\n", copy.display()));
    place.run(&[&script]).failed(126, "carries its own static copy of libzmq");

    match compile(&place.folder, "static", "int main(void) { return 0; }\n", &["-static"]) {
        Some(program) => {
            place.run(&[program.to_str().unwrap()]).failed(126, "it is statically linked")
        }
        None => println!("skipped in part: nothing can be linked statically here"),
    }

    // Nothing but its strings are left of a copy without symbols.
    let source =
        "#include <stdio.h>\nint main(void) { puts(\"inproc://zeromq.zap.01\"); return 0; }\n";
    let stripped = compile(&place.folder, "stripped", source, &["-s"]).unwrap();
    let done = place.run(&[stripped.to_str().unwrap()]);
    assert_eq!(done.code, Some(0));
    assert!(done.err.contains("seems to carry its own static copy"), "{}", done.err);
}

#[test]
fn scripts_are_run_by_their_interpreters() {
    let Some(place) = place() else { return };
    let direct = place.script("direct", "#!/bin/sh\necho ${LD_PRELOAD##*/}\n");
    place.run(&[&direct]).printed("libzmq.so.5\n");
    let by_env = place.script("by-env", "#!/usr/bin/env sh\necho ${LD_PRELOAD##*/}\n");
    place.run(&[&by_env]).printed("libzmq.so.5\n");
    let missing = place.script("missing", "#!/no/such/interpreter\n");
    place.run(&[&missing]).failed(127, "/no/such/interpreter");
    let empty = place.script("empty", "#!\n");
    place.run(&[&empty]).failed(126, "names no interpreter");
}

#[test]
fn what_is_no_program_is_refused() {
    let Some(place) = place() else { return };
    place.run(&["no-such-program"]).failed(127, "there is no program no-such-program");
    place.run(&["/no/such/program"]).failed(127, "there is no program /no/such/program");
    place.run(&[place.folder.0.to_str().unwrap()]).failed(126, "it is a folder");
    let text = place.folder.write("text", "hello");
    place.run(&[text.to_str().unwrap()]).failed(126, "it is not executable");
    let text = place.script("words", "hello");
    place.run(&[&text]).failed(126, "neither a program of this system nor a script");
    let broken = place.script("broken", "");
    let mut bytes = fs::read(&place.library).unwrap();
    bytes.truncate(100);
    fs::write(&broken, &bytes).unwrap();
    place.run(&[&broken]).failed(126, "its ELF headers make no sense");
    bytes[18] ^= 1;
    fs::write(&broken, &bytes).unwrap();
    place.run(&[&broken]).failed(126, "another kind of machine");
}

#[test]
fn what_is_no_library_is_refused() {
    let Some(place) = place() else { return };
    let missing = place.folder.text("missing.so");
    zmq(["run", "--library", &missing, "true"]).failed(1, "No such file or directory");
    let text = place.folder.write("text.so", "x".repeat(100));
    zmq(["run", "--library", text.to_str().unwrap(), "true"]).failed(1, "this is no library");
    let args = ["-shared", "-fPIC"];
    let other =
        compile(&place.folder, "other.so", "int other(void) { return 1; }\n", &args).unwrap();
    zmq(["run", "--library", other.to_str().unwrap(), "true"]).failed(1, "this is no libzmq");
    // The tool found beside nothing: a copy of it in a folder of its own.
    let bin = place.folder.path("prefix/bin");
    fs::create_dir_all(&bin).unwrap();
    let tool = bin.join("zmq");
    fs::copy(crate::TOOL, &tool).unwrap();
    let done =
        crate::Running::start(std::process::Command::new(&tool).args(["run", "true"]), b"").done();
    done.failed(1, "say where it is with --library FILE");
    // The library of somebody else is not taken for ours.
    fs::copy(&place.library, bin.join("libzmq.so.5")).unwrap();
    let done =
        crate::Running::start(std::process::Command::new(&tool).args(["run", "true"]), b"").done();
    done.failed(1, "libzmq.so.5 is not it");
}
