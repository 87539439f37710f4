//! Our library and the reference talk to each other: every compatible pair of stable socket types, each
//! of the two as binder and as connecter, over tcp and ipc and secured by PLAIN and CURVE, with messages of
//! all sizes and many parts.
//!
//! Both libraries are in this process, each with its own context and threads. A test is named after
//! the conversation: `tcp::ours::PUSH-reference::PULL` has our PUSH bound and the reference's PULL
//! connected.

mod api;
mod security;
mod talks;

use std::sync::OnceLock;

use api::{ids, Context, Result, Socket, Zmq};
use compat_tests::library::Library;
use compat_tests::skips;
use libtest_mimic::{Arguments, Failed, Trial};
use security::Mechanism;

/// What two sockets have to say to each other; the first one is of the first type.
type Talk = fn(&Socket, &Socket) -> Result<()>;

/// Two socket types.
struct Pair {
    types: [(&'static str, i32); 2],
    talk: Talk,
    /// Only over tcp.
    raw: bool,
}

const fn pair(a: (&'static str, i32), b: (&'static str, i32), talk: Talk) -> Pair {
    Pair { types: [a, b], talk, raw: false }
}

const PAIR: (&str, i32) = ("PAIR", ids::PAIR);
const PUB: (&str, i32) = ("PUB", ids::PUB);
const SUB: (&str, i32) = ("SUB", ids::SUB);
const REQ: (&str, i32) = ("REQ", ids::REQ);
const REP: (&str, i32) = ("REP", ids::REP);
const DEALER: (&str, i32) = ("DEALER", ids::DEALER);
const ROUTER: (&str, i32) = ("ROUTER", ids::ROUTER);
const PULL: (&str, i32) = ("PULL", ids::PULL);
const PUSH: (&str, i32) = ("PUSH", ids::PUSH);
const XPUB: (&str, i32) = ("XPUB", ids::XPUB);
const XSUB: (&str, i32) = ("XSUB", ids::XSUB);
const STREAM: (&str, i32) = ("STREAM", ids::STREAM);

const PAIRS: [Pair; 13] = [
    pair(PAIR, PAIR, talks::both_ways),
    pair(PUB, SUB, talks::publish_blindly),
    pair(PUB, XSUB, talks::publish_blindly),
    pair(XPUB, SUB, talks::publish),
    pair(XPUB, XSUB, talks::publish),
    pair(REQ, REP, talks::request),
    pair(REQ, ROUTER, talks::request_router),
    pair(DEALER, REP, talks::dealer_request),
    pair(DEALER, ROUTER, talks::dealer_router),
    pair(DEALER, DEALER, talks::both_ways),
    pair(ROUTER, ROUTER, talks::routers),
    pair(PUSH, PULL, talks::one_way),
    Pair { types: [STREAM, STREAM], talk: talks::streams, raw: true },
];

/// Where and how secured: who binds is the server.
const PLACES: [(&str, &str, Mechanism); 4] = [
    ("tcp", "tcp://127.0.0.1:*", Mechanism::Null),
    ("ipc", "ipc://*", Mechanism::Null),
    ("plain", "tcp://127.0.0.1:*", Mechanism::Plain),
    ("curve", "tcp://127.0.0.1:*", Mechanism::Curve),
];

fn main() {
    let arguments = Arguments::from_args();
    let mut trials = Vec::new();
    for place in PLACES {
        let (name, address, mechanism) = place;
        for pair in PAIRS.iter().filter(|pair| !pair.raw || name == "tcp") {
            trials.extend(conversations(place, pair).flatten());
        }
        for sides in SIDES {
            let setting = Setting { sides, address, mechanism };
            let talks = [
                ("reconnect", talks::reconnect as fn(&Setting) -> Result<()>),
                ("heartbeats", talks::heartbeats),
                ("nothing_lost", talks::nothing_lost),
                ("crowd", talks::crowd),
            ];
            for (what, talk) in talks {
                // Over ipc the reference loses the end of a stream now and then: that is no fault of ours.
                if (name, what, sides[0]) == ("ipc", "nothing_lost", Library::Reference) {
                    continue;
                }
                let name = format!("{name}::{what}::{}", names(sides).join("-to-"));
                trials.push(trial(name, move || talk(&setting)));
            }
        }
    }
    skips::run(&arguments, trials)
}

/// Which library is on which side.
type Sides = [Library; 2];

const SIDES: [Sides; 2] =
    [[Library::Ours, Library::Reference], [Library::Reference, Library::Ours]];

fn names(sides: Sides) -> [String; 2] {
    sides.map(|library| library.to_string())
}

/// A pair with each library on each side, and each side as the binder.
fn conversations(
    (place, address, mechanism): (&'static str, &'static str, Mechanism),
    pair: &'static Pair,
) -> impl Iterator<Item = Option<Trial>> {
    SIDES.into_iter().flat_map(move |sides| {
        let equals = pair.types[0] == pair.types[1];
        // With two of a kind, the other sides are the other binder.
        (0..if equals { 1 } else { 2 }).map(move |binder| {
            // The reference's REQ hears no reply once it has asked a ZAP handler, whoever replies.
            let binds = (pair.types[binder].1, sides[binder]);
            if mechanism != Mechanism::Null && binds == (ids::REQ, Library::Reference) {
                return None;
            }
            let [a, b] = names(sides);
            let [(first, _), (second, _)] = pair.types;
            let mut ends = [format!("{a}::{first}"), format!("{b}::{second}")];
            ends.rotate_left(binder);
            let name = format!("{place}::{}", ends.join("-"));
            let setting = Setting { sides, address, mechanism };
            Some(trial(name, move || converse(pair, &setting, binder)))
        })
    })
}

fn trial(name: String, run: impl FnOnce() -> Result<()> + Send + 'static) -> Trial {
    Trial::test(name, move || run().map_err(Failed::from))
}

fn converse(pair: &Pair, setting: &Setting, binder: usize) -> Result<()> {
    let contexts = setting.contexts(binder)?;
    let a = contexts[0].socket(pair.types[0].1)?;
    let b = contexts[1].socket(pair.types[1].1)?;
    for (index, socket) in [&a, &b].into_iter().enumerate() {
        talks::prepare(socket, pair.types[index].1, index)?;
    }
    let ends = [&a, &b];
    let endpoint = ends[binder].bind(setting.address)?;
    let connecter = ends[1 - binder];
    if pair.types[binder].1 == ids::ROUTER && pair.types[1 - binder].1 == ids::ROUTER {
        connecter.set_bytes(ids::CONNECT_ROUTING_ID, talks::ROUTING_IDS[binder])?;
    }
    connecter.connect(&endpoint)?;
    if pair.types[binder] == pair.types[1 - binder] {
        // Between equals the connecter begins: it knows where to.
        return (pair.talk)(connecter, ends[binder]);
    }
    (pair.talk)(&a, &b)
}

/// Where a conversation takes place.
#[derive(Clone, Copy)]
struct Setting {
    sides: Sides,
    address: &'static str,
    mechanism: Mechanism,
}

impl Setting {
    /// A context for each side, one of which binds.
    fn contexts(&self, binder: usize) -> Result<[Context; 2]> {
        let [a, b] = self.sides.map(load);
        let mut contexts = [a?.context(), b?.context()];
        let [a, b] = &mut contexts;
        let (server, client) = if binder == 0 { (a, b) } else { (b, a) };
        self.mechanism.secure(server, client)?;
        Ok(contexts)
    }
}

/// Both libraries have the same functions; they must not be mistaken for each other.
fn load(library: Library) -> Result<&'static Zmq> {
    static LIBRARIES: OnceLock<Result<[&'static Zmq; 2]>> = OnceLock::new();
    let loaded = LIBRARIES.get_or_init(|| {
        let ours = Zmq::load(&Library::Ours.file()?)?;
        let reference = Zmq::load(&Library::Reference.file()?)?;
        if ours.place() == reference.place() {
            return Err("this is the same library twice".into());
        }
        Ok([ours, reference])
    });
    let [ours, reference] = loaded.clone()?;
    Ok(match library {
        Library::Ours => ours,
        Library::Reference => reference,
    })
}
