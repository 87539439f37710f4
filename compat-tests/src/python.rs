//! Python environments in the work folder, made by the ordinary `venv` and `pip`: one with the tools
//! that all share, one for each way in which pyzmq gets to our library, and some with a single package.
//! An environment is kept until what it was made from changes.

use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use crate::compile;
use crate::prefix::prefix;
use crate::trouble::Trouble;
use crate::{during, process, work};

pub const PYZMQ: &str = "27.3.0";

/// pip may have to wait for the network; cmake and the compiler for a busy machine.
const PIP_LIMIT: Duration = Duration::from_secs(600);

/// Counts up when the way in which environments are made changes.
const RECIPE: u32 = 2;

/// Modules that are built at run time want `distutils`, which setuptools has since Python has it no
/// longer. In the tools' own environment a file says this; where only their folder is seen, this
/// line has to.
const DISTUTILS: &str = "\nimport _distutils_hack; _distutils_hack.add_shim()\n";

type Result<T> = std::result::Result<T, Trouble>;

/// How pyzmq gets to our library.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pyzmq {
    /// Built from the source package against our prefix, with its Cython back end.
    Cython,
    /// The same with its CFFI back end.
    Cffi,
    /// The package as the index has it built, which carries a libzmq of its own.
    Wheel,
}

impl Pyzmq {
    pub fn name(self) -> &'static str {
        match self {
            Pyzmq::Cython => "cython",
            Pyzmq::Cffi => "cffi",
            Pyzmq::Wheel => "wheel",
        }
    }

    /// The extension of the back end, which calls libzmq.
    pub fn extension(self) -> &'static str {
        match self {
            Pyzmq::Cffi => "/zmq/backend/cffi/_cffi.",
            Pyzmq::Cython | Pyzmq::Wheel => "/zmq/backend/cython/_zmq.",
        }
    }
}

/// The folder of what is made with Python.
pub fn folder() -> PathBuf {
    work::root().join("python")
}

/// A script of ours.
pub fn script(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("python").join(name)
}

/// Where the source package of pyzmq is unpacked.
pub fn sources() -> PathBuf {
    folder().join(format!("pyzmq-{PYZMQ}"))
}

/// The interpreter of an environment that has pyzmq and the tools.
pub fn interpreter(pyzmq: Pyzmq) -> Result<PathBuf> {
    if pyzmq != Pyzmq::Wheel {
        need_headers()?;
    }
    let prefix = prefix()?;
    let _lock = work::lock()?;
    let tools = tools()?;
    let package = package(&tools, pyzmq)?;
    let venv = folder().join(pyzmq.name());
    let stamp = format!(
        "{} {} {}",
        package.display(),
        fs::read_to_string(stamp_of(&tools)).unwrap_or_default(),
        compile::fingerprint(&compile::headers(&[prefix.join("include")])?)?,
    );
    made_once(&venv, &stamp, || {
        run(Command::new("python3").args(["-m", "venv", "--without-pip"]).arg(&venv))?;
        let see_tools = site(&venv)?.join("tools.pth");
        let mut lines = site(&tools)?.into_os_string();
        lines.push(DISTUTILS);
        during(fs::write(&see_tools, lines.as_bytes()), see_tools.display())?;
        let mut pip = pip(&venv);
        pip.args(["install", "--no-deps", "--no-build-isolation"]).arg(&package);
        pip.env("ZMQ_PREFIX", &prefix).env("PYZMQ_NO_BUNDLE", "1");
        if pyzmq == Pyzmq::Cffi {
            pip.env("PYZMQ_BACKEND", "cffi");
        }
        run(&mut pip)
    })?;
    Ok(python_of(&venv))
}

/// The programs of an environment with one package of the index, and what that brings, for who needs
/// none of the tools: not every Python can have those.
pub fn with_only(package: &str) -> Result<PathBuf> {
    let _lock = work::lock()?;
    let venv = folder().join("only").join(package);
    made_once(&venv, &version()?, || {
        run(Command::new("python3").args(["-m", "venv"]).arg(&venv))?;
        obtain(pip(&venv).args(["install", package]), package)
    })?;
    Ok(venv.join("bin"))
}

/// The environment of the tools.
fn tools() -> Result<PathBuf> {
    let requirements = script("requirements.txt");
    let listed = during(fs::read_to_string(&requirements), requirements.display())?;
    let venv = folder().join("tools");
    made_once(&venv, &format!("{} {listed}", version()?), || {
        run(Command::new("python3").args(["-m", "venv"]).arg(&venv))?;
        let mut pip = pip(&venv);
        pip.args(["install", "--no-deps", "--requirement"]).arg(&requirements);
        obtain(&mut pip, "what compat-tests/python/requirements.txt lists")
    })?;
    Ok(venv)
}

/// A folder with NumPy in it, which only the interpreter is to see that is told so. Call it once there
/// is an interpreter.
pub fn numpy() -> Result<PathBuf> {
    let _lock = work::lock()?;
    let requirements = script("numpy.txt");
    let listed = during(fs::read_to_string(&requirements), requirements.display())?;
    let folder = folder().join("numpy");
    made_once(&folder, &format!("{} {listed}", version()?), || {
        let mut pip = pip(&tools()?);
        pip.args(["install", "--no-deps", "--target"]).arg(&folder);
        pip.arg("--requirement").arg(&requirements);
        obtain(&mut pip, "what compat-tests/python/numpy.txt lists")
    })?;
    Ok(folder)
}

