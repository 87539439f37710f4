//! What the tests of the mechanisms share.
#![forbid(unsafe_code)]

use super::{HandshakeError, Local, Mechanism, Status};
use crate::options::SocketType;

pub(crate) fn local(socket_type: SocketType) -> Local {
    Local {
        socket_type,
        routing_id: b"me".to_vec(),
        metadata: Vec::new(),
        zap_domain: Vec::new(),
        zap_enforce_domain: false,
        peer_address: b"127.0.0.1".to_vec(),
    }
}

/// A ZAP reply with these contents.
pub(crate) fn zap_frames<'a>(
    status: &'a [u8],
    user_id: &'a [u8],
    metadata: &'a [u8],
) -> [&'a [u8]; 7] {
    [b"", b"1.0", b"1", status, b"text", user_id, metadata]
}

/// Passes commands back and forth until neither end has more to say; a ZAP handler that lets
/// everyone in answers every request.
pub(crate) fn shake_hands(ends: &mut [Box<dyn Mechanism>; 2]) -> Result<(), HandshakeError> {
    for _ in 0..8 {
        for from in 0..2 {
            if ends[from].take_zap_request().is_some() {
                ends[from].zap_reply(&zap_frames(b"200", b"user", b""))?;
            }
            while let Some(command) = ends[from].next_command()? {
                ends[1 - from].process(&command)?;
            }
        }
    }
    assert_eq!([ends[0].status(), ends[1].status()], [Status::Ready; 2]);
    Ok(())
}
