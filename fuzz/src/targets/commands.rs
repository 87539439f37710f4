//! Commands and property lists: what is read and written again reads as the same.

use crate::input::Input;
use crate::zmq::command::{encode_subscription, split, MAX_PING_CONTEXT};
use crate::zmq::frame::{parse_header, Header, COMMAND};
use crate::zmq::greeting::Version;
use crate::zmq::metadata::{put, Properties};
use crate::zmq::Command;

const VERSIONS: [Version; 5] =
    [Version::V1Unversioned, Version::V1, Version::V2, Version::V3_0, Version::V3_1];

pub fn run(data: &[u8]) {
    let mut input = Input::new(data);
    let (version, subscribes) = (VERSIONS[input.below(5)], input.flag());
    let body = input.rest();
    if let Ok(command) = Command::parse(body) {
        assert!(split(body).is_ok());
        let mut frame = Vec::new();
        command.encode(&mut frame);
        let Ok(Header::Frame { flags, header_len, body_len }) = parse_header(&frame, None) else {
            panic!("a command is a frame")
        };
        assert_eq!((flags & COMMAND, header_len + body_len as usize), (COMMAND, frame.len()));
        assert_eq!(Command::parse(&frame[header_len..]), Ok(command));
        if let Command::Ping { context, .. } = command {
            assert!(context.len() <= MAX_PING_CONTEXT);
        }
    }
    properties(body);
    let mut out = Vec::new();
    encode_subscription(version, subscribes, body, &mut out);
    assert!(out.ends_with(body) && out.len() <= body.len() + 20);
}

fn properties(list: &[u8]) {
    let found: Result<Vec<_>, _> = Properties::new(list).collect();
    let mut again = Vec::new();
    for (name, value) in found.as_deref().unwrap_or_default() {
        put(&mut again, name, value).unwrap();
    }
    if found.is_ok() {
        assert_eq!(again, list);
    }
}
