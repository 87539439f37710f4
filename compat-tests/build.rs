//! Tells the harness where upstream's sources, libsodium and the target folder are.

use std::env;
use std::process::Command;

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rerun-if-changed=../Cargo.lock");
    println!("cargo:rerun-if-env-changed=CARGO_TARGET_DIR");

    let metadata = metadata(&["--offline"]).or_else(|| metadata(&[])).expect("cargo metadata runs");
    let manifest = manifest_of(&metadata, "zeromq-src").expect("zeromq-src is a dependency");
    export("COMPAT_UPSTREAM", &format!("{}/vendor", manifest.trim_end_matches("/Cargo.toml")));
    let target = string_after(&metadata, "\"target_directory\":\"").expect("a target directory");
    export("COMPAT_WORK", &format!("{target}/compat"));
    export("COMPAT_SODIUM_INCLUDE", &variable("DEP_SODIUM_INCLUDE"));
    export("COMPAT_SODIUM_LIB", &variable("DEP_SODIUM_LIB"));
    export("COMPAT_TRIPLE", &variable("TARGET"));
}

fn metadata(extra: &[&str]) -> Option<String> {
    let output = Command::new(variable("CARGO"))
        .args(["metadata", "--format-version", "1", "--filter-platform", &variable("TARGET")])
        .args(extra)
        .output()
        .ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).into_owned())
}

/// The path of a package's manifest: its folder is named after it, with or without a version.
fn manifest_of<'a>(metadata: &'a str, package: &str) -> Option<&'a str> {
    metadata.split("\"manifest_path\":\"").skip(1).find_map(|rest| {
        let path = rest.split('"').next()?;
        let folder = path.strip_suffix("/Cargo.toml")?.rsplit('/').next()?;
        folder.starts_with(package).then_some(path)
    })
}

fn string_after<'a>(text: &'a str, key: &str) -> Option<&'a str> {
    text.split(key).nth(1)?.split('"').next()
}

fn variable(name: &str) -> String {
    env::var(name).unwrap_or_else(|_| panic!("{name} is not set"))
}

fn export(name: &str, value: &str) {
    println!("cargo:rustc-env={name}={value}");
}
