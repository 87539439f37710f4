/* Uses everything that the library has, briefly, while something in it fails; then all of it must close,
 * every failure must have said why, and sockets made afterwards must work. */

#define _GNU_SOURCE
#include "faults.h"

#include <dirent.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>
#include <zmq.h>

#ifndef ZMQ_METADATA
#define ZMQ_METADATA 95 /* DRAFT */
#endif

enum { WAIT_MS = 60, HANG_S = 20, BIG = 300000, CPU_S = 4 };

static const char *volatile step = "start";
static int wrong, verbose;

static void complain (const char *what, const char *why)
{
    printf ("wrong: %s: %s: %s\n", step, what, why);
    wrong = 1;
}

/* A call that failed must say why. */
static int told (int result, const char *call)
{
    if (result != -1)
        return result;
    int error = zmq_errno ();
    if (verbose)
        printf ("%s: %s: %s\n", step, call, zmq_strerror (error));
    if (error <= 0)
        complain (call, "failed without an errno");
    else if (strstr (zmq_strerror (error), "nknown"))
        complain (call, "failed with an errno that nobody knows");
    errno = error;
    return -1;
}

#define CALL(call) told (call, #call)

static void hang (int signal)
{
    (void) signal;
    char text[200];
    int length = snprintf (text, sizeof text, "wrong: %s: hangs\n", step);
    if (write (1, text, length) < 0)
        _exit (4);
    _exit (3);
}

static int count_descriptors (void)
{
    int count = 0;
    DIR *folder = opendir ("/proc/self/fd");
    while (folder && readdir (folder))
        count++;
    if (folder)
        closedir (folder);
    return count;
}

static void *context;

static void *new_socket (int type)
{
    static const int wait = WAIT_MS, often = 5, linger = 0;
    void *socket = zmq_socket (context, type);
    if (!socket) {
        told (-1, "zmq_socket");
        return NULL;
    }
    /* Without these it may wait for ever. */
    if (CALL (zmq_setsockopt (socket, ZMQ_RCVTIMEO, &wait, sizeof wait)) == 0
        && CALL (zmq_setsockopt (socket, ZMQ_SNDTIMEO, &wait, sizeof wait)) == 0
        && CALL (zmq_setsockopt (socket, ZMQ_RECONNECT_IVL, &often, sizeof often)) == 0
        && CALL (zmq_setsockopt (socket, ZMQ_LINGER, &linger, sizeof linger)) == 0)
        return socket;
    CALL (zmq_close (socket));
    return NULL;
}

static void close_socket (void *socket)
{
    if (socket)
        CALL (zmq_close (socket));
}

static int endpoint_of (void *socket, char *endpoint)
{
    size_t size = 256;
    endpoint[0] = 0;
    return socket ? CALL (zmq_getsockopt (socket, ZMQ_LAST_ENDPOINT, endpoint, &size)) : -1;
}

/* Binds one, connects the other to where it is. */
static int tie (void *bound, void *connected, const char *address)
{
    char endpoint[256];
    if (!bound || !connected || CALL (zmq_bind (bound, address)) == -1)
        return -1;
    if (endpoint_of (bound, endpoint) == -1)
        return -1;
    return CALL (zmq_connect (connected, endpoint));
}

static int send_text (void *socket, const char *text, int flags)
{
    return socket ? CALL (zmq_send (socket, text, strlen (text), flags)) : -1;
}

static int receive (void *socket)
{
    char buffer[256];
    return socket ? CALL (zmq_recv (socket, buffer, sizeof buffer, 0)) : -1;
}

static void released (void *data, void *hint)
{
    (void) hint;
    free (data);
}

