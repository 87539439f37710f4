//! Every number of `zmq.h` under its own name, without the `ZMQ_` prefix.
//!
//! Numbers only: what an option means is in the table, what an event means is in the monitor.
#![forbid(unsafe_code)]
#![expect(missing_docs, reason = "the manual of ZeroMQ has them")]

// Context options.

pub const IO_THREADS: i32 = 1;
pub const MAX_SOCKETS: i32 = 2;
pub const SOCKET_LIMIT: i32 = 3;
pub const THREAD_PRIORITY: i32 = 3;
pub const THREAD_SCHED_POLICY: i32 = 4;
pub const MAX_MSGSZ: i32 = 5;
pub const MSG_T_SIZE: i32 = 6;
pub const THREAD_AFFINITY_CPU_ADD: i32 = 7;
pub const THREAD_AFFINITY_CPU_REMOVE: i32 = 8;
pub const THREAD_NAME_PREFIX: i32 = 9;
pub const ZERO_COPY_RECV: i32 = 10;

// Defaults of a new context.

pub const IO_THREADS_DFLT: i32 = 1;
pub const MAX_SOCKETS_DFLT: i32 = 1023;
pub const THREAD_PRIORITY_DFLT: i32 = -1;
pub const THREAD_SCHED_POLICY_DFLT: i32 = -1;

// Socket types.

pub const PAIR: i32 = 0;
pub const PUB: i32 = 1;
pub const SUB: i32 = 2;
pub const REQ: i32 = 3;
pub const REP: i32 = 4;
pub const DEALER: i32 = 5;
pub const ROUTER: i32 = 6;
pub const PULL: i32 = 7;
pub const PUSH: i32 = 8;
pub const XPUB: i32 = 9;
pub const XSUB: i32 = 10;
pub const STREAM: i32 = 11;
pub const SERVER: i32 = 12;
pub const CLIENT: i32 = 13;
pub const RADIO: i32 = 14;
pub const DISH: i32 = 15;
pub const GATHER: i32 = 16;
pub const SCATTER: i32 = 17;
pub const PEER: i32 = 19;
pub const CHANNEL: i32 = 20;

// Deprecated names of socket types.

pub const XREQ: i32 = DEALER;
pub const XREP: i32 = ROUTER;

// Socket options.

pub const AFFINITY: i32 = 4;
pub const ROUTING_ID: i32 = 5;
pub const SUBSCRIBE: i32 = 6;
pub const UNSUBSCRIBE: i32 = 7;
pub const RATE: i32 = 8;
pub const RECOVERY_IVL: i32 = 9;
pub const SNDBUF: i32 = 11;
pub const RCVBUF: i32 = 12;
pub const RCVMORE: i32 = 13;
pub const FD: i32 = 14;
pub const EVENTS: i32 = 15;
pub const TYPE: i32 = 16;
pub const LINGER: i32 = 17;
pub const RECONNECT_IVL: i32 = 18;
pub const BACKLOG: i32 = 19;
pub const RECONNECT_IVL_MAX: i32 = 21;
pub const MAXMSGSIZE: i32 = 22;
pub const SNDHWM: i32 = 23;
pub const RCVHWM: i32 = 24;
pub const MULTICAST_HOPS: i32 = 25;
pub const RCVTIMEO: i32 = 27;
pub const SNDTIMEO: i32 = 28;
pub const LAST_ENDPOINT: i32 = 32;
pub const ROUTER_MANDATORY: i32 = 33;
pub const TCP_KEEPALIVE: i32 = 34;
pub const TCP_KEEPALIVE_CNT: i32 = 35;
pub const TCP_KEEPALIVE_IDLE: i32 = 36;
pub const TCP_KEEPALIVE_INTVL: i32 = 37;
pub const IMMEDIATE: i32 = 39;
pub const XPUB_VERBOSE: i32 = 40;
pub const ROUTER_RAW: i32 = 41;
pub const IPV6: i32 = 42;
pub const MECHANISM: i32 = 43;
pub const PLAIN_SERVER: i32 = 44;
pub const PLAIN_USERNAME: i32 = 45;
pub const PLAIN_PASSWORD: i32 = 46;
pub const CURVE_SERVER: i32 = 47;
pub const CURVE_PUBLICKEY: i32 = 48;
pub const CURVE_SECRETKEY: i32 = 49;
pub const CURVE_SERVERKEY: i32 = 50;
pub const PROBE_ROUTER: i32 = 51;
pub const REQ_CORRELATE: i32 = 52;
pub const REQ_RELAXED: i32 = 53;
pub const CONFLATE: i32 = 54;
pub const ZAP_DOMAIN: i32 = 55;
pub const ROUTER_HANDOVER: i32 = 56;
pub const TOS: i32 = 57;
pub const CONNECT_ROUTING_ID: i32 = 61;
pub const GSSAPI_SERVER: i32 = 62;
pub const GSSAPI_PRINCIPAL: i32 = 63;
pub const GSSAPI_SERVICE_PRINCIPAL: i32 = 64;
pub const GSSAPI_PLAINTEXT: i32 = 65;
pub const HANDSHAKE_IVL: i32 = 66;
pub const SOCKS_PROXY: i32 = 68;
pub const XPUB_NODROP: i32 = 69;
pub const BLOCKY: i32 = 70;
pub const XPUB_MANUAL: i32 = 71;
pub const XPUB_WELCOME_MSG: i32 = 72;
pub const STREAM_NOTIFY: i32 = 73;
pub const INVERT_MATCHING: i32 = 74;
pub const HEARTBEAT_IVL: i32 = 75;
pub const HEARTBEAT_TTL: i32 = 76;
pub const HEARTBEAT_TIMEOUT: i32 = 77;
pub const XPUB_VERBOSER: i32 = 78;
pub const CONNECT_TIMEOUT: i32 = 79;
pub const TCP_MAXRT: i32 = 80;
pub const THREAD_SAFE: i32 = 81;
pub const MULTICAST_MAXTPDU: i32 = 84;
pub const VMCI_BUFFER_SIZE: i32 = 85;
pub const VMCI_BUFFER_MIN_SIZE: i32 = 86;
pub const VMCI_BUFFER_MAX_SIZE: i32 = 87;
pub const VMCI_CONNECT_TIMEOUT: i32 = 88;
pub const USE_FD: i32 = 89;
pub const GSSAPI_PRINCIPAL_NAMETYPE: i32 = 90;
pub const GSSAPI_SERVICE_PRINCIPAL_NAMETYPE: i32 = 91;
pub const BINDTODEVICE: i32 = 92;

