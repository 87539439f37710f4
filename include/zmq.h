/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The C API of ZeroMQ, as of libzmq 4.3.5. Generated: do not edit. It is made of the crate `capi` by
 *
 *     ZEROXIDE_WRITE_HEADER=1 cargo test -p capi --test header */

#ifndef __ZMQ_H_INCLUDED__
#define __ZMQ_H_INCLUDED__

#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#define ZMQ_DEFINED_STDINT 1

/* The version that a program is compiled against; zmq_version() tells what it runs on. */
#define ZMQ_MAKE_VERSION(major, minor, patch) ((major) *10000 + (minor) *100 + (patch))
#define ZMQ_VERSION ZMQ_MAKE_VERSION (ZMQ_VERSION_MAJOR, ZMQ_VERSION_MINOR, ZMQ_VERSION_PATCH)

/* What makes a function visible outside of the library. */
#if defined ZMQ_NO_EXPORT
#define ZMQ_EXPORT
#elif defined __SUNPRO_C || defined __SUNPRO_CC
#define ZMQ_EXPORT __global
#elif defined __GNUC__ || defined __INTEL_COMPILER
#define ZMQ_EXPORT __attribute__ ((visibility ("default")))
#else
#define ZMQ_EXPORT
#endif

/* A zmq_msg_t lies where a pointer could lie. */
#if defined __GNUC__ || defined __INTEL_COMPILER
#define ZMQ_ALIGNED(n) __attribute__ ((aligned (sizeof (void *))))
#else
#define ZMQ_ALIGNED(n)
#endif

/* Error numbers that some platforms do not have. */
#ifndef ENOTSUP
#define ENOTSUP (ZMQ_HAUSNUMERO + 1)
#endif
#ifndef EPROTONOSUPPORT
#define EPROTONOSUPPORT (ZMQ_HAUSNUMERO + 2)
#endif
#ifndef ENOBUFS
#define ENOBUFS (ZMQ_HAUSNUMERO + 3)
#endif
#ifndef ENETDOWN
#define ENETDOWN (ZMQ_HAUSNUMERO + 4)
#endif
#ifndef EADDRINUSE
#define EADDRINUSE (ZMQ_HAUSNUMERO + 5)
#endif
#ifndef EADDRNOTAVAIL
#define EADDRNOTAVAIL (ZMQ_HAUSNUMERO + 6)
#endif
#ifndef ECONNREFUSED
#define ECONNREFUSED (ZMQ_HAUSNUMERO + 7)
#endif
#ifndef EINPROGRESS
#define EINPROGRESS (ZMQ_HAUSNUMERO + 8)
#endif
#ifndef ENOTSOCK
#define ENOTSOCK (ZMQ_HAUSNUMERO + 9)
#endif
#ifndef EMSGSIZE
#define EMSGSIZE (ZMQ_HAUSNUMERO + 10)
#endif
#ifndef EAFNOSUPPORT
#define EAFNOSUPPORT (ZMQ_HAUSNUMERO + 11)
#endif
#ifndef ENETUNREACH
#define ENETUNREACH (ZMQ_HAUSNUMERO + 12)
#endif
#ifndef ECONNABORTED
#define ECONNABORTED (ZMQ_HAUSNUMERO + 13)
#endif
#ifndef ECONNRESET
#define ECONNRESET (ZMQ_HAUSNUMERO + 14)
#endif
#ifndef ENOTCONN
#define ENOTCONN (ZMQ_HAUSNUMERO + 15)
#endif
#ifndef ETIMEDOUT
#define ETIMEDOUT (ZMQ_HAUSNUMERO + 16)
#endif
#ifndef EHOSTUNREACH
#define EHOSTUNREACH (ZMQ_HAUSNUMERO + 17)
#endif
#ifndef ENETRESET
#define ENETRESET (ZMQ_HAUSNUMERO + 18)
#endif

/* There is zmq_timers_new(). */
#define ZMQ_HAVE_TIMERS

#ifdef __cplusplus
extern "C" {
#endif

/* A function that frees a message's memory. */
typedef void (zmq_free_fn) (void *data_, void *hint_);
/* A function that a timer calls. */
typedef void (zmq_timer_fn) (int timer_id, void *arg);
/* A function that a thread runs. */
typedef void (zmq_thread_fn) (void *);

struct iovec;

#ifdef __cplusplus
}
#endif

