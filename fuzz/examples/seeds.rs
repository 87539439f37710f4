//! Writes what the fuzzer begins with.
fn main() {
    zeroxide::fuzzing::seeds::write();
}