/* A message of one's own memory, one of the library's, one that is copied. */
static void send_big (void *from, void *to)
{
    zmq_msg_t message, copy;
    if (!from || !to)
        return;
    char *own = malloc (BIG);
    if (own && CALL (zmq_msg_init_data (&message, own, BIG, released, NULL)) == 0) {
        if (CALL (zmq_msg_send (&message, from, ZMQ_SNDMORE)) == -1)
            CALL (zmq_msg_close (&message));
    } else
        free (own);
    if (CALL (zmq_msg_init_size (&message, BIG)) == 0) {
        memset (zmq_msg_data (&message), 7, BIG);
        zmq_msg_init (&copy);
        if (CALL (zmq_msg_copy (&copy, &message)) == 0
            && CALL (zmq_msg_send (&copy, from, 0)) != -1)
            ;
        else
            zmq_msg_close (&copy);
        zmq_msg_close (&message);
    } else
        send_text (from, "last", 0);
    int more = 1;
    size_t size = sizeof more;
    while (more) {
        zmq_msg_init (&message);
        if (CALL (zmq_msg_recv (&message, to, 0)) == -1)
            more = 0;
        else
            more = zmq_msg_more (&message);
        zmq_msg_close (&message);
    }
    CALL (zmq_getsockopt (to, ZMQ_RCVMORE, &more, &size));
}

static void pair (const char *address)
{
    step = address;
    void *a = new_socket (ZMQ_PAIR), *b = new_socket (ZMQ_PAIR);
    tie (a, b, address);
    send_text (a, "one", ZMQ_SNDMORE);
    send_text (a, "two", 0);
    if (receive (b) != -1)
        receive (b);
    send_big (b, a);
    close_socket (a);
    close_socket (b);
}

/* Enough messages to fill more than one piece of a queue. */
static void pipeline (void)
{
    step = "pipeline";
    char body[200] = "body";
    void *push = new_socket (ZMQ_PUSH), *pull = new_socket (ZMQ_PULL);
    tie (push, pull, "tcp://127.0.0.1:*");
    int sent = 0;
    while (push && sent < 300 && CALL (zmq_send (push, body, sizeof body, 0)) != -1)
        sent++;
    zmq_pollitem_t item = {pull, 0, ZMQ_POLLIN, 0};
    while (pull && sent > 0 && CALL (zmq_poll (&item, 1, WAIT_MS)) > 0) {
        receive (pull);
        sent--;
    }
    send_big (push, pull);
    close_socket (push);
    close_socket (pull);
}

static void request (const char *address, int asking, int answering)
{
    step = address;
    void *server = new_socket (answering), *client = new_socket (asking);
    if (client)
        CALL (zmq_setsockopt (client, ZMQ_ROUTING_ID, "somebody", 8));
    tie (server, client, address);
    if (asking == ZMQ_DEALER)
        send_text (client, "", ZMQ_SNDMORE);
    send_text (client, "question", 0);
    zmq_pollitem_t items[2] = {{server, 0, ZMQ_POLLIN, 0}, {NULL, 0, ZMQ_POLLIN, 0}};
    if (server && CALL (zmq_poll (items, 2, WAIT_MS)) > 0 && receive (server) != -1) {
        if (answering == ZMQ_ROUTER) {
            receive (server);
            receive (server);
            send_text (server, "somebody", ZMQ_SNDMORE);
            send_text (server, "", ZMQ_SNDMORE);
        }
        send_text (server, "answer", 0);
        receive (client);
    }
    close_socket (client);
    close_socket (server);
}

static void publish (int publisher_type, int subscriber_type)
{
    step = "publish";
    static char topic[70000];
    memset (topic, 't', sizeof topic);
    void *publisher = new_socket (publisher_type), *subscriber = new_socket (subscriber_type);
    tie (publisher, subscriber, "tcp://127.0.0.1:*");
    if (subscriber_type == ZMQ_SUB && subscriber) {
        CALL (zmq_setsockopt (subscriber, ZMQ_SUBSCRIBE, "to", 2));
        CALL (zmq_setsockopt (subscriber, ZMQ_SUBSCRIBE, topic, sizeof topic));
        CALL (zmq_setsockopt (subscriber, ZMQ_UNSUBSCRIBE, "none", 4));
    } else
        send_text (subscriber, "\001to", 0);
    if (publisher_type == ZMQ_XPUB) {
        receive (publisher);
        receive (publisher);
    }
    for (int i = 0; i < 3; i++) {
        send_text (publisher, "topic", ZMQ_SNDMORE);
        send_text (publisher, "body", 0);
    }
    while (receive (subscriber) != -1)
        ;
    close_socket (publisher);
    close_socket (subscriber);
}

