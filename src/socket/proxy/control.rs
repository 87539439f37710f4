//! What a proxy can be told, and what it answers.
#![forbid(unsafe_code)]

use crate::error::{Error, Result};
use crate::link::Frame;
use crate::message::Message;
use crate::socket::{Core, RawSocket};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Command {
    Pause,
    Resume,
    Terminate,
    Statistics,
}

const COMMANDS: [(&[u8], Command); 4] = [
    (b"PAUSE", Command::Pause),
    (b"RESUME", Command::Resume),
    (b"TERMINATE", Command::Terminate),
    (b"STATISTICS", Command::Statistics),
];

/// Message parts and their bytes.
#[derive(Clone, Copy, Default)]
pub(super) struct Traffic {
    messages: u64,
    bytes: u64,
}

impl Traffic {
    #[inline]
    pub(super) fn add(&mut self, bytes: usize) {
        self.messages += 1;
        self.bytes += bytes as u64;
    }
}

/// What went through so far, in the order in which it is reported.
pub(super) struct Statistics {
    pub(super) frontend_received: Traffic,
    pub(super) frontend_sent: Traffic,
    pub(super) backend_received: Traffic,
    pub(super) backend_sent: Traffic,
}

impl Statistics {
    fn values(&self) -> [u64; 8] {
        let Self { frontend_received, frontend_sent, backend_received, backend_sent } = self;
        let mut values = [0; 8];
        let all = [frontend_received, frontend_sent, backend_received, backend_sent];
        for (pair, traffic) in values.chunks_exact_mut(2).zip(all) {
            pair.copy_from_slice(&[traffic.messages, traffic.bytes]);
        }
        values
    }
}

/// Takes a command, if there is one that is known, and answers it. Everything gets an answer, as a REP owes one.
pub(super) fn obey(control: &RawSocket, statistics: &Statistics) -> Result<Option<Command>> {
    control.with(|control| {
        let Some(message) = receive(control)? else { return Ok(None) };
        let known = message.and_then(|message| {
            COMMANDS.iter().find(|(name, _)| message == **name).map(|(_, command)| *command)
        });
        match known {
            Some(Command::Statistics) => {
                let values = statistics.values().map(u64::to_ne_bytes);
                answer(control, &values.each_ref().map(|value| &value[..]))?;
            }
            _ => answer(control, &[&[]])?,
        }
        Ok(known)
    })
}

/// A message, if one is there; of several parts it is no command.
fn receive(control: &mut Core) -> Result<Option<Option<Message>>> {
    let first = match control.try_recv_message() {
        Ok(first) => first,
        Err(Error::Again) => return Ok(None),
        Err(error) => return Err(error),
    };
    if !control.more() {
        return Ok(Some(Some(first)));
    }
    while control.more() {
        control.try_recv_message()?;
    }
    Ok(Some(None))
}

/// A controller that does not read its answers, or a socket that cannot send any, must not stop the proxy.
fn answer(control: &mut Core, parts: &[&[u8]]) -> Result<()> {
    for (index, part) in parts.iter().enumerate() {
        let more = index + 1 < parts.len();
        match control.try_send(&mut Frame::bytes(part, more)) {
            Ok(()) => {}
            Err(Error::Again | Error::NotSupported | Error::State) => return Ok(()),
            Err(error) => return Err(error),
        }
    }
    Ok(())
}
