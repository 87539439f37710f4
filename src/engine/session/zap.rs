//! The question to the ZAP handler of the context, and the way of its answer.
//!
//! A session that has to ask gets a link of its own to whoever is bound to the handler's name, and holds it
//! until the answer is there or the handshake is over. It never judges: the mechanism does. A handler
//! that goes away without an answer is a silent one, and the handshake's time limit is its end.
#![forbid(unsafe_code)]

use super::{wake, Event, Handshake, Owner, SessionHandle, Shaking};
use crate::link::{pair, Frame, Limits, LinkEnd, Parcel, Peer, PeerInfo, COMMAND, MORE};
use crate::security::{HandshakeError, ZapRequest};
use std::sync::Arc;

/// More than a reply has. Further frames are counted, not kept.
const MAX_FRAMES: usize = 8;

/// A question that is on its way.
pub(super) struct Inquiry {
    end: LinkEnd,
    handler: Arc<dyn Peer>,
}

impl Shaking {
    /// Asks what the mechanism wants to know, and passes on what the handler said. The monitor hears of a
    /// refusal before the peer does.
    pub(super) fn consult(
        &mut self,
        owner: &dyn Owner,
        session: &Arc<SessionHandle>,
    ) -> Result<(), HandshakeError> {
        let consulted = self.ask_and_hear(owner, session);
        if let Some(failure) = self.handshake.take_failure() {
            owner.event(Event::handshake_failed(failure, session.endpoint.as_str()));
        }
        consulted
    }

    fn ask_and_hear(
        &mut self,
        owner: &dyn Owner,
        session: &Arc<SessionHandle>,
    ) -> Result<(), HandshakeError> {
        if let Some(request) = self.handshake.take_zap_request() {
            self.inquiry = Inquiry::start(owner, session, request);
            if self.inquiry.is_none() {
                return self.handshake.zap_reply(None);
            }
        }
        let Some(frames) = self.inquiry.as_mut().and_then(Inquiry::reply) else { return Ok(()) };
        self.inquiry = None;
        pass_on(&mut self.handshake, &frames)
    }
}

fn pass_on(handshake: &mut Handshake, frames: &[Vec<u8>]) -> Result<(), HandshakeError> {
    let frames: Vec<&[u8]> = frames.iter().map(Vec::as_slice).collect();
    handshake.zap_reply(Some(&frames))
}

impl Inquiry {
    /// `None` if there is no handler.
    fn start(owner: &dyn Owner, session: &Arc<SessionHandle>, request: ZapRequest) -> Option<Self> {
        // Neither side limits the other: there is one request, and one reply.
        let (mut end, far) = pair(Limits::Messages(0), Limits::Messages(0)).ok()?;
        // The handler gets its end when all is in it, so there is nobody to wake.
        let nobody = Parcel::Peer(Arc::new(PeerInfo::default()));
        end.tx.write_parcel(nobody, &Nobody).ok()?;
        let frames = request.into_frames();
        for (index, frame) in frames.iter().enumerate() {
            let mut frame = Frame::bytes(frame, index + 1 < frames.len());
            end.tx.write(&mut frame, false, &Nobody).ok()?;
        }
        let handler = owner.ask_zap(far, Arc::new(Asker(session.clone())))?;
        Some(Self { end, handler })
    }

    /// The frames of the reply, once it is there.
    fn reply(&mut self) -> Option<Vec<Vec<u8>>> {
        let mut frames = Vec::new();
        loop {
            let record = self.end.rx.front()?;
            let flags = record.flags();
            if flags & COMMAND == 0 && frames.len() < MAX_FRAMES {
                frames.push(record.body().to_vec());
            }
            self.end.rx.consumer().pop();
            if flags & (COMMAND | MORE) == 0 {
                return Some(frames);
            }
        }
    }
}

impl Drop for Inquiry {
    fn drop(&mut self) {
        self.end.tx.close();
        self.end.rx.consumer().close();
        self.handler.closed();
    }
}

/// The session, as the ZAP handler's socket sees it.
struct Asker(Arc<SessionHandle>);

impl Peer for Asker {
    fn readable(&self) {
        self.0.wake(wake::ZAP);
    }

    fn writable(&self) {}

    fn closed(&self) {}
}

struct Nobody;

impl Peer for Nobody {
    fn readable(&self) {}
    fn writable(&self) {}
    fn closed(&self) {}
}
