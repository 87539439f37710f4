//! The programs of `examples/`, run as a reader would run them: each pattern in C, in Python and in Rust, and
//! with all three in one conversation. What they print is what is judged.
//!
//! Python runs pyzmq's wheel on our library; where pyzmq cannot be had, its tests are ignored, and say why.
#![forbid(unsafe_code)]

mod languages;
mod process;
mod scenes;
mod stage;

use std::sync::{atomic::AtomicBool, Arc};

use compat_tests::trials::{ignored, is_chosen};
use compat_tests::{during, skips};
use languages::Language::{self, Python, Rust, C};
use libtest_mimic::{Arguments, Failed, Trial};
use stage::Stage;

/// The programs mostly wait for each other.
const THREADS: usize = 4;

/// Who plays: the programs of a scene take these languages in turns.
const CASTS: &[(&str, &[Language])] =
    &[("c", &[C]), ("python", &[Python]), ("rust", &[Rust]), ("mixed", &[C, Python, Rust])];

/// What each pair of languages has to be able to do.
const PAIRS: &[(&str, &[Language])] = &[
    ("c_server_and_python_client", &[C, Python]),
    ("c_server_and_rust_client", &[C, Rust]),
    ("python_server_and_c_client", &[Python, C]),
    ("python_server_and_rust_client", &[Python, Rust]),
    ("rust_server_and_c_client", &[Rust, C]),
    ("rust_server_and_python_client", &[Rust, Python]),
];

fn main() {
    let mut arguments = Arguments::from_args();
    arguments.test_threads.get_or_insert(THREADS);
    // Started in the background of a shell, this process ignores interrupts, and so would the examples.
    let always = Arc::new(AtomicBool::new(true));
    let caught =
        signal_hook::flag::register_conditional_shutdown(signal_hook::consts::SIGINT, 130, always);
    if let Err(error) = caught {
        eprintln!("interrupts cannot be caught: {error}");
    }
    let mut trials = vec![Trial::test("table::names_every_program", every_program_is_named)];
    for (name, scene) in scenes::ALL {
        let pairs = if *name == "hello" { PAIRS } else { &[] };
        for (cast, languages) in CASTS.iter().chain(pairs) {
            trials.push(trial(&arguments, &format!("{name}::{cast}"), *scene, languages));
        }
    }
    skips::run(&arguments, trials)
}

/// Builds what the test is going to need if it is chosen, so that no test waits for another's compiler.
fn trial(
    arguments: &Arguments,
    title: &str,
    scene: scenes::Scene,
    languages: &'static [Language],
) -> Trial {
    if is_chosen(arguments, title) {
        for language in languages {
            let prepared = language.prepare();
            if let (Python, Err(why)) = (language, prepared) {
                return ignored(title, why);
            }
        }
    }
    Trial::test(title, move || {
        for language in languages {
            language.prepare()?;
        }
        Ok(scene(&Stage::new(languages)?)?)
    })
}

/// Each program is there in the three languages, and the table of the README has it.
fn every_program_is_named() -> Result<(), Failed> {
    let readme = languages::folder().join("README.md");
    let table = during(std::fs::read_to_string(&readme), readme.display())?;
    let lists = [C.programs()?, Python.programs()?, Rust.programs()?];
    for name in lists.iter().flatten() {
        if lists.iter().any(|list| !list.contains(name)) {
            return Err(format!("{name} is not there in all languages").into());
        }
        for suffix in ["c", "py", "rs"] {
            if !table.contains(&format!("/{name}.{suffix})")) {
                return Err(format!("README.md does not link to {name}.{suffix}").into());
            }
        }
    }
    Ok(())
}