/* The version whose API and behaviour this library has. */
#define ZMQ_VERSION_MAJOR 4
#define ZMQ_VERSION_MINOR 3
#define ZMQ_VERSION_PATCH 5

/* ZeroMQ's own error numbers count from here, clear of those of any platform. */
#define ZMQ_HAUSNUMERO 156384712

/* Error numbers that only ZeroMQ has. */
#define EFSM (ZMQ_HAUSNUMERO + 51)
#define ENOCOMPATPROTO (ZMQ_HAUSNUMERO + 52)
#define ETERM (ZMQ_HAUSNUMERO + 53)
#define EMTHREAD (ZMQ_HAUSNUMERO + 54)

/* Context options, for `zmq_ctx_set` and `zmq_ctx_get`. */
#define ZMQ_IO_THREADS 1
#define ZMQ_MAX_SOCKETS 2
#define ZMQ_SOCKET_LIMIT 3
#define ZMQ_THREAD_PRIORITY 3
#define ZMQ_THREAD_SCHED_POLICY 4
#define ZMQ_MAX_MSGSZ 5
#define ZMQ_MSG_T_SIZE 6
#define ZMQ_THREAD_AFFINITY_CPU_ADD 7
#define ZMQ_THREAD_AFFINITY_CPU_REMOVE 8
#define ZMQ_THREAD_NAME_PREFIX 9

/* What these options are in a new context. */
#define ZMQ_IO_THREADS_DFLT 1
#define ZMQ_MAX_SOCKETS_DFLT 1023
#define ZMQ_THREAD_PRIORITY_DFLT -1
#define ZMQ_THREAD_SCHED_POLICY_DFLT -1

/* Socket types. */
#define ZMQ_PAIR 0
#define ZMQ_PUB 1
#define ZMQ_SUB 2
#define ZMQ_REQ 3
#define ZMQ_REP 4
#define ZMQ_DEALER 5
#define ZMQ_ROUTER 6
#define ZMQ_PULL 7
#define ZMQ_PUSH 8
#define ZMQ_XPUB 9
#define ZMQ_XSUB 10
#define ZMQ_STREAM 11

/* Old names of socket types. */
#define ZMQ_XREQ ZMQ_DEALER
#define ZMQ_XREP ZMQ_ROUTER

