//! Our header and our symbols against upstream's: the same macros, prototypes, struct layouts and
//! exported functions, plus nothing but what `extensions.txt` lists.
#![forbid(unsafe_code)]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

use compat_tests::compile::Language;
use compat_tests::header::{compiles, facts, Api, Facts};
use compat_tests::library::{Library, SONAME};
use compat_tests::work;

const USE_OF_BOTH_HEADERS: &str = "\
#include <zmq.h>
#include <zmq_utils.h>
int use (void *socket);
int use (void *socket)
{
    zmq_msg_t message;
    zmq_pollitem_t items[1];
    void *watch = zmq_stopwatch_start ();
    items[0].socket = socket;
    items[0].events = ZMQ_POLLIN;
    zmq_msg_init (&message);
    if (zmq_poll (items, 1, 0) > 0 && (items[0].revents & ZMQ_POLLIN))
        zmq_msg_recv (&message, socket, ZMQ_DONTWAIT);
    zmq_sleep (0);
    return zmq_stopwatch_stop (watch) > 0 && zmq_msg_close (&message);
}
";

/// Our header, which has to be there: without it the comparison would be upstream with upstream.
fn our_include() -> PathBuf {
    let folder = std::env::var_os("ZEROXIDE_INCLUDE")
        .map_or_else(|| work::workspace().join("include"), PathBuf::from);
    assert!(folder.join("zmq.h").exists(), "there is no zmq.h in {}", folder.display());
    folder
}

fn upstream_include() -> PathBuf {
    work::upstream().join("include")
}

/// The names that our library may have beyond upstream's.
fn extensions() -> BTreeSet<String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("extensions.txt");
    let text = std::fs::read_to_string(path).expect("extensions.txt is in the repository");
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    lines.filter_map(|line| line.split_whitespace().next()).map(str::to_owned).collect()
}

fn exported_symbols(library: Library) -> BTreeSet<String> {
    let file = library.file().expect("the library builds");
    let listed = Command::new("nm").args(["-D", "--defined-only"]).arg(file).output();
    let listed = listed.expect("nm is installed with the compiler");
    assert!(listed.status.success(), "nm fails");
    let text = String::from_utf8_lossy(&listed.stdout).into_owned();
    text.lines().filter_map(|line| line.split_whitespace().nth(2)).map(str::to_owned).collect()
}

/// The C API of a stable build: C++ leaves instances of templates behind, which are no part of it.
fn stable_functions() -> BTreeSet<String> {
    let mut symbols = exported_symbols(Library::Reference);
    symbols.retain(|name| !name.starts_with("_Z"));
    assert!(symbols.len() >= 70, "a stable build has some 70 functions, not {symbols:?}");
    symbols
}

/// What we export beyond that and our own extensions: it has to be upstream's DRAFT API.
fn draft_functions() -> BTreeSet<String> {
    let mut symbols = exported_symbols(Library::Ours);
    let (stable, extensions) = (stable_functions(), extensions());
    symbols.retain(|name| !stable.contains(name) && !extensions.contains(name));
    symbols
}

#[test]
fn exported_symbols_are_upstreams() {
    let (ours, upstream) = (exported_symbols(Library::Ours), stable_functions());
    let missing: Vec<_> = upstream.difference(&ours).collect();
    assert!(missing.is_empty(), "not exported: {missing:?}");
    let draft = draft_functions();
    let foreign: Vec<_> = draft.iter().filter(|name| !name.starts_with("zmq_")).collect();
    assert!(foreign.is_empty(), "exported, but neither upstream's nor listed: {foreign:?}");
}

#[test]
fn the_soname_is_upstreams() {
    let file = Library::Ours.file().expect("the library builds");
    let listed = Command::new("readelf").arg("-d").arg(file).output();
    let listed = listed.expect("readelf is installed with the compiler");
    let text = String::from_utf8_lossy(&listed.stdout).into_owned();
    let line = text.lines().find(|line| line.contains("(SONAME)"));
    assert!(line.is_some_and(|line| line.contains(&format!("[{SONAME}]"))), "{line:?}");
}

#[test]
fn macros_prototypes_and_layouts_are_upstreams() {
    let functions = stable_functions();
    let upstream = facts(&upstream_include(), &functions, Api::Stable);
    let upstream = upstream.expect("upstream's header compiles");
    let ours = facts(&our_include(), &functions, Api::Stable);
    let ours = ours.unwrap_or_else(|error| panic!("{error}"));
    assert!(upstream.len() >= 250, "upstream's header has more facts than {}", upstream.len());
    let mut differences = Vec::new();
    for name in upstream.keys().filter(|name| !ours.contains_key(*name)) {
        differences.push(format!("{name} is missing"));
    }
    differences.extend(wrong(&ours, &upstream));
    assert!(differences.is_empty(), "{}", differences.join("\n"));
}

/// What there is of the DRAFT API is upstream's as well.
#[test]
fn what_is_draft_is_upstreams() {
    let functions = draft_functions();
    assert!(functions.contains("zmq_msg_routing_id"), "{functions:?}");
    let [upstream, ours] = [upstream_include(), our_include()].map(|include| {
        facts(&include, &functions, Api::Draft).unwrap_or_else(|error| panic!("{error}"))
    });
    let differences = wrong(&ours, &upstream);
    assert!(differences.is_empty(), "{}", differences.join("\n"));
}

/// Each fact of ours that is not upstream's.
fn wrong(ours: &Facts, upstream: &Facts) -> Vec<String> {
    let extensions = extensions();
    let wrong = |(name, found): (&String, &String)| match upstream.get(name) {
        Some(expected) if expected == found => None,
        Some(expected) => Some(format!("{name}: upstream has {expected}, ours {found}")),
        None => {
            let bare = name.split_once(' ').map_or(&**name, |(_, bare)| bare);
            let foreign = bare.starts_with("ZMQ") && !extensions.contains(bare);
            foreign.then(|| format!("{name} is neither upstream's nor listed"))
        }
    };
    ours.iter().filter_map(wrong).collect()
}

#[test]
fn the_headers_compile_as_c_and_as_cpp_without_a_warning() {
    let strict = ["-Wall", "-Wextra", "-Wpedantic", "-Werror"];
    let standards = [
        (Language::C, "-std=c99"),
        (Language::C, "-std=c11"),
        (Language::Cpp, "-std=c++98"),
        (Language::Cpp, "-std=c++17"),
    ];
    for (language, standard) in standards {
        let options = [&strict[..], &[standard]].concat();
        compiles(&our_include(), language, &options, USE_OF_BOTH_HEADERS)
            .unwrap_or_else(|error| panic!("{standard}: {error}"));
    }
}

#[test]
fn each_header_stands_alone_and_may_be_included_twice() {
    for name in ["zmq.h", "zmq_utils.h"] {
        let text = format!("#include <{name}>\n#include <{name}>\nint nothing;\n");
        compiles(&our_include(), Language::C, &["-std=c99", "-Wall", "-Werror"], &text)
            .unwrap_or_else(|error| panic!("{name}: {error}"));
    }
}
