//! Options: nothing that is set panics, and what was set is what is read.

use crate::fuzzing::input::Input;
use crate::fuzzing::zmq::{find, ids, ContextOptions, Get, Options, TABLE};

pub fn run(data: &[u8]) {
    let mut input = Input::new(data);
    let (mut options, mut context) = (Options::default(), ContextOptions::default());
    while !input.is_empty() {
        match input.below(8) {
            0 => of_context(&mut context, &mut input),
            1 => drop(options.set_null(id(&mut input))),
            2 => read(&options, id(&mut input), usize::from(input.byte())),
            3 => set(&mut options, id(&mut input), &input.int().to_ne_bytes()),
            4 => {
                let value = i64::from(input.int()) << 32 | i64::from(input.int());
                set(&mut options, id(&mut input), &value.to_ne_bytes());
            }
            5 => set(&mut options, id(&mut input), &i32::from(input.byte()).to_ne_bytes()),
            _ => set(&mut options, id(&mut input), input.bytes()),
        }
    }
    for row in TABLE {
        for len in [4, 8, 32, 41, 300] {
            read(&options, row.id, len);
        }
    }
}

fn id(input: &mut Input<'_>) -> i32 {
    let number = input.byte();
    match TABLE.get(usize::from(number)) {
        Some(row) => row.id,
        None => i32::from(number) - 200,
    }
}

fn read(options: &Options, id: i32, len: usize) {
    let mut out = vec![0xAA; len];
    if let Ok(len) = options.get(id, &mut out) {
        assert!(len <= out.len());
        assert!(out[len..].iter().all(|byte| *byte == 0));
    }
}

fn set(options: &mut Options, id: i32, value: &[u8]) {
    let before = get(options, id, value.len());
    if options.set(id, value).is_err() {
        assert_eq!(get(options, id, value.len()), before, "{id}");
        return;
    }
    assert!(find(id).is_some());
    let after = get(options, id, value.len());
    match id {
        // Kept in deciseconds.
        ids::HEARTBEAT_TTL => {
            let value = i32::from_ne_bytes(value.try_into().unwrap());
            assert_eq!(after, Some((value / 100 * 100).to_ne_bytes().to_vec()));
        }
        // Any number is a yes, also where a size of its own is told for a boolean.
        ids::INVERT_MATCHING
        | ids::MULTICAST_LOOP
        | ids::LOOPBACK_FASTPATH
        | ids::ZAP_ENFORCE_DOMAIN => {
            let yes = value.iter().any(|byte| *byte != 0);
            assert_eq!(after, Some(i32::from(yes).to_ne_bytes().to_vec()), "{id}");
        }
        // A key as text reads as text, with its NUL.
        ids::CURVE_PUBLICKEY | ids::CURVE_SECRETKEY | ids::CURVE_SERVERKEY => {
            let text = value.strip_suffix(b"\0").filter(|text| text.len() == 40).unwrap_or(value);
            let found = get(options, id, if text.len() == 40 { 41 } else { 32 }).unwrap();
            assert_eq!(
                found.strip_suffix(b"\0").filter(|_| found.len() == 41).unwrap_or(&found),
                text
            );
        }
        _ => {
            if let Some(after) = after {
                assert_eq!(after, value, "{id}");
            }
        }
    }
}

/// What an option is, for a value of about that size.
fn get(options: &Options, id: i32, len: usize) -> Option<Vec<u8>> {
    [len, len + 1, 300].into_iter().find_map(|room| {
        let mut out = vec![0; room];
        let len = options.get(id, &mut out).ok()?;
        out.truncate(len);
        // A string has a NUL that was not set.
        if find(id).is_some_and(|row| matches!(row.get, Some(Get::Text(_)))) {
            assert_eq!(out.pop(), Some(0));
        }
        Some(out)
    })
}

fn of_context(context: &mut ContextOptions, input: &mut Input<'_>) {
    let id = i32::from(input.byte()) - 16;
    let before = context.clone();
    let result = match input.flag() {
        true => context.set(id, input.bytes()),
        false => context.set_int(id, input.int()),
    };
    if result.is_err() {
        assert_eq!(*context, before);
    }
    let mut out = vec![0; input.below(32)];
    if let Ok(len) = context.get(id, &mut out) {
        assert!(len <= out.len());
    }
}
