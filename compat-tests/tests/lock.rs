//! No package that is locked wants a newer compiler than the one that the workspace promises.
#![forbid(unsafe_code)]

use compat_tests::work;

#[test]
fn no_locked_package_wants_a_newer_rust_than_is_promised() {
    let mut cargo = work::cargo();
    cargo.args(["metadata", "--format-version", "1", "--locked"]).current_dir(work::workspace());
    let said = cargo.output().unwrap();
    assert!(said.status.success(), "{}", String::from_utf8_lossy(&said.stderr));
    let said = String::from_utf8(said.stdout).unwrap();
    let promised = version(env!("CARGO_PKG_RUST_VERSION"));
    let wanted: Vec<_> = wishes(&said).collect();
    assert!(wanted.len() > 20, "only {wanted:?} say what they want");
    let newer: Vec<_> = wanted.iter().filter(|(_, rust)| version(rust) > promised).collect();
    assert!(newer.is_empty(), "newer than {promised:?}: {newer:?}");
}

/// The manifest of each package that says so, and the version of Rust that it takes.
fn wishes(metadata: &str) -> impl Iterator<Item = (&str, &str)> {
    metadata.split("\"manifest_path\":\"").skip(1).filter_map(|package| {
        let manifest = package.split('"').next()?;
        let rust = package.rsplit_once("\"rust_version\":\"")?.1.split('"').next()?;
        Some((manifest, rust))
    })
}

/// A number that is not there is zero.
fn version(text: &str) -> [u32; 3] {
    let mut numbers = text.split('.').map(|part| part.parse().unwrap());
    std::array::from_fn(|_| numbers.next().unwrap_or(0))
}

#[test]
fn versions_are_compared_by_number() {
    assert!(version("1.100") > version("1.85") && version("1.85.1") > version("1.85"));
    assert_eq!(version("1.85"), version("1.85.0"));
}
