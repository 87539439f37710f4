//! Closes `cargo test --workspace` with a table of what was not run on this machine, and what would run
//! it. It is no test, and never fails but if the notes cannot be read.
#![forbid(unsafe_code)]

fn main() -> Result<(), String> {
    print!("\n{}\n", compat_tests::skips::table()?);
    Ok(())
}
