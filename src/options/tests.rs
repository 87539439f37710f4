//! What `zmq_setsockopt` and `zmq_getsockopt` accept, row by row.
#![forbid(unsafe_code)]

use super::table::TABLE;
use super::*;

fn set_int(options: &mut Options, id: i32, value: i32) -> Result<()> {
    options.set(id, &value.to_ne_bytes())
}

fn get_int(options: &Options, id: i32) -> Result<i32> {
    let mut out = [0; 4];
    options.get(id, &mut out).map(|_| i32::from_ne_bytes(out))
}

fn get_bytes(options: &Options, id: i32) -> Vec<u8> {
    let mut out = [0xFF; 300];
    let length = options.get(id, &mut out).unwrap();
    assert!(out[length..].iter().all(|&byte| byte == 0), "the rest is zeroed");
    out[..length].to_vec()
}

#[test]
fn the_table_is_sorted_for_the_search() {
    assert!(TABLE.windows(2).all(|pair| pair[0].id < pair[1].id));
    assert!(TABLE.iter().all(|row| find(row.id).is_some_and(|found| found.name == row.name)));
}

#[test]
fn a_new_socket_has_the_defaults_of_the_table() {
    let options = Options::default();
    for row in TABLE {
        match row.get.as_ref() {
            Some(Get::Int(get)) => {
                assert_eq!(i64::from(get(&options)), row.default, "{}", row.name)
            }
            Some(Get::Int64(get)) => assert_eq!(get(&options), row.default, "{}", row.name),
            Some(Get::Uint64(get)) => assert_eq!(get(&options) as i64, row.default, "{}", row.name),
            Some(Get::Binary(get) | Get::Text(get)) => assert!(get(&options).is_empty()),
            Some(Get::Key(get)) => assert_eq!(get(&options), &[0; 32]),
            None => {}
        }
    }
}

#[test]
fn ints_are_accepted_within_the_range_only_and_read_back() {
    for row in TABLE {
        let (Some(Set::Int(_)), Some(Get::Int(_))) = (&row.set, &row.get) else { continue };
        for value in [i32::MIN, -101, -100, -99, -2, -1, 0, 1, 2, 99, 255, 6_553_599, 6_553_600] {
            let mut options = Options::default();
            let before = get_int(&options, row.id);
            let good = (row.range.0..=row.range.1).contains(&value.into());
            let result = set_int(&mut options, row.id, value);
            assert_eq!(result.is_ok(), good, "{} {value}", row.name);
            if !good {
                assert_eq!(get_int(&options, row.id), before, "{} {value}", row.name);
            } else if row.range == (0, 1) {
                assert_eq!(get_int(&options, row.id), Ok(value), "{} {value}", row.name);
            }
        }
    }
}

#[test]
fn ranges_are_those_of_the_manual() {
    use ids::*;
    let table = [
        (SNDHWM, 0, true),
        (SNDHWM, -1, false),
        (RCVHWM, i32::MAX, true),
        (RATE, 0, false),
        (MULTICAST_HOPS, 0, false),
        (MULTICAST_MAXTPDU, 0, false),
        (SNDBUF, -1, true),
        (RCVBUF, -2, false),
        (LINGER, -1, true),
        (LINGER, -2, false),
        (RCVTIMEO, -2, false),
        (SNDTIMEO, -1, true),
        (RECONNECT_IVL, -1, true),
        (RECONNECT_IVL_MAX, -1, false),
        (BACKLOG, -1, false),
        (TOS, -1, false),
        (TCP_KEEPALIVE, -1, true),
        (TCP_KEEPALIVE, 2, false),
        (TCP_KEEPALIVE_IDLE, -2, false),
        (IMMEDIATE, 2, false),
        (IPV6, 2, false),
        (IPV4ONLY, 2, false),
        (CONFLATE, -1, false),
        (PLAIN_SERVER, 2, false),
        (CURVE_SERVER, -1, false),
        (INVERT_MATCHING, 7, true),
        (ZAP_ENFORCE_DOMAIN, -7, true),
        (HEARTBEAT_TTL, 6_553_599, true),
        (HEARTBEAT_TTL, 6_553_600, false),
        (HEARTBEAT_TTL, -100, false),
        (HEARTBEAT_TIMEOUT, -1, false),
        (HANDSHAKE_IVL, -1, false),
        (USE_FD, -1, true),
        (USE_FD, -2, false),
        (TYPE, PUB, false),
        (MECHANISM, NULL, false),
    ];
    for (id, value, good) in table {
        let result = set_int(&mut Options::default(), id, value);
        assert_eq!(result, if good { Ok(()) } else { Err(Error::Invalid) }, "{id} {value}");
    }
}

