//! `include/zmq.h` is what cbindgen makes of this crate.
//!
//! With `ZEROXIDE_WRITE_HEADER` set, the headers are written instead of compared. That they say what
//! upstream's header says is proven in `compat-tests`.
#![forbid(unsafe_code)]

use std::path::{Path, PathBuf};
use std::{env, fs};

/// The old header: all it once declared has moved to `zmq.h`.
const UTILS: &str = "\
/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Old: what this header had is in zmq.h by now. Generated with it: do not edit.
 */
#include \"zmq.h\"
";

#[test]
fn the_committed_headers_are_fresh() {
    let fresh = [("zmq.h", generate()), ("zmq_utils.h", UTILS.to_owned())];
    for (name, text) in fresh {
        let path = root().join("include").join(name);
        if env::var_os("ZEROXIDE_WRITE_HEADER").is_some() {
            fs::write(&path, text).unwrap();
        } else {
            assert!(fs::read_to_string(&path).unwrap() == text, "{name} is stale: {RECIPE}");
        }
    }
}

const RECIPE: &str = "ZEROXIDE_WRITE_HEADER=1 cargo test -p capi --test header";

/// What cbindgen makes of this crate's sources, with what is DRAFT behind the rest.
fn generate() -> String {
    let config = cbindgen::Config::from_file(root().join("cbindgen.toml")).unwrap();
    let draft_config = cbindgen::Config {
        header: None,
        include_guard: None,
        after_includes: None,
        trailer: None,
        ..config.clone()
    };
    let draft = format!("\n{DRAFT_BEGINS}\n{}\n{DRAFT_ENDS}\n", bindings(draft_config, &DRAFT));
    let text = bindings(config, &MODULES);
    let (before, end) = text.split_at(text.rfind("\n#endif  /* __ZMQ_H").unwrap());
    tidy(&[before, &draft, end].concat())
}

fn bindings(config: cbindgen::Config, modules: &[&str]) -> String {
    let mut builder = cbindgen::Builder::new().with_config(config);
    for module in modules {
        builder = builder.with_src(Path::new(env!("CARGO_MANIFEST_DIR")).join("src").join(module));
    }
    let mut text = Vec::new();
    builder.generate().unwrap().write(&mut text);
    String::from_utf8(text).unwrap()
}

const DRAFT_BEGINS: &str = "\
/* libzmq's DRAFT API: every build has it, but it may change with libzmq's. */
#ifdef ZMQ_BUILD_DRAFT_API
/* There is zmq_poller_new(). */
#define ZMQ_HAVE_POLLER
";
const DRAFT_ENDS: &str = "#endif /* ZMQ_BUILD_DRAFT_API */";

/// Makes cbindgen's layout denser, and takes out the one thing that C89 does not know.
fn tidy(text: &str) -> String {
    let text = text
        .replace("\n/*\n ", "\n/* ")
        .replace("\n */\n", " */\n")
        .replace("#endif // __cplusplus", "#endif")
        .replace("#endif  // __cplusplus", "#endif");
    let lines: Vec<_> = text.lines().collect();
    let defines = |at: usize| lines.get(at).is_some_and(|line| line.starts_with("#define"));
    let kept = |at: &usize| {
        let (blank, before, after) = (lines[*at].is_empty(), at.wrapping_sub(1), at + 1);
        let doubled = lines.get(after).is_none_or(|line| line.is_empty());
        !(blank && (doubled || defines(before) && defines(after)))
    };
    (0..lines.len()).filter(kept).map(|at| format!("{}\n", lines[at])).collect()
}

/// The files with something for the header, in the order in which it is to appear there.
const MODULES: [&str; 11] = [
    "constants.rs",
    "util.rs",
    "ctx.rs",
    "msg.rs",
    "socket.rs",
    "poll.rs",
    "proxy.rs",
    "curve.rs",
    "counter.rs",
    "timers.rs",
    "thread.rs",
];

/// The same for what is DRAFT.
const DRAFT: [&str; 6] = [
    "draft/constants.rs",
    "draft/ctx.rs",
    "draft/socket.rs",
    "draft/msg.rs",
    "draft/poller.rs",
    "draft/poll.rs",
];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}
