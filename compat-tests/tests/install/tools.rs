//! An installation as programs find it: pkg-config, CMake, cargo-c. What is not on this machine is
//! not tested here, and said so; CMake is taken from PyPI where it is missing.

use super::{folder, install, needs, prefix};
use compat_tests::python;
use compat_tests::setup::{has, said};
use compat_tests::trials::{expect, Tested};
use compat_tests::{during, work};
use libtest_mimic::Trial;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

pub fn trials(for_real: bool) -> Vec<Trial> {
    let package =
        || (!has("pkg-config")).then(|| "there is no pkg-config: install pkg-config".to_owned());
    let cmake = match for_real {
        true => cmake().err(),
        false => None,
    };
    let cargo_c = (!has("cargo-cbuild"))
        .then(|| "there is no cargo cbuild: cargo install cargo-c".to_owned());
    vec![
        needs(package(), "pkg_config::shared", pkg_config_shared),
        needs(package(), "pkg_config::a_prefix_with_a_space", pkg_config_space),
        needs(package(), "pkg_config::archive", pkg_config_archive),
        needs(package(), "pkg_config::nothing_shared_at_all", pkg_config_nothing_shared),
        needs(cmake.clone(), "cmake::shared", cmake_shared),
        needs(cmake.clone(), "cmake::archive", cmake_archive),
        needs(cmake, "cmake::version", cmake_version),
        needs(cargo_c, "cargo_c::installs_what_we_install", cargo_c_installs),
    ]
}

/// Sends a message to itself, and says which library it is on.
const PROGRAM: &str = r#"#include <stdio.h>
#include <string.h>
#include <zmq.h>

int main (void)
{
    char text[6] = "";
    int major, minor, patch;
    void *context = zmq_ctx_new ();
    void *left = zmq_socket (context, ZMQ_PAIR);
    void *right = zmq_socket (context, ZMQ_PAIR);

    if (zmq_bind (left, "inproc://pair") || zmq_connect (right, "inproc://pair")
        || zmq_send (left, "Hello", 5, 0) != 5 || zmq_recv (right, text, 5, 0) != 5
        || zmq_close (left) || zmq_close (right) || zmq_ctx_term (context))
        return 1;
    zmq_version (&major, &minor, &patch);
    printf ("%s %d.%d.%d %d\n", text, major, minor, patch, zmq_has ("zeroxide"));
    return 0;
}
"#;

/// What it says on our library.
const SAYS: &str = "Hello 4.3.5 1\n";

fn source(folder: &Path) -> Result<PathBuf, String> {
    let path = folder.join("program.c");
    during(fs::write(&path, PROGRAM), path.display())?;
    Ok(path)
}

/// The words that pkg-config answers with.
fn pkg_config(arguments: &[&str]) -> Result<Vec<String>, String> {
    let path = prefix()?.join("lib/pkgconfig");
    let mut command = Command::new("pkg-config");
    let text = said(command.args(arguments).arg("libzmq").env("PKG_CONFIG_PATH", path))?;
    Ok(text.split_whitespace().map(str::to_owned).collect())
}

fn compile(folder: &Path, options: &[&str], words: &[String]) -> Result<PathBuf, String> {
    let program = folder.join("program");
    let mut compiler = Command::new("cc");
    compiler.arg(source(folder)?).args(options).arg("-o").arg(&program).args(words);
    said(&mut compiler)?;
    Ok(program)
}

/// Whether a program asks the dynamic linker for our library.
fn needs_our_soname(program: &Path) -> Result<bool, String> {
    Ok(said(Command::new("readelf").arg("-d").arg(program))?.contains("[libzmq.so.5]"))
}

fn says_hello(program: &Path) -> Tested {
    let text = said(Command::new(program).env("LD_LIBRARY_PATH", prefix()?.join("lib")))?;
    expect(text == SAYS, format!("it said {text:?}"))
}

fn pkg_config_shared() -> Tested {
    let folder = folder("pkg-config-shared")?;
    expect(pkg_config(&["--modversion"])? == ["4.3.5"], "another version")?;
    let program = compile(&folder, &[], &pkg_config(&["--cflags", "--libs"])?)?;
    expect(needs_our_soname(&program)?, "it does not link to libzmq.so.5")?;
    says_hello(&program)
}

/// What pkg-config prints is for a shell to read.
fn pkg_config_space() -> Tested {
    const COMPILE: &str = r#"eval "cc \"\$1\" -o \"\$2\" $(pkg-config --cflags --libs libzmq)""#;
    let folder = folder("pkg-config-space")?;
    let prefix = folder.join("a prefix");
    said(&mut install(&prefix)?)?;
    let program = folder.join("program");
    let mut shell = Command::new("sh");
    shell.args(["-ec", COMPILE, "sh"]).arg(source(&folder)?).arg(&program);
    said(shell.env("PKG_CONFIG_PATH", prefix.join("lib/pkgconfig")))?;
    expect(needs_our_soname(&program)?, "it does not link to libzmq.so.5")?;
    says_hello(&program)
}

