//! Reads a `zmq.h` through the compiler: every macro with its value, every function and type name
//! with its type, every struct with its layout, as lines that can be compared.
//!
//! Nothing is parsed but the preprocessor's list of macros: the compiler itself writes the facts
//! down, in a small C++ program that is made here.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::compile::{compiler, Language};
use crate::{during, work, Result};

/// A fact's name and what the compiler makes of it.
pub type Facts = BTreeMap<String, String>;

/// The structs that programs use by value, with the members that the manual names.
const STRUCTS: &[(&str, &[&str])] =
    &[("zmq_msg_t", &[]), ("zmq_pollitem_t", &["socket", "fd", "events", "revents"])];

const TYPES: &[&str] = &["zmq_fd_t", "zmq_free_fn", "zmq_timer_fn", "zmq_thread_fn"];

/// What upstream's header includes: its macros are not the header's own.
const SYSTEM_HEADERS: &str = "\
#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
";

const HELPERS: &str = r#"
#include <cstdio>
#include <cstddef>
static void value (const char *name, const char *text) { std::printf ("%s\t\"%s\"\n", name, text); }
template <typename T> static void value (const char *name, T number)
{
    std::printf ("%s\t%lld\n", name, (long long) number);
}
template <typename T> static void type (const char *name)
{
    std::printf ("%s\t%s\n", name, __PRETTY_FUNCTION__);
}
int main ()
{
"#;

/// Which of the header's macros there are, with their parameters and replacements.
struct Macro {
    name: String,
    parameters: Option<usize>,
    empty: bool,
}

/// Which part of a `zmq.h` a program sees.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Api {
    Stable,
    /// The stable one, and what is DRAFT.
    Draft,
}

impl Api {
    /// What stands in front of a program.
    fn prelude(self) -> &'static str {
        match self {
            Api::Stable => "",
            Api::Draft => "#define ZMQ_BUILD_DRAFT_API\n",
        }
    }
}

/// Everything that the `zmq.h` in a folder says of these functions and of itself.
pub fn facts(include: &Path, functions: &BTreeSet<String>, api: Api) -> Result<Facts> {
    let scratch = Scratch::new("facts")?;
    let macros = macros(include, &scratch, api)?;
    let program = api.prelude().to_owned() + &program(&macros, functions);
    let source = scratch.file("facts.cpp", &program)?;
    let binary = scratch.path.join("facts");
    let mut compile = compiler(Language::Cpp);
    compile.args(["-std=gnu++11", "-w", "-I"]).arg(include).arg(source).arg("-o").arg(&binary);
    output(&mut compile)?;
    let lines = output(&mut Command::new(&binary))?;
    let fact = |line: &str| line.split_once('\t').map(|(name, is)| (name.into(), is.into()));
    Ok(lines.lines().filter_map(fact).collect())
}

/// Compiles a few lines that use the header, for its syntax and warnings alone.
pub fn compiles(include: &Path, language: Language, options: &[&str], text: &str) -> Result<()> {
    let scratch = Scratch::new("compiles")?;
    let name = if language == Language::C { "use.c" } else { "use.cpp" };
    let source = scratch.file(name, text)?;
    let mut compile = compiler(language);
    compile.args(options).args(["-fsyntax-only", "-I"]).arg(include).arg(source);
    output(&mut compile).map(drop)
}

fn macros(include: &Path, scratch: &Scratch, api: Api) -> Result<Vec<Macro>> {
    let system = macro_lines(include, &scratch.file("system.c", SYSTEM_HEADERS)?)?;
    let header = format!("{}{SYSTEM_HEADERS}#include <zmq.h>\n", api.prelude());
    let all = macro_lines(include, &scratch.file("header.c", &header)?)?;
    let own = all.difference(&system).filter_map(|line| Macro::parse(line));
    Ok(own.filter(|found| !found.name.starts_with('_')).collect())
}

fn macro_lines(include: &Path, source: &Path) -> Result<BTreeSet<String>> {
    let mut preprocess = compiler(Language::C);
    preprocess.args(["-dM", "-E", "-I"]).arg(include).arg(source);
    Ok(output(&mut preprocess)?.lines().map(str::to_owned).collect())
}

impl Macro {
    /// Reads `#define NAME(a, b) REPLACEMENT` as the preprocessor prints it.
    fn parse(line: &str) -> Option<Macro> {
        let rest = line.strip_prefix("#define ")?;
        let end = rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len());
        let (name, rest) = rest.split_at(end);
        let (parameters, replacement) = match rest.strip_prefix('(') {
            Some(rest) => {
                let (list, replacement) = rest.split_once(')')?;
                (Some(list.split(',').count()), replacement)
            }
            None => (None, rest),
        };
        let empty = replacement.trim().is_empty();
        Some(Macro { name: name.to_owned(), parameters, empty })
    }

    /// The macro in use. One with parameters is tried with 7, 8, 9...
    fn expression(&self) -> String {
        let Some(count) = self.parameters else {
            return self.name.clone();
        };
        let values: Vec<_> = (7..7 + count).map(|value| value.to_string()).collect();
        format!("{} ({})", self.name, values.join(", "))
    }
}

fn program(macros: &[Macro], functions: &BTreeSet<String>) -> String {
    let mut text = format!("#include <zmq.h>\n{HELPERS}");
    for found in macros {
        let name = &found.name;
        let _ = if found.empty {
            writeln!(text, "    value (\"macro {name}\", \"\");")
        } else {
            writeln!(text, "    value (\"macro {name}\", {});", found.expression())
        };
    }
    for name in functions {
        let _ = writeln!(text, "    type<decltype (&{name})> (\"function {name}\");");
    }
    for name in TYPES {
        let _ = writeln!(text, "    type<{name}> (\"type {name}\");");
    }
    for (name, members) in STRUCTS {
        let _ = writeln!(text, "    value (\"struct {name} size\", sizeof ({name}));");
        let _ = writeln!(text, "    value (\"struct {name} alignment\", alignof ({name}));");
        for member in *members {
            let what = format!("struct {name} {member}");
            let _ = writeln!(text, "    value (\"{what} offset\", offsetof ({name}, {member}));");
            let _ = writeln!(text, "    type<decltype ({name}::{member})> (\"{what} type\");");
        }
    }
    text + "    return 0;\n}\n"
}

fn output(command: &mut Command) -> Result<String> {
    let done = during(command.output(), "cannot start the compiler")?;
    if done.status.success() {
        Ok(String::from_utf8_lossy(&done.stdout).into_owned())
    } else {
        Err(String::from_utf8_lossy(&done.stderr).into_owned())
    }
}

/// A folder for generated sources, gone when dropped.
struct Scratch {
    path: PathBuf,
}

impl Scratch {
    fn new(purpose: &str) -> Result<Scratch> {
        use std::sync::atomic::{AtomicU64, Ordering};
        static COUNT: AtomicU64 = AtomicU64::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let path = work::root().join(format!("header-{purpose}-{}-{count}", std::process::id()));
        during(fs::create_dir_all(&path), path.display())?;
        Ok(Scratch { path })
    }

    fn file(&self, name: &str, text: &str) -> Result<PathBuf> {
        let path = self.path.join(name);
        during(fs::write(&path, text), path.display())?;
        Ok(path)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.path);
    }
}
