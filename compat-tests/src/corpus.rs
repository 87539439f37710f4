//! Seeds for upstream's fuzz programs. Upstream keeps its seeds in a repository of their own, and
//! without any these programs skip themselves; ours are made here, the same on every run.

use std::fs;
use std::path::Path;

use crate::{during, Result};

type Seeds = fn() -> Vec<Vec<u8>>;

/// Programs, the folder that each looks into, and the kind of seed it takes. (One of them looks
/// into the folder of another.)
const PROGRAMS: &[(&str, &str, Seeds)] = &[
    ("test_bind_fuzzer", "test_bind_fuzzer", endpoints),
    ("test_connect_fuzzer", "test_connect_fuzzer", endpoints),
    ("test_bind_null_fuzzer", "test_bind_null_fuzzer", conversations),
    ("test_connect_null_fuzzer", "test_connect_null_fuzzer", conversations),
    ("test_bind_stream_fuzzer", "test_bind_stream_fuzzer", conversations),
    ("test_connect_stream_fuzzer", "test_connect_null_fuzzer", conversations),
    ("test_bind_curve_fuzzer", "test_bind_curve_fuzzer", curve_client_conversations),
    ("test_connect_curve_fuzzer", "test_connect_curve_fuzzer", curve_server_conversations),
    ("test_socket_options_fuzzer", "test_socket_options_fuzzer", option_values),
    ("test_z85_decode_fuzzer", "test_z85_decode_fuzzer", z85_texts),
];

/// Writes the seeds of a program below the folder that it will run in, if it takes any.
pub fn provide(name: &str, run_folder: &Path) -> Result<()> {
    let Some((_, folder, seeds)) = PROGRAMS.iter().find(|(program, ..)| *program == name) else {
        return Ok(());
    };
    let folder = run_folder.join(format!("tests/libzmq-fuzz-corpora/{folder}_seed_corpus"));
    during(fs::create_dir_all(&folder), folder.display())?;
    for (number, seed) in seeds().iter().enumerate() {
        let path = folder.join(format!("{number:03}"));
        during(fs::write(&path, seed), path.display())?;
    }
    Ok(())
}

fn endpoints() -> Vec<Vec<u8>> {
    const TEXTS: &[&str] = &[
        "tcp://127.0.0.1:*",
        "tcp://127.0.0.1:!",
        "tcp://127.0.0.1:0",
        "tcp://127.0.0.1",
        "tcp://127.0.0.1:",
        "tcp://127.0.0.1:65536",
        "tcp://127.0.0.1:99999999999999999999",
        "tcp://127.0.0.1:-1",
        "tcp://127.0.0.1:1x",
        "tcp://127.0.0.1:*;",
        "tcp://;127.0.0.1:1",
        "tcp://127.0.0.1:0;127.0.0.1:1",
        "tcp://[::1]:*",
        "tcp://[::1",
        "tcp://]:1",
        "tcp://[]:1",
        "tcp://[fe80::1%nosuchif]:1",
        "tcp://nosuchif0:1",
        "tcp://*:",
        "tcp://:::::",
        "tcp://",
        "tcp:/",
        "tcp",
        "://",
        "://127.0.0.1:1",
        "nosuch://127.0.0.1:1",
        "TCP://127.0.0.1:1",
        "ipc://",
        "ipc://*",
        "ipc:///",
        "ipc://@",
        "ipc://@zmq-compat-seed",
        "ipc:///nosuchfolder/socket",
        "inproc://",
        "inproc://seed",
        "inproc://\u{1}\u{7f}\u{e9}",
        "udp://127.0.0.1:1",
        "pgm://127.0.0.1;239.0.0.1:1",
        "epgm://",
        "tipc://{1,2,3}",
        "vmci://*:*",
        "ws://127.0.0.1:*",
        "",
        " ",
        "\0",
        "tcp://127.0.0.1:1\0tail",
    ];
    let long = |prefix: &str, length: usize| {
        let mut text = prefix.as_bytes().to_vec();
        text.resize(length, b'a');
        text
    };
    let mut seeds: Vec<Vec<u8>> = TEXTS.iter().map(|text| text.as_bytes().to_vec()).collect();
    seeds.push(long("ipc://", 107));
    seeds.push(long("ipc://", 4096));
    seeds.push(long("inproc://", 4096));
    seeds.push(long("tcp://", 300));
    seeds
}