#[test]
fn numbers_want_their_exact_size() {
    for row in TABLE {
        let size = match row.get.as_ref() {
            Some(Get::Int(_)) => 4,
            Some(Get::Int64(_) | Get::Uint64(_)) => 8,
            _ => continue,
        };
        let mut options = Options::default();
        for length in 0..12 {
            let good = length == size;
            let got = options.get(row.id, &mut [0; 12][..length]);
            assert_eq!(got.is_ok(), good, "get {} {length}", row.name);
            let writable = row.set.is_some() && row.range.0 <= 1;
            let one = 1u64.to_le_bytes();
            let value: Vec<u8> = one.into_iter().chain([0; 4]).take(length).collect();
            let set = options.set(row.id, &value);
            assert_eq!(set.is_ok(), good && writable, "set {} {length}", row.name);
        }
    }
}

#[test]
fn options_of_the_socket_or_its_type_are_not_known_here() {
    use ids::*;
    let strangers = [
        RCVMORE,
        FD,
        EVENTS,
        LAST_ENDPOINT,
        THREAD_SAFE,
        SUBSCRIBE,
        UNSUBSCRIBE,
        ROUTER_MANDATORY,
        ROUTER_RAW,
        PROBE_ROUTER,
        REQ_RELAXED,
        XPUB_VERBOSE,
        CONNECT_ROUTING_ID,
        STREAM_NOTIFY,
        GSSAPI_SERVER,
        VMCI_BUFFER_SIZE,
        TOPICS_COUNT,
        0,
        -1,
        9999,
    ];
    for id in strangers {
        assert!(find(id).is_none(), "{id}");
        assert_eq!(set_int(&mut Options::default(), id, 1), Err(Error::Invalid));
        assert_eq!(get_int(&Options::default(), id), Err(Error::Invalid));
        assert_eq!(Options::default().set_null(id), Err(Error::Invalid));
    }
}

#[test]
fn wide_numbers_keep_all_their_bits() {
    let mut options = Options::default();
    options.set(ids::MAXMSGSIZE, &i64::MIN.to_ne_bytes()).unwrap();
    options.set(ids::AFFINITY, &u64::MAX.to_ne_bytes()).unwrap();
    assert_eq!((options.maxmsgsize, options.affinity), (i64::MIN, u64::MAX));
    let mut out = [0; 8];
    assert_eq!(options.get(ids::MAXMSGSIZE, &mut out), Ok(8));
    assert_eq!(i64::from_ne_bytes(out), i64::MIN);
    assert_eq!(options.get(ids::AFFINITY, &mut out), Ok(8));
    assert_eq!(u64::from_ne_bytes(out), u64::MAX);
}

#[test]
fn a_routing_id_is_1_to_255_bytes_and_has_no_nul() {
    let mut options = Options::default();
    assert_eq!(get_bytes(&options, ids::ROUTING_ID), b"");
    assert_eq!(options.set(ids::ROUTING_ID, b""), Err(Error::Invalid));
    assert_eq!(options.set(ids::ROUTING_ID, &[1; 256]), Err(Error::Invalid));
    assert_eq!(options.set(ids::ROUTING_ID, &[0; 255]), Ok(()));
    assert_eq!(options.set(ids::ROUTING_ID, b"a\0b"), Ok(()));
    assert_eq!(get_bytes(&options, ids::ROUTING_ID), b"a\0b");
    assert_eq!(options.get(ids::ROUTING_ID, &mut [0; 2]), Err(Error::Invalid));
    assert_eq!(options.get(ids::ROUTING_ID, &mut [0; 3]), Ok(3));
}

#[test]
fn strings_come_back_with_a_nul_that_counts() {
    use ids::*;
    for id in [SOCKS_PROXY, PLAIN_USERNAME, PLAIN_PASSWORD, ZAP_DOMAIN, BINDTODEVICE] {
        let mut options = Options::default();
        assert_eq!(get_bytes(&options, id), b"\0", "{id}");
        options.set(id, b"text").unwrap();
        assert_eq!(get_bytes(&options, id), b"text\0", "{id}");
        assert_eq!(options.get(id, &mut [0; 4]), Err(Error::Invalid), "{id}");
        assert_eq!(options.get(id, &mut [0; 5]), Ok(5), "{id}");
        assert_eq!(options.set(id, b""), Err(Error::Invalid), "{id}");
        assert_eq!(get_bytes(&options, id), b"text\0", "{id}");
    }
}

