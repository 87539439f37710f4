//! Z85 there and back.

use crate::fuzzing::zmq::z85::{decode, decode_into, encode};

pub fn run(data: &[u8]) {
    match encode(data) {
        Ok(text) => {
            assert_eq!(text.len(), data.len() / 4 * 5);
            if !data.is_empty() {
                assert_eq!(decode(text.as_bytes()).unwrap(), data);
            }
        }
        Err(_) => assert_ne!(data.len() % 4, 0),
    }
    if let Ok(bytes) = decode(data) {
        assert_eq!(encode(&bytes).unwrap().as_bytes(), data);
    }
    let mut place = vec![7; data.len() / 5 * 4];
    if decode_into(data, &mut place).is_err() {
        assert!(place.iter().all(|byte| *byte == 7));
    }
}