static void stream (void)
{
    step = "stream";
    void *server = new_socket (ZMQ_STREAM), *client = new_socket (ZMQ_STREAM);
    tie (server, client, "tcp://127.0.0.1:*");
    char id[256];
    int length = client ? CALL (zmq_recv (client, id, sizeof id, 0)) : -1;
    if (length > 0 && receive (client) != -1
        && CALL (zmq_send (client, id, length, ZMQ_SNDMORE)) != -1)
        send_text (client, "raw bytes", 0);
    for (int i = 0; i < 4 && receive (server) != -1; i++)
        ;
    close_socket (client);
    close_socket (server);
}

static void answer_zap (void *zap)
{
    char parts[16][256];
    int lengths[16], count = 0, more = 1;
    size_t size = sizeof more;
    while (more && count < 16) {
        lengths[count] = CALL (zmq_recv (zap, parts[count], sizeof parts[0], 0));
        if (lengths[count] == -1)
            return;
        count++;
        CALL (zmq_getsockopt (zap, ZMQ_RCVMORE, &more, &size));
    }
    send_text (zap, "1.0", ZMQ_SNDMORE);
    CALL (zmq_send (zap, parts[1], lengths[1], ZMQ_SNDMORE));
    send_text (zap, "200", ZMQ_SNDMORE);
    send_text (zap, "OK", ZMQ_SNDMORE);
    send_text (zap, "user", ZMQ_SNDMORE);
    send_text (zap, "", 0);
}

static void secure (int curve)
{
    step = curve ? "curve" : "plain";
    char public[41], secret[41];
    const int one = 1;
    void *zap = new_socket (ZMQ_REP), *server = new_socket (ZMQ_PULL),
         *client = new_socket (ZMQ_PUSH);
    if (zap)
        CALL (zmq_bind (zap, "inproc://zeromq.zap.01"));
    if (CALL (zmq_curve_keypair (public, secret)) == -1)
        curve = 0;
    if (server && client && zap) {
        CALL (zmq_setsockopt (server, ZMQ_ZAP_DOMAIN, "domain", 6));
        if (curve) {
            CALL (zmq_setsockopt (server, ZMQ_CURVE_SERVER, &one, sizeof one));
            CALL (zmq_setsockopt (server, ZMQ_CURVE_SECRETKEY, secret, 41));
            CALL (zmq_setsockopt (client, ZMQ_CURVE_SERVERKEY, public, 41));
            CALL (zmq_setsockopt (client, ZMQ_CURVE_PUBLICKEY, public, 41));
            CALL (zmq_setsockopt (client, ZMQ_CURVE_SECRETKEY, secret, 41));
        } else {
            CALL (zmq_setsockopt (server, ZMQ_PLAIN_SERVER, &one, sizeof one));
            CALL (zmq_setsockopt (client, ZMQ_PLAIN_USERNAME, "user", 4));
            CALL (zmq_setsockopt (client, ZMQ_PLAIN_PASSWORD, "word", 4));
        }
        tie (server, client, "tcp://127.0.0.1:*");
        zmq_pollitem_t items[2] = {{zap, 0, ZMQ_POLLIN, 0}, {server, 0, ZMQ_POLLIN, 0}};
        send_text (client, "secret", 0);
        for (int i = 0; i < 3 && CALL (zmq_poll (items, 2, WAIT_MS)) > 0; i++) {
            if (items[0].revents)
                answer_zap (zap);
            if (items[1].revents) {
                receive (server);
                send_big (client, server);
                break;
            }
        }
    }
    close_socket (client);
    close_socket (server);
    close_socket (zap);
}

/* Connections come, are told to a monitor, are lost and come again. */
static void monitor (void)
{
    step = "monitor";
    char endpoint[256];
    void *push = new_socket (ZMQ_PUSH), *pull = new_socket (ZMQ_PULL), *events = NULL;
    if (push && CALL (zmq_socket_monitor (push, "inproc://events", ZMQ_EVENT_ALL)) == 0) {
        events = new_socket (ZMQ_PAIR);
        if (events)
            CALL (zmq_connect (events, "inproc://events"));
    }
    tie (pull, push, "tcp://127.0.0.1:*");
    send_text (push, "first", 0);
    receive (pull);
    if (endpoint_of (pull, endpoint) == 0) {
        CALL (zmq_unbind (pull, endpoint));
        close_socket (pull);
        pull = new_socket (ZMQ_PULL);
        if (pull)
            CALL (zmq_bind (pull, endpoint));
        send_text (push, "second", 0);
        receive (pull);
        if (push)
            CALL (zmq_disconnect (push, endpoint));
    }
    for (int i = 0; i < 12 && receive (events) != -1; i++)
        ;
    if (push)
        CALL (zmq_socket_monitor (push, NULL, 0));
    close_socket (push);
    close_socket (pull);
    close_socket (events);
}