/* Socket options, for `zmq_setsockopt` and `zmq_getsockopt`. */
#define ZMQ_AFFINITY 4
#define ZMQ_ROUTING_ID 5
#define ZMQ_SUBSCRIBE 6
#define ZMQ_UNSUBSCRIBE 7
#define ZMQ_RATE 8
#define ZMQ_RECOVERY_IVL 9
#define ZMQ_SNDBUF 11
#define ZMQ_RCVBUF 12
#define ZMQ_RCVMORE 13
#define ZMQ_FD 14
#define ZMQ_EVENTS 15
#define ZMQ_TYPE 16
#define ZMQ_LINGER 17
#define ZMQ_RECONNECT_IVL 18
#define ZMQ_BACKLOG 19
#define ZMQ_RECONNECT_IVL_MAX 21
#define ZMQ_MAXMSGSIZE 22
#define ZMQ_SNDHWM 23
#define ZMQ_RCVHWM 24
#define ZMQ_MULTICAST_HOPS 25
#define ZMQ_RCVTIMEO 27
#define ZMQ_SNDTIMEO 28
#define ZMQ_LAST_ENDPOINT 32
#define ZMQ_ROUTER_MANDATORY 33
#define ZMQ_TCP_KEEPALIVE 34
#define ZMQ_TCP_KEEPALIVE_CNT 35
#define ZMQ_TCP_KEEPALIVE_IDLE 36
#define ZMQ_TCP_KEEPALIVE_INTVL 37
#define ZMQ_IMMEDIATE 39
#define ZMQ_XPUB_VERBOSE 40
#define ZMQ_ROUTER_RAW 41
#define ZMQ_IPV6 42
#define ZMQ_MECHANISM 43
#define ZMQ_PLAIN_SERVER 44
#define ZMQ_PLAIN_USERNAME 45
#define ZMQ_PLAIN_PASSWORD 46
#define ZMQ_CURVE_SERVER 47
#define ZMQ_CURVE_PUBLICKEY 48
#define ZMQ_CURVE_SECRETKEY 49
#define ZMQ_CURVE_SERVERKEY 50
#define ZMQ_PROBE_ROUTER 51
#define ZMQ_REQ_CORRELATE 52
#define ZMQ_REQ_RELAXED 53
#define ZMQ_CONFLATE 54
#define ZMQ_ZAP_DOMAIN 55
#define ZMQ_ROUTER_HANDOVER 56
#define ZMQ_TOS 57
#define ZMQ_CONNECT_ROUTING_ID 61
#define ZMQ_GSSAPI_SERVER 62
#define ZMQ_GSSAPI_PRINCIPAL 63
#define ZMQ_GSSAPI_SERVICE_PRINCIPAL 64
#define ZMQ_GSSAPI_PLAINTEXT 65
#define ZMQ_HANDSHAKE_IVL 66
#define ZMQ_SOCKS_PROXY 68
#define ZMQ_XPUB_NODROP 69
#define ZMQ_BLOCKY 70
#define ZMQ_XPUB_MANUAL 71
#define ZMQ_XPUB_WELCOME_MSG 72
#define ZMQ_STREAM_NOTIFY 73
#define ZMQ_INVERT_MATCHING 74
#define ZMQ_HEARTBEAT_IVL 75
#define ZMQ_HEARTBEAT_TTL 76
#define ZMQ_HEARTBEAT_TIMEOUT 77
#define ZMQ_XPUB_VERBOSER 78
#define ZMQ_CONNECT_TIMEOUT 79
#define ZMQ_TCP_MAXRT 80
#define ZMQ_THREAD_SAFE 81
#define ZMQ_MULTICAST_MAXTPDU 84
#define ZMQ_VMCI_BUFFER_SIZE 85
#define ZMQ_VMCI_BUFFER_MIN_SIZE 86
#define ZMQ_VMCI_BUFFER_MAX_SIZE 87
#define ZMQ_VMCI_CONNECT_TIMEOUT 88
#define ZMQ_USE_FD 89
#define ZMQ_GSSAPI_PRINCIPAL_NAMETYPE 90
#define ZMQ_GSSAPI_SERVICE_PRINCIPAL_NAMETYPE 91
#define ZMQ_BINDTODEVICE 92

/* Message properties, for `zmq_msg_get`. */
#define ZMQ_MORE 1
#define ZMQ_SHARED 3

/* Flags for sending and receiving. */
#define ZMQ_DONTWAIT 1
#define ZMQ_SNDMORE 2

/* Security mechanisms. */
#define ZMQ_NULL 0
#define ZMQ_PLAIN 1
#define ZMQ_CURVE 2
#define ZMQ_GSSAPI 3

/* The longest name of a group (RADIO and DISH). */
#define ZMQ_GROUP_MAX_LENGTH 255

/* Old socket options, and old names of options and flags. */
#define ZMQ_IDENTITY ZMQ_ROUTING_ID
#define ZMQ_CONNECT_RID ZMQ_CONNECT_ROUTING_ID
#define ZMQ_TCP_ACCEPT_FILTER 38
#define ZMQ_IPC_FILTER_PID 58
#define ZMQ_IPC_FILTER_UID 59
#define ZMQ_IPC_FILTER_GID 60
#define ZMQ_IPV4ONLY 31
#define ZMQ_DELAY_ATTACH_ON_CONNECT ZMQ_IMMEDIATE
#define ZMQ_NOBLOCK ZMQ_DONTWAIT
#define ZMQ_FAIL_UNROUTABLE ZMQ_ROUTER_MANDATORY
#define ZMQ_ROUTER_BEHAVIOR ZMQ_ROUTER_MANDATORY

/* Old message property: the descriptor that a message came from. */
#define ZMQ_SRCFD 2

/* How a GSSAPI principal is named. */
#define ZMQ_GSSAPI_NT_HOSTBASED 0
#define ZMQ_GSSAPI_NT_USER_NAME 1
#define ZMQ_GSSAPI_NT_KRB5_PRINCIPAL 2

