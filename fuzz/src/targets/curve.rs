//! Both ends of CURVE, and the messages after a good handshake.

use super::mechanism::{locals, play, talk};
use crate::fuzzing::input::Input;
use crate::fuzzing::zmq::curve::{ClientKeys, Key};
use crate::fuzzing::zmq::Security;
use std::sync::OnceLock;

pub fn run(data: &[u8]) {
    let mut input = Input::new(data);
    let ends = ends(&mut input);
    if let Some(ends) = play(&mut input, ends) {
        talk(&mut input, ends);
    }
}

fn ends(input: &mut Input<'_>) -> [Box<dyn crate::fuzzing::zmq::Mechanism>; 2] {
    let [client, server] = locals(input);
    let [client_security, server_security] = securities();
    [client_security.start(client), server_security.start(server)]
}

/// A client's and a server's.
pub(crate) fn securities() -> &'static [Security; 2] {
    static BOTH: OnceLock<[Security; 2]> = OnceLock::new();
    BOTH.get_or_init(|| {
        let [client, server] = [Key::new([1; 32]), Key::new([2; 32])];
        let keys = ClientKeys { public: client.public(), secret: client, server: server.public() };
        [Security::CurveClient(keys), Security::CurveServer(server.into())]
    })
}
