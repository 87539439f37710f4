//! The build script of `capi`: gives the shared library its soname.
//!
//! What it exports needs no list: a `cdylib` shows its `#[no_mangle]` functions and nothing else.

fn main() {
    // Relative to `capi`, whose script this is.
    println!("cargo:rerun-if-changed=../build.rs");
    println!("cargo:rustc-cdylib-link-arg=-Wl,-soname,libzmq.so.5");
}