/* Events of a socket's connections, for `zmq_socket_monitor`. */
#define ZMQ_EVENT_CONNECTED 1
#define ZMQ_EVENT_CONNECT_DELAYED 2
#define ZMQ_EVENT_CONNECT_RETRIED 4
#define ZMQ_EVENT_LISTENING 8
#define ZMQ_EVENT_BIND_FAILED 16
#define ZMQ_EVENT_ACCEPTED 32
#define ZMQ_EVENT_ACCEPT_FAILED 64
#define ZMQ_EVENT_CLOSED 128
#define ZMQ_EVENT_CLOSE_FAILED 256
#define ZMQ_EVENT_DISCONNECTED 512
#define ZMQ_EVENT_MONITOR_STOPPED 1024
#define ZMQ_EVENT_ALL 65535

/* The handshake failed in the transport; the value is an errno. */
#define ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL 2048

/* The handshake is done; the value says nothing. */
#define ZMQ_EVENT_HANDSHAKE_SUCCEEDED 4096

/* Peer or ZAP handler broke the protocol; the value is a `ZMQ_PROTOCOL_ERROR_...`. */
#define ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL 8192

/* Authentication was refused; the value is ZAP's status code: 300, 400 or 500. */
#define ZMQ_EVENT_HANDSHAKE_FAILED_AUTH 16384

/* What was wrong with the peer's part of the handshake. */
#define ZMQ_PROTOCOL_ERROR_ZMTP_UNSPECIFIED 268435456
#define ZMQ_PROTOCOL_ERROR_ZMTP_UNEXPECTED_COMMAND 268435457
#define ZMQ_PROTOCOL_ERROR_ZMTP_INVALID_SEQUENCE 268435458
#define ZMQ_PROTOCOL_ERROR_ZMTP_KEY_EXCHANGE 268435459
#define ZMQ_PROTOCOL_ERROR_ZMTP_MALFORMED_COMMAND_UNSPECIFIED 268435473
#define ZMQ_PROTOCOL_ERROR_ZMTP_MALFORMED_COMMAND_MESSAGE 268435474
#define ZMQ_PROTOCOL_ERROR_ZMTP_MALFORMED_COMMAND_HELLO 268435475
#define ZMQ_PROTOCOL_ERROR_ZMTP_MALFORMED_COMMAND_INITIATE 268435476
#define ZMQ_PROTOCOL_ERROR_ZMTP_MALFORMED_COMMAND_ERROR 268435477
#define ZMQ_PROTOCOL_ERROR_ZMTP_MALFORMED_COMMAND_READY 268435478
#define ZMQ_PROTOCOL_ERROR_ZMTP_MALFORMED_COMMAND_WELCOME 268435479
#define ZMQ_PROTOCOL_ERROR_ZMTP_INVALID_METADATA 268435480

/* Likewise, but it may be the configuration of either side. */
#define ZMQ_PROTOCOL_ERROR_ZMTP_CRYPTOGRAPHIC 285212673
#define ZMQ_PROTOCOL_ERROR_ZMTP_MECHANISM_MISMATCH 285212674

/* What was wrong with the answer of the ZAP handler. */
#define ZMQ_PROTOCOL_ERROR_ZAP_UNSPECIFIED 536870912
#define ZMQ_PROTOCOL_ERROR_ZAP_MALFORMED_REPLY 536870913
#define ZMQ_PROTOCOL_ERROR_ZAP_BAD_REQUEST_ID 536870914
#define ZMQ_PROTOCOL_ERROR_ZAP_BAD_VERSION 536870915
#define ZMQ_PROTOCOL_ERROR_ZAP_INVALID_STATUS_CODE 536870916
#define ZMQ_PROTOCOL_ERROR_ZAP_INVALID_METADATA 536870917

/* What was wrong with a WebSocket peer. */
#define ZMQ_PROTOCOL_ERROR_WS_UNSPECIFIED 805306368

/* Events of sockets and descriptors, for `zmq_poll` and `ZMQ_EVENTS`. */
#define ZMQ_POLLIN 1
#define ZMQ_POLLOUT 2
#define ZMQ_POLLERR 4
#define ZMQ_POLLPRI 8

/* So many items `zmq_poll` takes without allocating memory. */
#define ZMQ_POLLITEMS_DFLT 16

/* There is `zmq_has`. */
#define ZMQ_HAS_CAPABILITIES 1

/* Old: kinds of `zmq_device`. */
#define ZMQ_STREAMER 1
#define ZMQ_FORWARDER 2
#define ZMQ_QUEUE 3