fn pkg_config_archive() -> Tested {
    let folder = folder("pkg-config-archive")?;
    let mut words = pkg_config(&["--static", "--cflags", "--libs"])?;
    for word in words.iter_mut().filter(|word| *word == "-lzmq") {
        *word = "-l:libzmq.a".into();
    }
    let program = compile(&folder, &[], &words)?;
    expect(!needs_our_soname(&program)?, "it links to libzmq.so.5")?;
    says_hello(&program)
}

fn pkg_config_nothing_shared() -> Tested {
    let folder = folder("pkg-config-static")?;
    let words = pkg_config(&["--static", "--cflags", "--libs"])?;
    // The warnings are glibc's, about its resolver.
    says_hello(&compile(&folder, &["-static", "-w"], &words)?)
}

/// CMake of this machine, or else of PyPI.
fn cmake() -> Result<PathBuf, String> {
    if has("cmake") {
        return Ok("cmake".into());
    }
    let cmake = python::with_only("cmake").map(|programs| programs.join("cmake")).ok();
    let works = |cmake: &PathBuf| said(Command::new(cmake).arg("--version")).is_ok();
    cmake.filter(works).ok_or_else(|| {
        "there is no cmake, and pip cannot get it: install cmake, or python3-venv".into()
    })
}

/// Configures and builds a project with one program.
fn project(name: &str, target: &str, version: &str) -> Result<PathBuf, String> {
    let folder = folder(name)?;
    source(&folder)?;
    let lists = format!(
        "cmake_minimum_required(VERSION 3.10)\nproject(program C)\n\
         find_package(ZeroMQ {version} REQUIRED)\nmessage(STATUS \"at ${{ZeroMQ_LIBRARY}}\")\n\
         add_executable(program program.c)\ntarget_link_libraries(program PRIVATE {target})\n"
    );
    let path = folder.join("CMakeLists.txt");
    during(fs::write(&path, lists), path.display())?;
    let build = folder.join("build");
    let prefix = format!("-DCMAKE_PREFIX_PATH={}", prefix()?.display());
    let cmake = cmake()?;
    said(Command::new(&cmake).arg("-S").arg(&folder).arg("-B").arg(&build).arg(prefix))?;
    said(Command::new(&cmake).arg("--build").arg(&build))?;
    Ok(build.join("program"))
}

fn cmake_shared() -> Tested {
    let program = project("cmake-shared", "libzmq", "4.3")?;
    expect(needs_our_soname(&program)?, "it does not link to libzmq.so.5")?;
    says_hello(&program)
}

fn cmake_archive() -> Tested {
    let program = project("cmake-archive", "libzmq-static", "")?;
    expect(!needs_our_soname(&program)?, "it links to libzmq.so.5")?;
    says_hello(&program)
}

fn cmake_version() -> Tested {
    project("cmake-exact", "libzmq", "4.3.5 EXACT")?;
    match project("cmake-newer", "libzmq", "4.4") {
        Ok(_) => Err("4.3.5 passes for 4.4".into()),
        Err(error) => expect(error.contains("\"4.4\""), error),
    }
}

fn cargo_c_installs() -> Tested {
    let destdir = folder("cargo-c")?;
    let mut command = work::cargo();
    command.args(["cinstall", "--release", "--package", "capi", "--prefix", "/opt/zmq"]);
    command.args(["--libdir", "lib", "--destdir"]).arg(&destdir);
    // Its own target folder: it builds with other flags.
    command.arg("--target-dir").arg(work::root().join("cargo-c")).current_dir(work::workspace());
    said(&mut command)?;
    let root = destdir.join("opt/zmq");
    for file in [
        "include/zmq.h",
        "include/zmq_utils.h",
        "lib/libzmq.a",
        "lib/libzmq.so",
        "lib/libzmq.so.5",
        "lib/libzmq.so.5.2.5",
        "lib/pkgconfig/libzmq.pc",
    ] {
        expect(root.join(file).exists(), format!("{file} is missing"))?;
    }
    let dynamic = said(Command::new("readelf").arg("-d").arg(root.join("lib/libzmq.so.5.2.5")))?;
    let names = dynamic.lines().filter(|line| line.contains("(SONAME)"));
    let names: Vec<_> = names.filter(|line| line.contains("[libzmq.so.5]")).collect();
    expect(names.len() == 1, dynamic.clone())?;
    let package = fs::read_to_string(root.join("lib/pkgconfig/libzmq.pc"))?;
    expect(package.contains("Version: 4.3.5"), package)
}
