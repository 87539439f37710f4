//! Both ends of PLAIN.

use super::mechanism::{locals, play};
use crate::fuzzing::input::Input;
use crate::fuzzing::zmq::Security;

pub fn run(data: &[u8]) {
    let mut input = Input::new(data);
    let [client, server] = locals(&mut input);
    let (username, password) = (input.bytes().to_vec(), input.bytes().to_vec());
    let client = Security::PlainClient { username, password }.start(client);
    play(&mut input, [client, Security::PlainServer.start(server)]);
}