/* All ways to name an endpoint, and some that are refused. */
static void addresses (void)
{
    step = "addresses";
    void *a = new_socket (ZMQ_DEALER), *b = new_socket (ZMQ_DEALER);
    if (a && b) {
        CALL (zmq_bind (a, "tcp://lo:*"));
        CALL (zmq_bind (a, "tcp://localhost:*"));
        CALL (zmq_bind (a, "tcp://*:*"));
        CALL (zmq_bind (a, "tcp://[::1]:*"));
        CALL (zmq_bind (a, "ipc://@abstract-of-hard-times"));
        CALL (zmq_bind (a, "ipc://no/such/folder"));
        CALL (zmq_connect (b, "tcp://localhost:9"));
        CALL (zmq_connect (b, "ipc://nobody.ipc"));
        CALL (zmq_connect (b, "tcp://lo;127.0.0.1:9"));
        CALL (zmq_setsockopt (b, ZMQ_SOCKS_PROXY, "127.0.0.1:9", 11));
        CALL (zmq_connect (b, "tcp://127.0.0.1:9"));
        CALL (zmq_setsockopt (b, ZMQ_TCP_ACCEPT_FILTER, "127.0.0.1", 9));
        CALL (zmq_setsockopt (b, ZMQ_METADATA, "X-Key:value", 11));
        CALL (zmq_setsockopt (b, ZMQ_IPC_FILTER_UID, "\0\0\0\0", 4));
        receive (b);
    }
    close_socket (a);
    close_socket (b);
}

/* A signal may end the wait: the manual has it called again. */
static void end_context (void)
{
    while (CALL (zmq_ctx_term (context)) == -1 && errno == EINTR)
        ;
}

static void *run_proxy (void *sockets)
{
    void **s = sockets;
    CALL (zmq_proxy_steerable (s[0], s[1], NULL, s[2]));
    for (int i = 0; i < 3; i++)
        close_socket (s[i]);
    return NULL;
}

/* In a context of its own, so that a proxy whose control is lost can be stopped as well. */
static void proxy (void)
{
    step = "proxy";
    void *outer = context;
    context = zmq_ctx_new ();
    if (!context)
        told (-1, "zmq_ctx_new");
    else {
        static void *sockets[3];
        void *source = new_socket (ZMQ_PUSH), *sink = new_socket (ZMQ_PULL),
             *control = new_socket (ZMQ_PAIR);
        sockets[0] = new_socket (ZMQ_PULL);
        sockets[1] = new_socket (ZMQ_PUSH);
        sockets[2] = new_socket (ZMQ_PAIR);
        int tied = tie (sockets[0], source, "inproc://front") == 0
                   && tie (sockets[1], sink, "ipc://*") == 0
                   && tie (sockets[2], control, "inproc://control") == 0;
        pthread_t thread;
        int started = tied && pthread_create (&thread, NULL, run_proxy, sockets) == 0;
        for (int i = 0; i < 3 && !started; i++)
            close_socket (sockets[i]);
        if (started) {
            send_text (source, "through", 0);
            receive (sink);
            send_text (control, "PAUSE", 0);
            send_text (control, "TERMINATE", 0);
            usleep (2000);
        }
        CALL (zmq_ctx_shutdown (context));
        if (started)
            pthread_join (thread, NULL);
        close_socket (source);
        close_socket (sink);
        close_socket (control);
        end_context ();
    }
    context = outer;
}

static void expired (int id, void *unused)
{
    (void) id;
    (void) unused;
}

static void in_thread (void *unused)
{
    (void) unused;
}