/* A message part. What it holds is the library's affair. */
typedef struct ZMQ_ALIGNED(8) zmq_msg_t {
    unsigned char _[64];
} zmq_msg_t;

/* A file descriptor. */
typedef int zmq_fd_t;

/* What to wait for: a socket or, if that is null, a descriptor. */
typedef struct zmq_pollitem_t {
    void *socket;
    zmq_fd_t fd;
    short events;
    short revents;
} zmq_pollitem_t;

#ifdef __cplusplus
extern "C" {
#endif

/* The errno that the calling thread's last failed call left. */
ZMQ_EXPORT int zmq_errno(void);

/* The sentence for an errno. It is not to be freed. */
ZMQ_EXPORT const char *zmq_strerror(int errnum_);

/* The version of the library that the program runs on. */
ZMQ_EXPORT void zmq_version(int *major_, int *minor_, int *patch_);

/* 1 if the library can do what the name says ("ipc", "curve", ...), else 0. */
ZMQ_EXPORT int zmq_has(const char *capability_);

/* Makes a context. */
ZMQ_EXPORT void *zmq_ctx_new(void);

/* Ends a context: waits until its sockets are closed and what they had to send is sent. */
ZMQ_EXPORT int zmq_ctx_term(void *context_);

/* Makes all calls on a context's sockets fail with ETERM, so that they get closed. */
ZMQ_EXPORT int zmq_ctx_shutdown(void *context_);

/* Sets an option of a context. */
ZMQ_EXPORT int zmq_ctx_set(void *context_, int option_, int optval_);

/* Returns an option of a context. */
ZMQ_EXPORT int zmq_ctx_get(void *context_, int option_);

/* Old: makes a context with so many I/O threads. */
ZMQ_EXPORT void *zmq_init(int io_threads_);

/* Old name of `zmq_ctx_term`. */
ZMQ_EXPORT int zmq_term(void *context_);

/* Old name of `zmq_ctx_term`. */
ZMQ_EXPORT int zmq_ctx_destroy(void *context_);

/* Makes an empty message. */
ZMQ_EXPORT int zmq_msg_init(struct zmq_msg_t *msg_);

/* Makes a message of `size_` bytes, to be written through `zmq_msg_data`. */
ZMQ_EXPORT int zmq_msg_init_size(struct zmq_msg_t *msg_, size_t size_);

/* Makes a message of the program's own memory; `ffn_` frees it when the library is done. */
ZMQ_EXPORT
int zmq_msg_init_data(struct zmq_msg_t *msg_,
                      void *data_,
                      size_t size_,
                      void (*ffn_)(void *data_, void *hint_),
                      void *hint_);

/* Ends a message, and frees its memory unless others share it. */
ZMQ_EXPORT int zmq_msg_close(struct zmq_msg_t *msg_);

/* Moves a message from `src_`, which is empty afterwards, to `dest_`, whose own message ends. */
ZMQ_EXPORT int zmq_msg_move(struct zmq_msg_t *dest_, struct zmq_msg_t *src_);

/* Copies a message: both share their memory from here on. */
ZMQ_EXPORT int zmq_msg_copy(struct zmq_msg_t *dest_, struct zmq_msg_t *src_);

/* Where the bytes of a message are. */
ZMQ_EXPORT void *zmq_msg_data(struct zmq_msg_t *msg_);

/* How many bytes a message has. */
ZMQ_EXPORT size_t zmq_msg_size(const struct zmq_msg_t *msg_);

/* 1 if more parts of the same message follow, else 0. */
ZMQ_EXPORT int zmq_msg_more(const struct zmq_msg_t *msg_);

/* A property of a message: `ZMQ_MORE`, `ZMQ_SHARED` or `ZMQ_SRCFD`. */
ZMQ_EXPORT int zmq_msg_get(const struct zmq_msg_t *msg_, int property_);

/* Sets a property of a message; there is none that can be set. */
ZMQ_EXPORT int zmq_msg_set(struct zmq_msg_t *msg_, int property_, int optval_);

/* A named property of the peer that sent the message. It lives as long as the message. */
ZMQ_EXPORT const char *zmq_msg_gets(const struct zmq_msg_t *msg_, const char *property_);

/* Makes a socket of a context. */
ZMQ_EXPORT void *zmq_socket(void *context_, int type_);

/* Closes a socket; what it has to send is sent in the background. */
ZMQ_EXPORT int zmq_close(void *s_);

/* Sets an option of a socket. */
ZMQ_EXPORT int zmq_setsockopt(void *s_, int option_, const void *optval_, size_t optvallen_);

/* Returns an option of a socket, and its size. */
ZMQ_EXPORT int zmq_getsockopt(void *s_, int option_, void *optval_, size_t *optvallen_);

/* Accepts connections at an address. */
ZMQ_EXPORT int zmq_bind(void *s_, const char *addr_);

/* Connects to an address, now or when somebody listens there. */
ZMQ_EXPORT int zmq_connect(void *s_, const char *addr_);

/* Stops to accept connections at an address. */
ZMQ_EXPORT int zmq_unbind(void *s_, const char *addr_);

/* Ends the connection to an address. */
ZMQ_EXPORT int zmq_disconnect(void *s_, const char *addr_);

/* Sends a copy of a buffer as a message part. */
ZMQ_EXPORT int zmq_send(void *s_, const void *buf_, size_t len_, int flags_);

/* Sends a buffer that stays as it is for ever, without a copy. */
ZMQ_EXPORT int zmq_send_const(void *s_, const void *buf_, size_t len_, int flags_);

/* Receives a message part into a buffer; what is beyond its size is lost. */
ZMQ_EXPORT int zmq_recv(void *s_, void *buf_, size_t len_, int flags_);

/* Reports events of a socket's connections through a PAIR socket at an inproc address. */
ZMQ_EXPORT int zmq_socket_monitor(void *s_, const char *addr_, int events_);

/* Sends a message part, which is empty afterwards. */
ZMQ_EXPORT int zmq_msg_send(struct zmq_msg_t *msg_, void *s_, int flags_);

/* Receives a message part in place of what the message was. */
ZMQ_EXPORT int zmq_msg_recv(struct zmq_msg_t *msg_, void *s_, int flags_);

/* Old form of `zmq_msg_send`. */
ZMQ_EXPORT int zmq_sendmsg(void *s_, struct zmq_msg_t *msg_, int flags_);

/* Old form of `zmq_msg_recv`. */
ZMQ_EXPORT int zmq_recvmsg(void *s_, struct zmq_msg_t *msg_, int flags_);

/* Old: sends several buffers, with `ZMQ_SNDMORE` as the parts of one message. */
ZMQ_EXPORT int zmq_sendiov(void *s_, struct iovec *iov_, size_t count_, int flags_);

/* Old: receives the parts of a message into buffers that the caller is to `free`. */
ZMQ_EXPORT int zmq_recviov(void *s_, struct iovec *iov_, size_t *count_, int flags_);

/* Waits for events of sockets and descriptors, and returns how many items have some. */
ZMQ_EXPORT int zmq_poll(struct zmq_pollitem_t *items_, int nitems_, long timeout_);

/* Passes messages between two sockets until the context is terminated. */
ZMQ_EXPORT int zmq_proxy(void *frontend_, void *backend_, void *capture_);

/* As `zmq_proxy`, and obeys PAUSE, RESUME, TERMINATE and STATISTICS from a control socket. */
ZMQ_EXPORT int zmq_proxy_steerable(void *frontend_, void *backend_, void *capture_, void *control_);

/* Old form of `zmq_proxy`; the type never meant anything. */
ZMQ_EXPORT int zmq_device(int type_, void *frontend_, void *backend_);

/* Encodes bytes, a multiple of 4, as text; `dest_` has room for 5 characters for 4 bytes, and NUL. */
ZMQ_EXPORT char *zmq_z85_encode(char *dest_, const uint8_t *data_, size_t size_);

/* Decodes text, a multiple of 5, to bytes; `dest_` has room for 4 bytes for 5 characters. */
ZMQ_EXPORT uint8_t *zmq_z85_decode(uint8_t *dest_, const char *string_);

/* Makes a key pair for CURVE; each key has room for 40 characters and NUL. */
ZMQ_EXPORT int zmq_curve_keypair(char *z85_public_key_, char *z85_secret_key_);

/* Computes the public key of a secret key; it has room for 40 characters and NUL. */
ZMQ_EXPORT int zmq_curve_public(char *z85_public_key_, const char *z85_secret_key_);

/* Makes a counter, at zero. */
ZMQ_EXPORT void *zmq_atomic_counter_new(void);

/* Sets a counter. */
ZMQ_EXPORT void zmq_atomic_counter_set(void *counter_, int value_);

/* Adds one, and returns what the counter was before. */
ZMQ_EXPORT int zmq_atomic_counter_inc(void *counter_);

/* Takes one off, and returns 0 if the counter is zero now, else 1. */
ZMQ_EXPORT int zmq_atomic_counter_dec(void *counter_);

/* What a counter is. */
ZMQ_EXPORT int zmq_atomic_counter_value(void *counter_);

/* Frees a counter, and sets the program's pointer to NULL. */
ZMQ_EXPORT void zmq_atomic_counter_destroy(void **counter_p_);

/* Makes a set of timers. */
ZMQ_EXPORT void *zmq_timers_new(void);

/* Ends a set of timers, and sets the program's pointer to NULL. */
ZMQ_EXPORT int zmq_timers_destroy(void **timers_p);

/* Adds a timer, and returns its id. */
ZMQ_EXPORT
int zmq_timers_add(void *timers,
                   size_t interval,
                   void (*handler)(int timer_id, void *arg),
                   void *arg);

/* Removes a timer. */
ZMQ_EXPORT int zmq_timers_cancel(void *timers, int timer_id);

/* Changes a timer's interval, which begins now. */
ZMQ_EXPORT int zmq_timers_set_interval(void *timers, int timer_id, size_t interval);

/* Lets a timer's interval begin now. */
ZMQ_EXPORT int zmq_timers_reset(void *timers, int timer_id);

/* Milliseconds until the next timer is due, or -1 if there is none. */
ZMQ_EXPORT long zmq_timers_timeout(void *timers);

/* Calls the handlers of all timers that are due. */
ZMQ_EXPORT int zmq_timers_execute(void *timers);

/* Starts a thread that calls `func_` with `arg_`. */
ZMQ_EXPORT void *zmq_threadstart(void (*func_)(void*), void *arg_);

/* Waits for a thread's end, and frees what it had. */
ZMQ_EXPORT void zmq_threadclose(void *thread_);

/* Starts a stopwatch. */
ZMQ_EXPORT void *zmq_stopwatch_start(void);

/* Microseconds since a stopwatch was started; it goes on. */
ZMQ_EXPORT unsigned long zmq_stopwatch_intermediate(void *watch_);

/* Microseconds since a stopwatch was started; it is freed. */
ZMQ_EXPORT unsigned long zmq_stopwatch_stop(void *watch_);

/* Sleeps for some seconds, or until a signal. */
ZMQ_EXPORT void zmq_sleep(int seconds_);

#ifdef __cplusplus
}  // extern "C"
#endif

