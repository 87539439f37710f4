//! Our Debian packages take the place of the distribution's, and the distribution's own programs
//! run on them. All of it happens in a copy-on-write view of this machine that is gone afterwards;
//! it takes root, apt and the distribution's archive, and without them all of this is ignored.
#![forbid(unsafe_code)]

mod machine;

use compat_tests::setup::{said, setup};
use compat_tests::trials::{expect, ignored, Tested};
use compat_tests::{skips, work};
use libtest_mimic::{Arguments, Trial};
use machine::Machine;
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};

/// What is installed from the archive before our packages are, with Debian's libzmq5.
const PROGRAMS: &[&str] = &[
    "libzmq5",
    "python3-zmq",
    "php-zmq",
    "php-cli",
    "ruby-ffi-rzmq",
    "zurl",
    "condure",
    "libczmq4",
    "pkg-config",
    "gcc",
    "libc6-dev",
];

/// The names of the tests; the scripts behind them, which run in the machine; their arguments.
const SCRIPTS: &[(&str, &str, &str)] = &[
    ("python3_zmq_runs_on_ours", "python", ""),
    ("php_zmq_runs_on_ours", "php", ""),
    ("ruby_ffi_rzmq_runs_on_ours", "ruby", ""),
    ("zurl_runs_on_ours", "zurl", ""),
    ("condure_runs_on_ours", "condure", ""),
    (
        "libczmq4_passes_its_own_tests_on_ours",
        "czmq",
        "zframe zmsg zstr zsock zpoller zloop zactor zproxy zmonitor zauth zcert zgossip",
    ),
];

fn main() {
    let mut arguments = Arguments::from_args();
    // One machine, one apt.
    arguments.test_threads = Some(1);
    let state = if arguments.list { Err("only listed".into()) } else { Machine::new(PROGRAMS) };
    let (machine, missing) = match state {
        Ok(machine) => (Some(Arc::new(machine)), None),
        Err(why) => (None, Some(why)),
    };
    let mut trials = Vec::new();
    let mut add = |name: &str, test: Box<dyn FnOnce(&Machine) -> Tested + Send>| {
        trials.push(match (&machine, &missing) {
            (Some(machine), _) => {
                let machine = machine.clone();
                Trial::test(name, move || test(&machine))
            }
            (None, why) => ignored(name, why.clone().unwrap_or_default()),
        });
    };
    add("the_packages_are_sound", Box::new(the_packages_are_sound));
    add("apt_is_satisfied_with_ours", Box::new(apt_is_satisfied_with_ours));
    for (name, script, argument) in SCRIPTS {
        add(name, Box::new(|machine| runs(machine, script, argument)));
    }
    add("programs_are_built_with_ours", Box::new(programs_are_built_with_ours));
    add("apt_goes_back_to_debians", Box::new(apt_goes_back_to_debians));
    let conclusion = libtest_mimic::run(&arguments, trials);
    drop(machine);
    skips::conclude(&arguments);
    conclusion.exit();
}

/// Our packages, built once.
fn packages() -> Result<Vec<PathBuf>, String> {
    static PACKAGES: OnceLock<Result<Vec<PathBuf>, String>> = OnceLock::new();
    let make = || {
        work::say("building our Debian packages");
        let folder = work::emptied(work::root().join("debian"))?;
        let text = said(&mut setup(&["deb", "--output", &folder.to_string_lossy()])?)?;
        Ok(text.lines().map(PathBuf::from).collect())
    };
    PACKAGES.get_or_init(make).clone()
}

/// Installs them, once.
fn installed(machine: &Machine) -> Result<(), String> {
    static INSTALLED: OnceLock<Result<(), String>> = OnceLock::new();
    let make = || {
        let mut names = Vec::new();
        for package in packages()? {
            names.push(machine.bring(&package)?);
        }
        machine.apt(&format!("install {}", names.join(" ")))
    };
    INSTALLED.get_or_init(make).clone()
}

/// By Debian's own tools.
fn the_packages_are_sound(machine: &Machine) -> Tested {
    let packages = packages()?;
    expect(packages.len() >= 2, format!("{packages:?}"))?;
    for package in packages {
        let name = machine.bring(&package)?;
        let unpacked = format!("rm -rf /p && dpkg-deb -R {name} /p && cd /p");
        machine.run(&format!("{unpacked} && md5sum --quiet -c DEBIAN/md5sums"))?;
        let loose = machine.run(&format!("{unpacked} && find . ! -type l ! -perm -o=r"))?;
        expect(loose.is_empty(), format!("{name}: not for everybody: {loose}"))?;
        let documents = machine.run(&format!("{unpacked} && ls usr/share/doc/*"))?;
        for document in ["changelog.Debian.gz", "copyright"] {
            expect(documents.contains(document), format!("{name}: {document} is missing"))?;
        }
    }
    Ok(())
}

fn apt_is_satisfied_with_ours(machine: &Machine) -> Tested {
    let before =
        machine.run("dpkg-query -W -f '${Package} ${db:Status-Abbrev}\\n' | grep ' ii '")?;
    expect(before.contains("\nlibzmq5 ii"), "Debian's libzmq5 is not there to begin with")?;
    installed(machine)?;
    machine.run("apt-get check && dpkg --audit")?;
    let after =
        machine.run("dpkg-query -W -f '${Package} ${db:Status-Abbrev}\\n' | grep ' ii '")?;
    for line in before.lines().filter(|line| *line != "libzmq5 ii ") {
        expect(after.contains(line), format!("apt removed {line}"))?;
    }
    expect(!after.contains("\nlibzmq5 ii"), "Debian's libzmq5 is still there")?;
    let file = machine.run("ldconfig -p | sed -n 's/.*libzmq.so.5 .*=> //p' | head -n 1")?;
    let file = machine.run(&format!("realpath {file}"))?;
    let owner = machine.run(&format!("dpkg -S $(basename {file})"))?;
    expect(owner.starts_with("libzmq5-zeroxide"), format!("{file} is of {owner}"))?;
    // Nothing is left to do, nor to be fixed.
    let plan = machine.run("apt-get --simulate install")?;
    expect(plan.contains("\n0 upgraded, 0 newly installed, 0 to remove"), plan)
}

fn runs(machine: &Machine, script: &str, argument: &str) -> Tested {
    installed(machine)?;
    let command = format!("timeout 120 /usr/bin/python3 /programs/{script}.py '{argument}' 2>&1");
    let text = machine.run(&command)?;
    expect(text.contains("all went well on 4.3.5 True"), text)
}

fn programs_are_built_with_ours(machine: &Machine) -> Tested {
    installed(machine)?;
    let source = "#include <stdio.h>\n#include <zmq.h>\nint main (void) { \
                  printf (\"%d\", zmq_has (\"zeroxide\")); return 0; }\n";
    let built = "pkg-config --exists libzmq && gcc -x c - -o /program $(pkg-config --libs libzmq)";
    let text = machine.run(&format!("printf '%s' '{source}' | {{ {built}; }} && /program"))?;
    expect(text == "1", format!("it says {text:?}"))
}

fn apt_goes_back_to_debians(machine: &Machine) -> Tested {
    installed(machine)?;
    machine.apt("install libzmq5")?;
    machine.run("apt-get check && dpkg --audit")?;
    let status = machine.run("dpkg-query -W -f '${db:Status-Abbrev}' libzmq5")?;
    expect(status == "ii ", format!("libzmq5 is {status}"))?;
    let version = "import zmq; print(zmq.has('zeroxide'))";
    let text = machine.run(&format!("/usr/bin/python3 -c \"{version}\""))?;
    expect(text.trim() == "False", text)
}