#[test]
fn strings_have_their_longest() {
    use ids::*;
    let table = [
        (PLAIN_USERNAME, 255),
        (PLAIN_PASSWORD, 255),
        (ZAP_DOMAIN, 255),
        (SOCKS_USERNAME, 255),
        (SOCKS_PASSWORD, 255),
        (BINDTODEVICE, 16),
    ];
    for (id, longest) in table {
        let mut options = Options::default();
        assert_eq!(options.set(id, &vec![b'a'; longest]), Ok(()), "{id}");
        assert_eq!(options.set(id, &vec![b'a'; longest + 1]), Err(Error::Invalid), "{id}");
    }
    assert_eq!(Options::default().set(SOCKS_PROXY, &[b'a'; 1000]), Ok(()));
}

#[test]
fn a_null_value_empties_what_it_may() {
    use ids::*;
    for id in [SOCKS_PROXY, SOCKS_USERNAME, SOCKS_PASSWORD, BINDTODEVICE] {
        let mut options = Options::default();
        options.set(id, b"text").unwrap();
        options.set_null(id).unwrap();
        assert_eq!(get_bytes(&options, id), b"\0", "{id}");
    }
    let mut options = Options::default();
    options.set(TCP_ACCEPT_FILTER, b"10.0.0.0/8").unwrap();
    set_int(&mut options, IPC_FILTER_UID, -1).unwrap();
    assert_eq!(options.ipc_uid_filters.first(), Some(&u32::MAX));
    for id in [TCP_ACCEPT_FILTER, IPC_FILTER_PID, IPC_FILTER_UID, IPC_FILTER_GID] {
        options.set_null(id).unwrap();
    }
    assert!(options.tcp_accept_filters.is_empty() && options.ipc_uid_filters.is_empty());
    for id in [SNDHWM, ROUTING_ID, ZAP_DOMAIN, CURVE_PUBLICKEY, METADATA] {
        assert_eq!(options.set_null(id), Err(Error::Invalid), "{id}");
    }
    options.set(SOCKS_USERNAME, b"me").unwrap();
    assert_eq!(options.set(SOCKS_USERNAME, b""), Ok(()));
    assert!(options.socks_username.is_empty());
}

#[test]
fn accept_filters_are_refused_when_wrong() {
    let mut options = Options::default();
    for wrong in [&b""[..], b"foo", b"0.0.0.0/33", b"::1", b"\xff"] {
        assert_eq!(options.set(ids::TCP_ACCEPT_FILTER, wrong), Err(Error::Invalid));
    }
    assert_eq!(options.set(ids::TCP_ACCEPT_FILTER, b"127.0.0.1/32\0"), Ok(()));
    let matches = |host| options.tcp_accept_filters[0].matches([127, 0, 0, host].into());
    assert!(matches(1) && !matches(2));
    assert_eq!(options.get(ids::TCP_ACCEPT_FILTER, &mut [0; 99]), Err(Error::Invalid));
}

#[test]
fn the_mechanism_follows_what_was_set_last() {
    use ids::*;
    let mut options = Options::default();
    set_int(&mut options, PLAIN_SERVER, 1).unwrap();
    assert_eq!(get_int(&options, MECHANISM), Ok(PLAIN));
    assert_eq!((get_int(&options, PLAIN_SERVER), get_int(&options, CURVE_SERVER)), (Ok(1), Ok(0)));
    set_int(&mut options, CURVE_SERVER, 1).unwrap();
    assert_eq!(get_int(&options, MECHANISM), Ok(CURVE));
    assert_eq!((get_int(&options, PLAIN_SERVER), get_int(&options, CURVE_SERVER)), (Ok(0), Ok(1)));
    options.set(CURVE_SERVERKEY, &[1; 32]).unwrap();
    assert_eq!(get_int(&options, CURVE_SERVER), Ok(0));
    options.set(PLAIN_USERNAME, b"admin").unwrap();
    assert_eq!(get_int(&options, MECHANISM), Ok(PLAIN));
    options.set_null(PLAIN_USERNAME).unwrap();
    assert_eq!(get_int(&options, MECHANISM), Ok(NULL));
}

