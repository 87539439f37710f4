//! The build script of `capi`: gives the shared library its soname.
//!
//! What it exports needs no list: a `cdylib` shows its `#[no_mangle]` functions and nothing else.

fn main() {
    // Relative to `capi`, whose script this is.
    println!("cargo:rerun-if-changed=../build.rs");
    // cargo-c turns this feature on, and sets the same soname.
    if std::env::var_os("CARGO_FEATURE_CAPI").is_none() {
        println!("cargo:rustc-cdylib-link-arg=-Wl,-soname,libzmq.so.5");
    }
}