/* libzmq's DRAFT API: every build has it, but it may change with libzmq's. */
#ifdef ZMQ_BUILD_DRAFT_API
/* There is zmq_poller_new(). */
#define ZMQ_HAVE_POLLER

/* Types of sockets that several threads may use at once; their messages have one part. */
#define ZMQ_SERVER 12
#define ZMQ_CLIENT 13
#define ZMQ_RADIO 14
#define ZMQ_DISH 15
#define ZMQ_GATHER 16
#define ZMQ_SCATTER 17
#define ZMQ_PEER 19
#define ZMQ_CHANNEL 20

/* Options of sockets. */
#define ZMQ_ZAP_ENFORCE_DOMAIN 93
#define ZMQ_METADATA 95
#define ZMQ_XPUB_MANUAL_LAST_VALUE 98
#define ZMQ_ONLY_FIRST_SUBSCRIBE 108
#define ZMQ_RECONNECT_STOP 109
#define ZMQ_TOPICS_COUNT 116

/* When a connection is not made again: the bits of `ZMQ_RECONNECT_STOP`. */
#define ZMQ_RECONNECT_STOP_CONN_REFUSED 1
#define ZMQ_RECONNECT_STOP_HANDSHAKE_FAILED 2
#define ZMQ_RECONNECT_STOP_AFTER_DISCONNECT 4

