/* What all examples share: arguments, strings on sockets, and an end with a message on errors. */
#ifndef EXAMPLE_H
#define EXAMPLE_H

#define _POSIX_C_SOURCE 200809L
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <zmq.h>

/* Ends the program with the reason if a call failed. */
#define CHECK(call) check ((call) != -1, #call)
#define CHECK_MADE(pointer) check ((pointer) != NULL, #pointer)

static inline void check (int good, const char *what)
{
    if (!good) {
        fprintf (stderr, "%s: %s\n", what, zmq_strerror (zmq_errno ()));
        exit (1);
    }
}

/* The argument at a place, or what stands for it. */
static inline const char *text_argument (int argc, char **argv, int place, const char *otherwise)
{
    return argc > place ? argv[place] : otherwise;
}

static inline int number_argument (int argc, char **argv, int place, int otherwise)
{
    char *end;
    long number;

    if (argc <= place)
        return otherwise;
    number = strtol (argv[place], &end, 10);
    if (end == argv[place] || *end != '\0' || number < 0 || number > 1000000000) {
        fprintf (stderr, "not a count: %s\n", argv[place]);
        exit (1);
    }
    return (int) number;
}

/* A socket with its error check. */
static inline void *make_socket (void *context, int type)
{
    void *socket = zmq_socket (context, type);
    CHECK_MADE (socket);
    return socket;
}

/* Sends text as one part; flags are those of zmq_send. */
static inline void send_text (void *socket, const char *text, int flags)
{
    CHECK (zmq_send (socket, text, strlen (text), flags));
}

/* Receives one part as text that ends with a zero. False if the call failed; a longer part is cut. */
static inline int try_recv_text (void *socket, char *buffer, size_t size, int flags)
{
    int length = zmq_recv (socket, buffer, size - 1, flags);
    if (length == -1)
        return 0;
    buffer[(size_t) length < size ? (size_t) length : size - 1] = '\0';
    return 1;
}

static inline void recv_text (void *socket, char *buffer, size_t size)
{
    check (try_recv_text (socket, buffer, size, 0), "zmq_recv");
}

/* Does the part received last have successors? */
static inline int has_more (void *socket)
{
    int more = 0;
    size_t size = sizeof more;
    CHECK (zmq_getsockopt (socket, ZMQ_RCVMORE, &more, &size));
    return more;
}

static inline void subscribe (void *socket, const char *prefix)
{
    CHECK (zmq_setsockopt (socket, ZMQ_SUBSCRIBE, prefix, strlen (prefix)));
}

static inline void set_number (void *socket, int option, int value)
{
    CHECK (zmq_setsockopt (socket, option, &value, sizeof value));
}

static inline void pause_ms (int time)
{
    struct timespec span = {time / 1000, (time % 1000) * 1000000L};
    nanosleep (&span, NULL);
}

/* Lines are to be seen at once, also through a pipe. */
static inline void *start (void)
{
    void *context;
    setvbuf (stdout, NULL, _IOLBF, 0);
    context = zmq_ctx_new ();
    CHECK_MADE (context);
    return context;
}

/* Closes up to three sockets, those that are not NULL, and ends the context. */
static inline int finish (void *context, void *first, void *second, void *third)
{
    void *sockets[3];
    int place;

    sockets[0] = first;
    sockets[1] = second;
    sockets[2] = third;
    for (place = 0; place < 3; place++)
        if (sockets[place])
            CHECK (zmq_close (sockets[place]));
    CHECK (zmq_ctx_term (context));
    return 0;
}

#endif