/// Of a Python that can make environments.
fn version() -> Result<String> {
    let mut probe = Command::new("python3");
    probe.args(["-c", "import venv, ensurepip, sys; print(sys.version, sys.prefix)"]);
    match probe.output() {
        Ok(output) if output.status.success() => {
            Ok(String::from_utf8_lossy(&output.stdout).into_owned())
        }
        Ok(_) => Err(Trouble::Missing("python3 has no venv and pip: install python3-venv".into())),
        Err(_) => Err(Trouble::Missing("there is no python3: install python3-venv".into())),
    }
}

/// Are Python's headers here, to build extensions with?
pub fn need_headers() -> Result<()> {
    let mut probe = Command::new("python3");
    probe.args(["-c", "import sysconfig; print(sysconfig.get_path('include'), end='')"]);
    let output = during(probe.output(), "python3")?;
    let include = PathBuf::from(String::from_utf8_lossy(&output.stdout).into_owned());
    match include.join("Python.h").exists() {
        true => Ok(()),
        false => Err(Trouble::Missing("python3 has no headers: install python3-dev".into())),
    }
}

/// What pip installs as pyzmq: the unpacked sources, or the file that is ready to be installed.
fn package(tools: &Path, pyzmq: Pyzmq) -> Result<PathBuf> {
    let sources = sources();
    if !sources.join("pyproject.toml").exists() {
        // For its tests also where it is not built.
        let archive = find(&download(tools, "--no-binary")?, ".tar.gz")?;
        let mut unpack = Command::new(python_of(tools));
        run(unpack.args(["-m", "tarfile", "-e"]).arg(archive).arg(folder()))?;
    }
    match pyzmq {
        Pyzmq::Wheel => find(&download(tools, "--only-binary")?, ".whl"),
        _ => Ok(sources),
    }
}

fn download(tools: &Path, kind: &str) -> Result<PathBuf> {
    let downloads = folder().join(format!("download{kind}-{PYZMQ}"));
    made_once(&downloads, "", || {
        let mut pip = pip(tools);
        pip.args(["download", "--no-deps", "--no-build-isolation", kind, "pyzmq", "--dest"]);
        let wanted = format!("pyzmq=={PYZMQ}");
        obtain(pip.arg(&downloads).arg(&wanted), &format!("{wanted} ({kind})"))
    })?;
    Ok(downloads)
}

/// The one file in the folder that ends so.
fn find(folder: &Path, end: &str) -> Result<PathBuf> {
    for path in work::entries(folder)? {
        if path.to_string_lossy().ends_with(end) {
            return Ok(path);
        }
    }
    Err(format!("there is no {end} in {}", folder.display()).into())
}

/// Makes a folder, unless it was made to the end from the same things before.
fn made_once(folder: &Path, stamp: &str, make: impl FnOnce() -> Result<()>) -> Result<()> {
    let stamp = format!("{RECIPE} {stamp}");
    let file = stamp_of(folder);
    if folder.exists() && fs::read_to_string(&file).is_ok_and(|present| present == stamp) {
        return Ok(());
    }
    let _ = fs::remove_file(&file);
    if folder.exists() {
        during(fs::remove_dir_all(folder), folder.display())?;
    }
    during(fs::create_dir_all(folder), folder.display())?;
    let name = folder.strip_prefix(self::folder()).unwrap_or(folder);
    work::say(&format!("Python, with what pip gets and builds: {}", name.display()));
    make()?;
    Ok(during(fs::write(&file, stamp), file.display())?)
}

/// Beside the folder, so that it never stands in an unfinished one.
fn stamp_of(folder: &Path) -> PathBuf {
    let mut path = folder.as_os_str().to_owned();
    path.push(".stamp");
    PathBuf::from(path)
}

fn python_of(venv: &Path) -> PathBuf {
    venv.join("bin/python")
}

/// Where an environment keeps its packages.
fn site(venv: &Path) -> Result<PathBuf> {
    let mut python = Command::new(python_of(venv));
    python.args(["-c", "import sysconfig; print(sysconfig.get_path('purelib'), end='')"]);
    let output = during(python.output(), venv.display())?;
    Ok(PathBuf::from(String::from_utf8_lossy(&output.stdout).into_owned()))
}

fn pip(venv: &Path) -> Command {
    let mut pip = Command::new(python_of(venv));
    pip.args(["-m", "pip", "--disable-pip-version-check", "--no-input"]);
    pip
}

/// Runs pip on what may be out of reach.
fn obtain(pip: &mut Command, what: &str) -> Result<()> {
    process::run(pip, &log(), PIP_LIMIT).map(drop).map_err(|error| {
        let error_line = error.lines().rev().find(|line| line.starts_with("ERROR"));
        let why = error_line.unwrap_or("pip failed");
        Trouble::Missing(format!("pip cannot get {what}: {why}"))
    })
}

fn run(command: &mut Command) -> Result<()> {
    Ok(process::run(command, &log(), PIP_LIMIT).map(drop)?)
}

/// One at a time is made.
fn log() -> PathBuf {
    folder().join("last-command.log")
}
