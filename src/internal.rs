//! What the C API, the benches and the tests use of the crate. Not part of its API: any of it may
//! change at any time.
#![forbid(unsafe_code)]

pub mod engine {
    pub use crate::engine::Event;

    pub mod send {
        pub use crate::engine::policy::send::{Decision, Look, SendPolicy, Unsent};
    }
}

pub mod error {
    pub use crate::error::{Error, Result, EFSM, EMTHREAD, ENOCOMPATPROTO, ETERM, HAUSNUMERO};
}

pub mod link {
    pub use crate::link::{pair, Brought, Frame, Limits, Link, LinkEnd, Parcel, Peer, Receiver};
    pub use crate::link::{PeerInfo, Sender, Sink, Slot, Taken};
}

pub mod message {
    pub use crate::message::{returns, Block, FreeFn, Message, Metadata};
}

pub mod options {
    pub use crate::options::{ids, z85, ContextOptions, CurveKey, CURVE_KEY_SIZE};
}

pub mod pattern {
    pub mod trie {
        pub use crate::pattern::trie::{MultiTrie, Removed, Trie};
    }
}

pub mod runtime {
    pub use crate::runtime::Context;

    pub mod monitor {
        pub use crate::runtime::monitor::{EventSink, Monitor};
    }
}

pub mod security {
    pub use crate::security::{curve, Failure, HandshakeError, Local, Mechanism, Open, Peer, Seal};
    pub use crate::security::{Status, Traffic, ZapRequest};
}

pub mod socket {
    pub use crate::socket::{forget_nap, poll_or_nap, proxy_or_nap, Core, PollItem, RawSocket};
    pub use crate::socket::{POLLERR, POLLIN, POLLOUT, POLLPRI};
}

pub mod sync {
    pub use crate::sync::{errands, numbers, queue, signal, sleepers, turn};
}

pub mod sys {
    pub use crate::sys::epoll::Epoll;
    pub use crate::sys::{crypto, nap};
}

pub mod wire {
    pub mod frame {
        pub use crate::wire::frame::{encode_frame, encode_header, HeaderBytes};
    }
}
