//! The client of a SOCKS5 proxy: bytes in any pieces come to the same as in one.

use crate::fuzzing::input::{pieces, Input};
use crate::fuzzing::zmq::Socks5;

pub fn run(data: &[u8]) {
    let mut input = Input::new(data);
    let secret = input.flag();
    let Ok(target) = std::str::from_utf8(input.bytes()) else { return };
    let lengths = input.bytes();
    let bytes = input.rest();
    let begin = || Socks5::new(target, secret.then_some(("user", "password")));
    let (Ok(one), Ok(other)) = (begin(), begin()) else { return };
    assert_eq!(talk(one, bytes, &[]), talk(other, bytes, lengths));
}

/// How many bytes were taken, whether the connection stands, and what was sent; or `None`.
fn talk(mut socks: Socks5, bytes: &[u8], lengths: &[u8]) -> Option<(usize, bool, Vec<u8>)> {
    let (mut taken, mut out) = (0, socks.output());
    for piece in pieces(bytes, lengths) {
        let (more, done) = socks.input(piece).ok()?;
        out.extend(socks.output());
        taken += more;
        if done {
            return Some((taken, true, out));
        }
        assert_eq!(more, piece.len());
    }
    Some((taken, false, out))
}
