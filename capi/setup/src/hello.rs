//! `hello`: the REP/REQ pair of the tutorials, as two processes on the library that is built here.
//! It has worked only if the dynamic linker itself says that each call went to that library.

use crate::build::{self, Built, Profile};
use crate::install;
use crate::layout::{output, Image, Layout, SONAME};
use crate::manifest::Manifest;
use crate::talk::{command, talk, Talk};
use crate::{during, Result};
use clap::Args;
use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Command;

#[derive(Args)]
pub struct Hello {
    /// How to build
    #[arg(long, value_enum, default_value = "release")]
    pub profile: Profile,
    /// The C programs, as where pyzmq cannot be had
    #[arg(long)]
    pub c: bool,
}

/// The port of every tutorial.
const PORT: u16 = 5555;

pub fn hello(options: &Hello) -> Result<()> {
    println!("== the library is built and laid out");
    let built = build::build(options.profile)?;
    let prefix = install(&built)?;
    println!("{}", prefix.join("lib").join(SONAME).display());
    let programs =
        if options.c { Err("as asked".into()) } else { python(&built.folder("hello-python")) };
    let programs = match programs {
        Ok(python) => python,
        Err(why) => {
            println!("== no pyzmq ({why}): the same pair in C takes its place");
            c(&prefix, &built.folder("hello-c"))?
        }
    };
    let endpoint = endpoint()?;
    let meet = endpoint.as_deref().unwrap_or("tcp://localhost:5555");
    println!("== {} talk over {meet}, two processes", programs.title);
    let library = prefix.join("lib").join(SONAME);
    let replies = talk(&Talk {
        library: library.clone(),
        server: programs.server,
        client: programs.client,
        endpoint,
        preload: programs.preload,
        notes: built.folder(&format!("hello-{}", std::process::id())),
    })?;
    print!("{}", output(&mut command(&programs.which, &library, programs.preload))?);
    println!("== {replies} requests, {replies} replies, all by {}", library.display());
    println!("   (the dynamic linker of both processes says so)");
    Ok(())
}

/// What is run: programs with their arguments.
struct Programs {
    title: &'static str,
    server: Vec<String>,
    client: Vec<String>,
    which: Vec<String>,
    /// Whether the programs bring a library of their own, which ours has to go before.
    preload: bool,
}

/// A private prefix under cargo's target folder.
fn install(built: &Built) -> Result<PathBuf> {
    let prefix = built.folder("hello");
    let layout = Layout::new(&prefix, "lib")?;
    let before = Manifest::read(&prefix)?.unwrap_or_default();
    let image = Image::new(built, &layout, &built.folder("setup"))?;
    install::lay(&image, &prefix, &before)?;
    Ok(prefix)
}

fn sources() -> PathBuf {
    build::workspace().join("capi/setup/hello")
}

/// A fresh virtual environment with pyzmq from PyPI; an error says why there is none.
fn python(folder: &Path) -> Result<Programs> {
    println!("== pyzmq comes from PyPI, into a virtual environment of its own");
    let python = folder.join("bin/python");
    let made = make_python(folder, &python);
    if made.is_err() {
        let _ = fs::remove_dir_all(folder);
    }
    println!("{}", made?);
    let program = |name: &str| {
        let source = sources().join(name);
        vec![python.display().to_string(), source.display().to_string()]
    };
    Ok(Programs {
        title: "hello_server.py and hello_client.py",
        server: program("hello_server.py"),
        client: program("hello_client.py"),
        which: program("which.py"),
        preload: true,
    })
}

fn make_python(folder: &Path, python: &Path) -> Result<String> {
    // Debian's Python has the module venv, and not what it needs, in one package and another.
    output(Command::new("python3").args(["-c", "import venv, ensurepip"]))
        .map_err(|error| format!("{error}; with apt: install python3-venv"))?;
    output(Command::new("python3").args(["-m", "venv", "--clear"]).arg(folder))?;
    let mut pip = Command::new(python);
    pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check"]);
    pip.args(["--prefer-binary", "--retries", "1", "--timeout", "30", "pyzmq"]);
    output(&mut pip)?;
    output(Command::new(python).args(["-c", "import zmq; print(zmq.__file__)"]))
        .map(|path| path.trim().to_owned())
}

/// The pair in C, compiled against the prefix.
fn c(prefix: &Path, folder: &Path) -> Result<Programs> {
    during(fs::create_dir_all(folder), folder.display())?;
    let program = |name: &str| -> Result<Vec<String>> {
        let source = sources().join(format!("{name}.c"));
        let binary = folder.join(name);
        let mut compiler = Command::new("cc");
        compiler.arg(&source).arg("-o").arg(&binary);
        compiler
            .arg("-I")
            .arg(prefix.join("include"))
            .arg("-L")
            .arg(prefix.join("lib"))
            .arg("-lzmq");
        output(&mut compiler)?;
        Ok(vec![binary.display().to_string()])
    };
    Ok(Programs {
        title: "hello_server.c and hello_client.c",
        server: program("hello_server")?,
        client: program("hello_client")?,
        which: program("which")?,
        preload: false,
    })
}

/// The tutorials' endpoint, or if somebody has it already, one with a port that is free.
fn endpoint() -> Result<Option<String>> {
    if TcpListener::bind(("0.0.0.0", PORT)).is_ok() {
        return Ok(None);
    }
    let free = during(TcpListener::bind(("127.0.0.1", 0)), "no port is free")?;
    let port = during(free.local_addr(), "no port is free")?.port();
    Ok(Some(format!("tcp://127.0.0.1:{port}")))
}