// Options that the header keeps behind its draft switch, but that a stable build obeys all the same.

pub const ZAP_ENFORCE_DOMAIN: i32 = 93;
pub const LOOPBACK_FASTPATH: i32 = 94;
pub const METADATA: i32 = 95;
pub const MULTICAST_LOOP: i32 = 96;
pub const XPUB_MANUAL_LAST_VALUE: i32 = 98;
pub const SOCKS_USERNAME: i32 = 99;
pub const SOCKS_PASSWORD: i32 = 100;
pub const ONLY_FIRST_SUBSCRIBE: i32 = 108;
pub const RECONNECT_STOP: i32 = 109;
pub const TOPICS_COUNT: i32 = 116;

// Bits of RECONNECT_STOP.

pub const RECONNECT_STOP_CONN_REFUSED: i32 = 0x1;
pub const RECONNECT_STOP_HANDSHAKE_FAILED: i32 = 0x2;
pub const RECONNECT_STOP_AFTER_DISCONNECT: i32 = 0x4;

// Options with a successor.

pub const TCP_ACCEPT_FILTER: i32 = 38;
pub const IPC_FILTER_PID: i32 = 58;
pub const IPC_FILTER_UID: i32 = 59;
pub const IPC_FILTER_GID: i32 = 60;
pub const IPV4ONLY: i32 = 31;

// Deprecated names of options.

pub const IDENTITY: i32 = ROUTING_ID;
pub const CONNECT_RID: i32 = CONNECT_ROUTING_ID;
pub const DELAY_ATTACH_ON_CONNECT: i32 = IMMEDIATE;
pub const FAIL_UNROUTABLE: i32 = ROUTER_MANDATORY;
pub const ROUTER_BEHAVIOR: i32 = ROUTER_MANDATORY;

// Message properties.

pub const MORE: i32 = 1;
pub const SRCFD: i32 = 2;
pub const SHARED: i32 = 3;

// Flags of send and receive.

pub const DONTWAIT: i32 = 1;
pub const SNDMORE: i32 = 2;
pub const NOBLOCK: i32 = DONTWAIT;

// Security mechanisms.

pub const NULL: i32 = 0;
pub const PLAIN: i32 = 1;
pub const CURVE: i32 = 2;
pub const GSSAPI: i32 = 3;

// Name types of GSSAPI principals.

