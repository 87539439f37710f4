//! Both ends of NULL.

use super::mechanism::{locals, play};
use crate::fuzzing::input::Input;
use crate::fuzzing::zmq::Security;

pub fn run(data: &[u8]) {
    let mut input = Input::new(data);
    let ends = locals(&mut input).map(|local| Security::Null.start(local));
    play(&mut input, ends);
}