#[test]
fn another_secret_key_has_another_public_key() {
    let mut options = Options::default();
    options.curve_own_key.get_or_init(|| [1; CURVE_KEY_SIZE]);
    options.set(ids::CURVE_SECRETKEY, &[2; CURVE_KEY_SIZE]).unwrap();
    assert_eq!(options.curve_own_key.get(), None);
}

#[test]
fn curve_keys_come_and_go_as_binary_or_text() {
    use ids::*;
    let text = b"JTKVSB%%)wK0E.X)V>+}o?pNmC{O&4W4b!Ni{Lh6";
    let key: CurveKey = z85::decode(text).unwrap().try_into().unwrap();
    let with_nul = [&text[..], b"\0"].concat();
    for id in [CURVE_PUBLICKEY, CURVE_SECRETKEY, CURVE_SERVERKEY] {
        for value in [&key[..], text, &with_nul] {
            let mut options = Options::default();
            options.set(id, value).unwrap();
            assert_eq!(get_int(&options, MECHANISM), Ok(CURVE));
            let mut out = [0; 50];
            assert_eq!(options.get(id, &mut out[..32]), Ok(32));
            assert_eq!(out[..32], key);
            assert_eq!(options.get(id, &mut out[..41]), Ok(41));
            assert_eq!(out[..41], with_nul);
            for wrong in [0, 31, 33, 40, 42, 50] {
                assert_eq!(options.get(id, &mut out[..wrong]), Err(Error::Invalid), "{wrong}");
            }
        }
        let mut options = Options::default();
        let mut bad_digit = *text;
        bad_digit[7] = b'"';
        let no_nul = [&text[..], b"x"].concat();
        for wrong in [&[][..], &key[..31], &bad_digit, &no_nul, &[1; 33], &[1; 42]] {
            assert_eq!(options.set(id, wrong), Err(Error::Invalid));
        }
        assert_eq!(get_int(&options, MECHANISM), Ok(NULL));
    }
}

#[test]
fn metadata_wants_a_name_with_x_and_a_value() {
    let mut options = Options::default();
    let long = [b"X-".as_slice(), &[b'k'; 254], b":v"].concat();
    let wrong: [&[u8]; 9] =
        [b"", b"hello", b":hello", b"X-key:", b"hello:world", b"X-:v", b"XY-k:v", b"x-k:v", &long];
    for value in wrong {
        assert_eq!(options.set(ids::METADATA, value), Err(Error::Invalid), "{value:?}");
    }
    options.set(ids::METADATA, b"X-key:a:b").unwrap();
    options.set(ids::METADATA, b"X-key:later").unwrap();
    assert_eq!(options.metadata.get(&b"X-key"[..]), Some(&b"a:b".to_vec()));
    assert_eq!(options.metadata.len(), 1);
}

#[test]
fn a_heartbeat_ttl_is_kept_in_deciseconds() {
    let mut options = Options::default();
    set_int(&mut options, ids::HEARTBEAT_TTL, 2_199).unwrap();
    assert_eq!(options.heartbeat_ttl, 21);
    assert_eq!(get_int(&options, ids::HEARTBEAT_TTL), Ok(2_100));
}

#[test]
fn a_socket_starts_from_its_context_and_type() {
    let context = ContextOptions { ipv6: true, blocky: false, ..Default::default() };
    let options = Options::for_socket(SocketType::Router, &context);
    assert_eq!(get_int(&options, ids::TYPE), Ok(ids::ROUTER));
    assert_eq!((options.linger, options.ipv6), (0, true));
    let context = ContextOptions::default();
    assert_eq!(Options::for_socket(SocketType::Pub, &context).linger, -1);
    assert_eq!(Options::for_socket(SocketType::Sub, &context).linger, 0);
}

#[test]
fn conflation_is_for_some_types_only() {
    let types = [(SocketType::Sub, true), (SocketType::Router, false), (SocketType::Pull, true)];
    for (socket_type, effective) in types {
        let mut options = Options::for_socket(socket_type, &ContextOptions::default());
        assert!(!options.conflates());
        set_int(&mut options, ids::CONFLATE, 1).unwrap();
        assert_eq!(options.conflates(), effective);
    }
}

#[test]
fn negative_milliseconds_are_no_limit() {
    assert_eq!(millis(-1), None);
    assert_eq!(millis(0), Some(Duration::ZERO));
    assert_eq!(millis(i32::MAX), Some(Duration::from_millis(i32::MAX as u64)));
}

#[test]
fn text_ends_at_a_nul() {
    assert_eq!(text(b"host:1\0junk"), Some("host:1"));
    assert_eq!(text(b"\xff"), None);
}