/* An option of contexts. */
#define ZMQ_ZERO_COPY_RECV 10

/* What a poller has found: a socket or, if that is null, a descriptor. */
typedef struct zmq_poller_event_t {
    void *socket;
    zmq_fd_t fd;
    void *user_data;
    short events;
} zmq_poller_event_t;

#ifdef __cplusplus
extern "C" {
#endif

/* Sets an option of a context. */
ZMQ_EXPORT int zmq_ctx_set_ext(void *context_, int option_, const void *optval_, size_t optvallen_);

/* Returns an option of a context, and its size. */
ZMQ_EXPORT int zmq_ctx_get_ext(void *context_, int option_, void *optval_, size_t *optvallen_);

/* Has a DISH socket receive the messages of a group. */
ZMQ_EXPORT int zmq_join(void *s, const char *group);

/* Has a DISH socket receive them no more. */
ZMQ_EXPORT int zmq_leave(void *s, const char *group);

/* Connects a PEER socket, and returns the number of the new peer, by which messages name it, or 0. */
ZMQ_EXPORT uint32_t zmq_connect_peer(void *s_, const char *addr_);

/* Parts with the peer of a PEER or SERVER socket that messages name by this number. */
ZMQ_EXPORT int zmq_disconnect_peer(void *s_, uint32_t routing_id_);

/* Has a SERVER or PEER socket send the message to the peer of this number. */
ZMQ_EXPORT int zmq_msg_set_routing_id(zmq_msg_t *msg, uint32_t routing_id);

/* The number of the peer that the message came from or goes to, or 0. */
ZMQ_EXPORT uint32_t zmq_msg_routing_id(zmq_msg_t *msg);

/* Has a RADIO socket send the message to a group. */
ZMQ_EXPORT int zmq_msg_set_group(zmq_msg_t *msg, const char *group);

/* The group of a message, empty if it has none. It lives as long as the message. */
ZMQ_EXPORT const char *zmq_msg_group(zmq_msg_t *msg);

/* Makes a message of a copy of a buffer. */
ZMQ_EXPORT int zmq_msg_init_buffer(zmq_msg_t *msg_, const void *buf_, size_t size_);

/* Makes a poller. */
ZMQ_EXPORT void *zmq_poller_new(void);

/* Ends a poller, and sets the program's pointer to NULL. */
ZMQ_EXPORT int zmq_poller_destroy(void **poller_p);

/* How many sockets and descriptors a poller has. */
ZMQ_EXPORT int zmq_poller_size(void *poller);

/* Adds a socket, with the events to wait for. */
ZMQ_EXPORT int zmq_poller_add(void *poller, void *socket, void *user_data, short events);

/* Changes the events to wait for. */
ZMQ_EXPORT int zmq_poller_modify(void *poller, void *socket, short events);

/* Takes a socket out. */
ZMQ_EXPORT int zmq_poller_remove(void *poller, void *socket);

/* Adds a descriptor, with the events to wait for. */
ZMQ_EXPORT int zmq_poller_add_fd(void *poller, zmq_fd_t fd, void *user_data, short events);

/* Changes the events to wait for. */
ZMQ_EXPORT int zmq_poller_modify_fd(void *poller, zmq_fd_t fd, short events);

/* Takes a descriptor out. */
ZMQ_EXPORT int zmq_poller_remove_fd(void *poller, zmq_fd_t fd);

/* Waits for one event. */
ZMQ_EXPORT int zmq_poller_wait(void *poller, struct zmq_poller_event_t *event, long timeout);

/* Waits for events, and returns how many there are, but no more than there is room for. */
ZMQ_EXPORT
int zmq_poller_wait_all(void *poller,
                        struct zmq_poller_event_t *events,
                        int n_events,
                        long timeout);

/* A descriptor that is readable when one of the thread-safe sockets has been told something. */
ZMQ_EXPORT int zmq_poller_fd(void *poller, zmq_fd_t *fd);

/* As `zmq_poll`; just these signals are blocked while it sleeps. */
ZMQ_EXPORT
int zmq_ppoll(zmq_pollitem_t *items_,
              int nitems_,
              long timeout_,
              const sigset_t *sigmask_);

#ifdef __cplusplus
}  // extern "C"
#endif

#endif /* ZMQ_BUILD_DRAFT_API */

#endif  /* __ZMQ_H_INCLUDED__ */

#undef ZMQ_ALIGNED
#undef ZMQ_EXPORT
