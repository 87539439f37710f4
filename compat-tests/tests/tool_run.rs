//! `zmq run`: programs that were built for another libzmq run on ours, and those that cannot are not started.
//!
//! The tool and our library lie in a prefix of their own, as they do once they are installed.
#![forbid(unsafe_code)]

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::OnceLock;

use compat_tests::library::{Library, SONAME};
use compat_tests::work;

/// Says in which file the library is that answers, and talks to itself.
const PROGRAM: &str = r#"
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdio.h>
#include <string.h>
#ifdef LOADED
static void *symbol(const char *name) {
    static void *library;
    if (!library) library = dlopen("libzmq.so.5", RTLD_NOW | RTLD_LOCAL);
    return library ? dlsym(library, name) : NULL;
}
int main(void) {
    int (*version)(int *, int *, int *) = symbol("zmq_version");
    int major, minor, patch;
    Dl_info info;
    if (!version || !dladdr((void *) version, &info)) return 9;
    version(&major, &minor, &patch);
    printf("%s %d.%d.%d\n", info.dli_fname, major, minor, patch);
    return 0;
}
#else
#include <zmq.h>
int main(void) {
    int major, minor, patch;
    char buffer[6] = "";
    Dl_info info;
    void *context = zmq_ctx_new();
    void *rep = zmq_socket(context, ZMQ_REP), *req = zmq_socket(context, ZMQ_REQ);
    if (zmq_bind(rep, "inproc://here") || zmq_connect(req, "inproc://here")) return 2;
    if (zmq_send(req, "Hello", 5, 0) != 5 || zmq_recv(rep, buffer, 5, 0) != 5) return 3;
    if (strcmp(buffer, "Hello")) return 4;
    zmq_close(req);
    zmq_close(rep);
    zmq_ctx_term(context);
    if (!dladdr((void *) zmq_version, &info)) return 5;
    zmq_version(&major, &minor, &patch);
    printf("%s %d.%d.%d\n", info.dli_fname, major, minor, patch);
    return 0;
}
#endif
"#;

/// A prefix with the tool and our library, and a folder for programs.
struct Place {
    tool: PathBuf,
    library: PathBuf,
    programs: PathBuf,
}

fn place() -> &'static Place {
    static PLACE: OnceLock<Place> = OnceLock::new();
    PLACE.get_or_init(|| {
        let library = fs::canonicalize(Library::Ours.file().unwrap()).unwrap();
        let _lock = work::lock().unwrap();
        let root = work::emptied(work::root().join("tool-run")).unwrap();
        for folder in ["bin", "lib", "programs"] {
            fs::create_dir_all(root.join(folder)).unwrap();
        }
        let tool = root.join("bin/zmq");
        fs::copy(built_tool(), &tool).unwrap();
        let link = root.join("lib").join(SONAME);
        symlink(&library, &link).unwrap();
        fs::write(root.join("programs/program.c"), PROGRAM).unwrap();
        Place { tool, library: link, programs: root.join("programs") }
    })
}

fn built_tool() -> PathBuf {
    work::say("building the tool");
    let mut build = work::cargo_build(&["--quiet", "--package", "zeroxide", "--bin", "zmq"]);
    assert!(build.status().unwrap().success(), "{build:?}");
    work::target().join("debug/zmq")
}

impl Place {
    fn compile(&self, name: &str, arguments: &[&str]) -> PathBuf {
        let program = self.programs.join(name);
        let compiler = std::env::var_os("CC").unwrap_or_else(|| "cc".into());
        let mut command = Command::new(compiler);
        command.arg(self.programs.join("program.c")).arg("-I").arg(work::include());
        command.args(arguments).args(["-ldl", "-o"]).arg(&program);
        let output = command.output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        program
    }

    fn run(&self, program: &[&str]) -> Output {
        clean(Command::new(&self.tool).args(["run", "--"]).args(program)).output().unwrap()
    }
}

/// Without the paths of cargo, in which there may be a library of ours.
fn clean(command: &mut Command) -> &mut Command {
    command.env_remove("LD_LIBRARY_PATH").env_remove("LD_PRELOAD")
}

#[track_caller]
fn said(output: &Output) -> String {
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{}: {errors}", output.status);
    assert_eq!(errors, "");
    String::from_utf8_lossy(&output.stdout).trim_end().to_owned()
}

#[track_caller]
fn is_library(said: &str, library: &Path) {
    let (file, version) = said.rsplit_once(' ').unwrap();
    assert_eq!(fs::canonicalize(file).unwrap(), fs::canonicalize(library).unwrap());
    assert_eq!(version, "4.3.5");
}

#[test]
fn a_program_built_for_another_library_runs_on_ours() {
    let place = place();
    let reference = Library::Reference.file().unwrap();
    let rpath = format!("-Wl,-rpath,{}", reference.parent().unwrap().display());
    let program = place.compile("linked", &[reference.to_str().unwrap(), &rpath]);
    is_library(&said(&clean(&mut Command::new(&program)).output().unwrap()), &reference);
    is_library(&said(&place.run(&[program.to_str().unwrap()])), &place.library);
    let shell = format!("exec '{}'", program.display());
    is_library(&said(&place.run(&["sh", "-c", &shell])), &place.library);
}

#[test]
fn a_program_that_loads_the_library_by_name_gets_ours() {
    let place = place();
    let program = place.compile("loads", &["-DLOADED"]);
    is_library(&said(&place.run(&[program.to_str().unwrap()])), &place.library);
}

#[test]
fn python_gets_ours() {
    let place = place();
    let script = "
import ctypes
library = ctypes.CDLL('libzmq.so.5')
major, minor, patch = ctypes.c_int(), ctypes.c_int(), ctypes.c_int()
library.zmq_version(ctypes.byref(major), ctypes.byref(minor), ctypes.byref(patch))
maps = [line.split()[-1] for line in open('/proc/self/maps') if 'libzmq' in line]
assert len(set(maps)) == 1, maps
print(maps[0], f'{major.value}.{minor.value}.{patch.value}')
";
    is_library(&said(&place.run(&["python3", "-c", script])), &place.library);
}

#[test]
fn a_program_with_our_archive_in_it_is_refused() {
    let place = place();
    let folder = fs::canonicalize(&place.library).unwrap();
    let archive = folder.with_file_name("libzmq.a");
    let program = place.compile("copy", &[archive.to_str().unwrap(), "-lpthread", "-lm"]);
    let output = place.run(&[program.to_str().unwrap()]);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert_eq!((output.status.code(), errors.lines().count()), (Some(126), 1), "{errors}");
    assert!(errors.contains("carries its own static copy of libzmq"), "{errors}");
}

#[test]
fn the_tool_in_the_build_folder_finds_the_library_there() {
    let place = place();
    let folder = place.programs.join("as-cargo-builds");
    fs::create_dir_all(&folder).unwrap();
    fs::copy(&place.tool, folder.join("zmq")).unwrap();
    fs::copy(&place.library, folder.join("libzmq.so")).unwrap();
    let program = place.compile("loads-built", &["-DLOADED"]);
    let mut command = Command::new(folder.join("zmq"));
    let output = clean(command.arg("run").arg(&program)).output().unwrap();
    is_library(&said(&output), &folder.join("libzmq.so"));
}
