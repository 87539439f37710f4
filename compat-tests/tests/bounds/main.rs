//! What a hostile peer costs, beside the reference library: a socket of each in a process of its
//! own, with the same peers, which are bare streams; its resident memory and its processor time are
//! compared.
//!
//! `cargo test -p compat-tests --test bounds -- --nocapture` prints the figures.
#![forbid(unsafe_code)]

mod attacks;
mod victim;

use std::net::TcpStream;

use compat_tests::library::Library;
use compat_tests::skips;
use compat_tests::trials::{expect, Tested};
use libtest_mimic::{Arguments, Failed, Trial};
use victim::{Cost, Victim};

/// So much more resident memory is none: what allocators and pools keep.
const SLACK: u64 = 1 << 19;
/// So much more time is none.
const SLACK_MICROS: u64 = 20_000;

/// An attack, what is attacked by it, and of how many pieces it consists.
struct Scene {
    name: &'static str,
    /// Socket type, high-water mark, CURVE.
    victim: [i32; 3],
    attack: Attack,
    pieces: u64,
}

/// Gives back the connections that are still there.
type Attack = fn(&mut Victim) -> victim::Result<Vec<TcpStream>>;

const fn scene(name: &'static str, victim: [i32; 3], attack: Attack, pieces: u64) -> Scene {
    Scene { name, victim, attack, pieces }
}

const PULL: [i32; 3] = [7, 1000, 0];
const ENDLESS_PULL: [i32; 3] = [7, 0, 0];
const CURVE_PULL: [i32; 3] = [7, 1000, 1];
const PUB: [i32; 3] = [1, 0, 0];

const SCENES: &[Scene] = &[
    scene("silent_connections", PULL, attacks::silent, attacks::PEERS),
    scene("idle_connections", PULL, attacks::idle, attacks::PEERS),
    scene("idle_curve_connections", CURVE_PULL, attacks::curve, attacks::CURVE_PEERS),
    scene("connections_that_have_gone", PULL, attacks::gone, attacks::PEERS),
    scene("properties", PULL, attacks::properties, attacks::PROPERTIES),
    scene("short_messages", ENDLESS_PULL, attacks::messages, attacks::MESSAGES),
    scene("empty_parts", PULL, attacks::parts, attacks::MESSAGES),
    scene("topics", PUB, attacks::topics, attacks::TOPICS),
    scene("a_long_topic", PUB, attacks::long_topic, attacks::LENGTH),
    scene("hellos_of_strangers", CURVE_PULL, attacks::hellos, attacks::PEERS),
];

fn main() {
    let arguments = Arguments::from_args();
    let tests = SCENES.iter().map(|scene| Trial::test(scene.name, || compare(scene)));
    skips::run(&arguments, tests.collect())
}

fn compare(scene: &Scene) -> Tested {
    let ours = cost(scene, Library::Ours)?;
    let reference = cost(scene, Library::Reference)?;
    let each = |cost: &Cost| {
        format!("{} bytes, {} ns", cost.memory / scene.pieces, cost.nanos / scene.pieces)
    };
    println!("{} each: {}; the reference library: {}", scene.name, each(&ours), each(&reference));
    expect(
        ours.memory <= reference.memory + SLACK,
        format!("{} bytes, the reference library {}", ours.memory, reference.memory),
    )?;
    // Where both have as little to do the machine decides.
    let limit = 2 * reference.nanos + SLACK_MICROS * 1000;
    expect(
        ours.nanos <= limit,
        format!("{} ns, the reference library {}", ours.nanos, reference.nanos),
    )
}

fn cost(scene: &Scene, library: Library) -> Result<Cost, Failed> {
    let mut victim = Victim::start(library, scene.victim)?;
    let before = victim.cost()?;
    let peers = (scene.attack)(&mut victim).map_err(|error| format!("{library}: {error}"))?;
    let after = victim.cost()?;
    drop(peers);
    Ok(after.since(&before))
}