/// What a peer sends from the greeting on. Each costs the programs half a second.
fn conversations() -> Vec<Vec<u8>> {
    let start = [greeting(3, 0, b"NULL"), ready(b"PUB")].concat();
    let frames: &[&[u8]] = &[
        b"\x00\x05hello",
        b"\x01\x01a\x00\x01b",
        b"\x02\x00\x00\x00\x00\x00\x00\x00\x05hello",
        b"\x02\xff\xff\xff\xff\xff\xff\xff\xff",
        b"\x02\x7f\xff\xff\xff\xff\xff\xff\xff",
        b"\x02\x00\x00\x00\x00\x10\x00\x00\x00cut short",
        b"\x00\xffcut short",
        b"\x04\x05\x04PING",
        b"\x04\x07\x04PING\x00\x01context",
        b"\x04\x01\xff",
        b"\x04\x00",
        b"\x05\x07\x06MORE!?",
        b"\x07\xff\xff\xff\xff",
        b"\xf8\x00",
        b"\x04\x0a\x09SUBSCRIBE",
        b"\x00\x00",
    ];
    let mut seeds: Vec<Vec<u8>> =
        frames.iter().map(|frame| [start.as_slice(), frame].concat()).collect();
    seeds.extend([
        vec![0xff],
        greeting(3, 0, b"NULL")[..63].to_vec(),
        [greeting(3, 1, b"NULL"), b"\x04\x06\x05READ?".to_vec()].concat(),
        [greeting(3, 0, b"NULL"), ready(b"NOSUCH")].concat(),
        [greeting(3, 0, b"NULL"), lying_ready()].concat(),
        [greeting(3, 0, b"NOSUCH"), ready(b"PUB")].concat(),
        [greeting(9, 9, b"NULL"), ready(b"PUB")].concat(),
        [greeting(3, 0, b"NULL"), noise(3, 4096)].concat(),
        noise(1, 64),
        noise(2, 1000),
    ]);
    seeds
}

/// What a client sends to a CURVE server.
fn curve_client_conversations() -> Vec<Vec<u8>> {
    let start = greeting(3, 0, b"CURVE");
    let mut hello = b"\x04\xc8\x05HELLO\x01\x00".to_vec();
    hello.resize(202, 0);
    let mut seeds = curve_refusals(b"DEALER");
    seeds.extend([
        [start.clone(), hello.clone()].concat(),
        [start.clone(), hello[..100].to_vec()].concat(),
        [start.clone(), hello.clone(), noise(1, 301)].concat(),
        [start, hello, noise(2, 2000)].concat(),
    ]);
    seeds
}

/// What a server sends to a CURVE client: never so much that the program waits for an INITIATE.
fn curve_server_conversations() -> Vec<Vec<u8>> {
    let start = greeting(3, 0, b"CURVE");
    let mut welcome = b"\x04\xa8\x07WELCOME".to_vec();
    welcome.resize(170, 0);
    let mut seeds = curve_refusals(b"DEALER");
    seeds.extend([
        [start.clone(), welcome.clone()].concat(),
        [start.clone(), welcome[..100].to_vec()].concat(),
        [start, welcome, noise(3, 60)].concat(),
    ]);
    seeds
}

/// Greetings and first commands that no CURVE peer accepts.
fn curve_refusals(socket_type: &[u8]) -> Vec<Vec<u8>> {
    let start = greeting(3, 0, b"CURVE");
    vec![
        start.clone(),
        [start.clone(), b"\x04\x06\x05ERROR".to_vec()].concat(),
        [start, ready(socket_type)].concat(),
        [greeting(3, 0, b"NULL"), ready(socket_type)].concat(),
        noise(4, 64),
    ]
}

fn option_values() -> Vec<Vec<u8>> {
    let mut seeds = Vec::new();
    for size in [1, 4, 7, 8, 32, 40, 41, 255, 256, 8192] {
        for value in [0x00, 0x01, 0x7f, 0xff] {
            seeds.push(vec![value; size]);
        }
        seeds.push(noise(size as u64, size));
    }
    seeds.extend((0..8u8).map(|value| vec![value, 0, 0, 0]));
    seeds.push(b"127.0.0.1:1080".to_vec());
    seeds.push(b"::1/129".to_vec());
    seeds
}

fn z85_texts() -> Vec<Vec<u8>> {
    let mut seeds: Vec<Vec<u8>> = ["HelloWorld", "#####", "%nSc0", "\"\"\"\"\"", "00000", "     "]
        .map(|text| text.as_bytes().to_vec())
        .to_vec();
    seeds.push(b"Hello\0World".to_vec());
    seeds.extend((1..20).map(|length| noise(length, 5 * length as usize)));
    seeds
}

fn greeting(major: u8, minor: u8, mechanism: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0xff, 0, 0, 0, 0, 0, 0, 0, 0, 0x7f, major, minor];
    bytes.extend_from_slice(mechanism);
    bytes.resize(64, 0);
    bytes
}

fn ready(socket_type: &[u8]) -> Vec<u8> {
    let mut body = b"\x05READY\x0bSocket-Type\0\0\0".to_vec();
    body.push(socket_type.len() as u8);
    body.extend_from_slice(socket_type);
    [&[4, body.len() as u8], body.as_slice()].concat()
}

/// A READY whose property claims to be longer than the command.
fn lying_ready() -> Vec<u8> {
    let body = b"\x05READY\x0bSocket-Type\xff\xff\xff\xffPUB";
    [&[4, body.len() as u8], body.as_slice()].concat()
}

/// Bytes without a pattern, the same for the same number.
fn noise(seed: u64, length: usize) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 32) as u8
    };
    (0..length).map(|_| next()).collect()
}