pub const GSSAPI_NT_HOSTBASED: i32 = 0;
pub const GSSAPI_NT_USER_NAME: i32 = 1;
pub const GSSAPI_NT_KRB5_PRINCIPAL: i32 = 2;

// Bits of EVENTS and of poll items.

pub const POLLIN: i32 = 1;
pub const POLLOUT: i32 = 2;
pub const POLLERR: i32 = 4;
pub const POLLPRI: i32 = 8;

// How many poll items need no allocation.

pub const POLLITEMS_DFLT: i32 = 16;

// Devices.

pub const STREAMER: i32 = 1;
pub const FORWARDER: i32 = 2;
pub const QUEUE: i32 = 3;

// Longest group name.

pub const GROUP_MAX_LENGTH: i32 = 255;

// Monitor events.

pub const EVENT_CONNECTED: i32 = 0x0001;
pub const EVENT_CONNECT_DELAYED: i32 = 0x0002;
pub const EVENT_CONNECT_RETRIED: i32 = 0x0004;
pub const EVENT_LISTENING: i32 = 0x0008;
pub const EVENT_BIND_FAILED: i32 = 0x0010;
pub const EVENT_ACCEPTED: i32 = 0x0020;
pub const EVENT_ACCEPT_FAILED: i32 = 0x0040;
pub const EVENT_CLOSED: i32 = 0x0080;
pub const EVENT_CLOSE_FAILED: i32 = 0x0100;
pub const EVENT_DISCONNECTED: i32 = 0x0200;
pub const EVENT_MONITOR_STOPPED: i32 = 0x0400;
pub const EVENT_ALL: i32 = 0xFFFF;
pub const EVENT_HANDSHAKE_FAILED_NO_DETAIL: i32 = 0x0800;
pub const EVENT_HANDSHAKE_SUCCEEDED: i32 = 0x1000;
pub const EVENT_HANDSHAKE_FAILED_PROTOCOL: i32 = 0x2000;
pub const EVENT_HANDSHAKE_FAILED_AUTH: i32 = 0x4000;

// Names of message properties for `zmq_msg_gets`.

pub const MSG_PROPERTY_ROUTING_ID: &str = "Routing-Id";
pub const MSG_PROPERTY_SOCKET_TYPE: &str = "Socket-Type";
pub const MSG_PROPERTY_USER_ID: &str = "User-Id";
pub const MSG_PROPERTY_PEER_ADDRESS: &str = "Peer-Address";

/// Those that begin with `ZMQ_PROTOCOL_ERROR_`, the values of `EVENT_HANDSHAKE_FAILED_PROTOCOL`.
pub mod protocol_error {
    pub const ZMTP_UNSPECIFIED: i32 = 0x1000_0000;
    pub const ZMTP_UNEXPECTED_COMMAND: i32 = 0x1000_0001;
    pub const ZMTP_INVALID_SEQUENCE: i32 = 0x1000_0002;
    pub const ZMTP_KEY_EXCHANGE: i32 = 0x1000_0003;
    pub const ZMTP_MALFORMED_COMMAND_UNSPECIFIED: i32 = 0x1000_0011;
    pub const ZMTP_MALFORMED_COMMAND_MESSAGE: i32 = 0x1000_0012;
    pub const ZMTP_MALFORMED_COMMAND_HELLO: i32 = 0x1000_0013;
    pub const ZMTP_MALFORMED_COMMAND_INITIATE: i32 = 0x1000_0014;
    pub const ZMTP_MALFORMED_COMMAND_ERROR: i32 = 0x1000_0015;
    pub const ZMTP_MALFORMED_COMMAND_READY: i32 = 0x1000_0016;
    pub const ZMTP_MALFORMED_COMMAND_WELCOME: i32 = 0x1000_0017;
    pub const ZMTP_INVALID_METADATA: i32 = 0x1000_0018;
    pub const ZMTP_CRYPTOGRAPHIC: i32 = 0x1100_0001;
    pub const ZMTP_MECHANISM_MISMATCH: i32 = 0x1100_0002;
    pub const ZAP_UNSPECIFIED: i32 = 0x2000_0000;
    pub const ZAP_MALFORMED_REPLY: i32 = 0x2000_0001;
    pub const ZAP_BAD_REQUEST_ID: i32 = 0x2000_0002;
    pub const ZAP_BAD_VERSION: i32 = 0x2000_0003;
    pub const ZAP_INVALID_STATUS_CODE: i32 = 0x2000_0004;
    pub const ZAP_INVALID_METADATA: i32 = 0x2000_0005;
}
