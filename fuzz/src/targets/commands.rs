//! Commands and property lists: what is read and written again reads as the same.

use crate::fuzzing::input::Input;
use crate::fuzzing::zmq::command::{split, MAX_PING_CONTEXT};
use crate::fuzzing::zmq::frame::{parse_header, Header, COMMAND};
use crate::fuzzing::zmq::metadata::{put, Properties};
use crate::fuzzing::zmq::Command;

pub fn run(data: &[u8]) {
    let body = Input::new(data).rest();
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
