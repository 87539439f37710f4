//! What a monitor may hear of one session, and in which order.
#![forbid(unsafe_code)]

use crate::engine::Event;
use crate::options::ids;

/// How far a session has come, as its events have it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    /// Nothing stands.
    Idle,
    /// The descriptor is connected; zero if the monitor was not told which.
    Connected(i32),
    Refused(i32),
    Active(i32),
    /// The connection is gone, or did not come about.
    Lost,
    Ended,
}

/// Follows the events of one session.
#[derive(Debug)]
pub(super) struct Story {
    stage: Stage,
    connects: bool,
    /// The longest interval between two attempts, in milliseconds.
    interval: i32,
    pub(super) handshakes: u32,
}

impl Story {
    pub(super) fn connecter(interval: i32) -> Self {
        Self { stage: Stage::Idle, connects: true, interval, handshakes: 0 }
    }

    pub(super) fn accepted() -> Self {
        Self { stage: Stage::Connected(0), connects: false, interval: 0, handshakes: 0 }
    }

    pub(super) fn end(&mut self) {
        assert_ne!(self.stage, Stage::Ended, "a session ends once");
        self.stage = Stage::Ended;
    }

    pub(super) fn is_over(&self) -> bool {
        self.stage == Stage::Ended
    }

    pub(super) fn is_active(&self) -> bool {
        matches!(self.stage, Stage::Active(_))
    }

    pub(super) fn note(&mut self, event: &Event) {
        use Stage::*;
        let next = match (event.id, self.stage) {
            (ids::EVENT_CONNECT_DELAYED, Idle) if self.connects => Some(Idle),
            (ids::EVENT_CONNECTED, Idle) if self.connects => Some(Connected(event.value)),
            (ids::EVENT_CLOSED, Idle) if self.connects => Some(Lost),
            (ids::EVENT_CONNECT_RETRIED, Idle | Lost) if self.is_interval(event.value) => {
                Some(Idle)
            }
            (ids::EVENT_HANDSHAKE_SUCCEEDED, Connected(fd)) => Some(Active(fd)),
            (ids::EVENT_HANDSHAKE_FAILED_NO_DETAIL, Connected(fd)) => Some(Refused(fd)),
            (ids::EVENT_DISCONNECTED, Connected(fd) | Refused(fd) | Active(fd)) => {
                (fd == 0 || fd == event.value).then_some(Lost)
            }
            _ => None,
        };
        assert!(next.is_some(), "{event:?} in {self:?}");
        self.handshakes += u32::from(matches!(next, Some(Active(_))));
        self.stage = next.unwrap_or(self.stage);
    }

    fn is_interval(&self, value: i32) -> bool {
        self.connects && (1..=self.interval).contains(&value)
    }
}