static void odds_and_ends (void)
{
    step = "odds and ends";
    void *timers = zmq_timers_new (), *counter = zmq_atomic_counter_new ();
    if (timers) {
        CALL (zmq_timers_add (timers, 1, expired, NULL));
        CALL ((int) zmq_timers_timeout (timers));
        usleep (1500);
        CALL (zmq_timers_execute (timers));
        CALL (zmq_timers_destroy (&timers));
    } else
        told (-1, "zmq_timers_new");
    if (counter)
        zmq_atomic_counter_destroy (&counter);
    void *thread = zmq_threadstart (in_thread, NULL);
    if (thread)
        zmq_threadclose (thread);
    char text[41];
    unsigned char key[32] = {1};
    zmq_z85_encode (text, key, 32);
    zmq_z85_decode (key, text);
    void *socket = new_socket (ZMQ_ROUTER);
    if (socket) {
        int fd;
        size_t size = sizeof fd;
        zmq_pollitem_t items[40];
        CALL (zmq_getsockopt (socket, ZMQ_FD, &fd, &size));
        for (int i = 0; i < 40; i++)
            items[i] = (zmq_pollitem_t) {socket, 0, ZMQ_POLLIN, 0};
        CALL (zmq_poll (items, 40, 1));
    }
    close_socket (socket);
}

/* A message goes through a new pair of sockets. */
static void must_work (const char *where)
{
    step = where;
    int patience = 5000;
    void *push = new_socket (ZMQ_PUSH), *pull = new_socket (ZMQ_PULL);
    if (!push || !pull) {
        complain ("zmq_socket", zmq_strerror (zmq_errno ()));
        return;
    }
    CALL (zmq_setsockopt (pull, ZMQ_RCVTIMEO, &patience, sizeof patience));
    CALL (zmq_setsockopt (push, ZMQ_SNDTIMEO, &patience, sizeof patience));
    if (tie (pull, push, "tcp://127.0.0.1:*") == -1)
        complain ("bind or connect", zmq_strerror (zmq_errno ()));
    else if (send_text (push, "again", 0) == -1 || receive (pull) == -1)
        complain ("send or receive", zmq_strerror (zmq_errno ()));
    close_socket (push);
    close_socket (pull);
}

static void everything (void)
{
    pair ("inproc://pair");
    pair ("ipc://pair.ipc");
    pipeline ();
    request ("tcp://127.0.0.1:*", ZMQ_REQ, ZMQ_REP);
    request ("ipc://*", ZMQ_DEALER, ZMQ_ROUTER);
    publish (ZMQ_XPUB, ZMQ_SUB);
    publish (ZMQ_PUB, ZMQ_XSUB);
    stream ();
    secure (1);
    secure (0);
    monitor ();
    addresses ();
    proxy ();
    odds_and_ends ();
}

/* Nothing may take the processor for long, just because something fails. */
static void check_cpu_time (void)
{
    struct rusage used;
    getrusage (RUSAGE_SELF, &used);
    if (used.ru_utime.tv_sec + used.ru_stime.tv_sec >= CPU_S)
        complain ("CPU", "takes the processor all the time");
}

int main (void)
{
    verbose = getenv ("FAULT_VERBOSE") != NULL;
    setvbuf (stdout, NULL, _IOLBF, 0);
    signal (SIGALRM, hang);
    alarm (HANG_S);
    int before = count_descriptors ();
    faults_begin ();
    context = zmq_ctx_new ();
    if (!context)
        told (-1, "zmq_ctx_new");
    else {
        everything ();
        step = "end";
        faults_end ();
        must_work ("the same context, afterwards");
        step = "zmq_ctx_term";
        end_context ();
    }
    faults_end ();
    context = zmq_ctx_new ();
    if (!context)
        complain ("zmq_ctx_new", "fails afterwards");
    else {
        must_work ("a new context, afterwards");
        step = "the last zmq_ctx_term";
        end_context ();
    }
    step = "after all";
    /* Threads that look up names end by themselves. */
    for (int i = 0; i < 100 && count_descriptors () > before; i++)
        usleep (20000);
    if (count_descriptors () > before)
        complain ("descriptors", "some stay open");
    check_cpu_time ();
    if (getenv ("FAULT_LOG"))
        faults_print ();
    printf ("happened %d\n", faults_happened ());
    return wrong;
}
