/* Interrupts: SIGINT is turned into a byte on a pipe, which is polled beside the socket, so that the server
   leaves in good order and no signal is missed between two calls. Usage: interrupt [endpoint] */
#include "example.h"
#include <fcntl.h>
#include <unistd.h>

static int pipe_ends[2];

static void on_interrupt (int number)
{
    int saved = errno;
    ssize_t written = write (pipe_ends[1], "", 1);
    (void) written;
    (void) number;
    errno = saved;
}

static void watch_interrupts (void)
{
    struct sigaction action;

    check (pipe (pipe_ends) == 0, "pipe");
    check (fcntl (pipe_ends[1], F_SETFL, O_NONBLOCK) == 0, "fcntl");
    memset (&action, 0, sizeof action);
    action.sa_handler = on_interrupt;
    check (sigaction (SIGINT, &action, NULL) == 0, "sigaction");
}

int main (int argc, char **argv)
{
    const char *endpoint = text_argument (argc, argv, 1, "tcp://*:5555");
    char request[256];
    void *context = start ();
    void *socket = make_socket (context, ZMQ_REP);
    zmq_pollitem_t items[] = {{socket, 0, ZMQ_POLLIN, 0}, {NULL, 0, ZMQ_POLLIN, 0}};

    watch_interrupts ();
    items[1].fd = pipe_ends[0];
    CHECK (zmq_bind (socket, endpoint));
    printf ("Serving until interrupted\n");
    for (;;) {
        if (zmq_poll (items, 2, -1) == -1) {
            /* The pipe has the byte by now. */
            check (zmq_errno () == EINTR, "zmq_poll");
            continue;
        }
        if (items[1].revents & ZMQ_POLLIN)
            break;
        /* A signal may come here, too: then the request stays where it is. */
        if (!try_recv_text (socket, request, sizeof request, ZMQ_DONTWAIT))
            continue;
        printf ("Received request: %s\n", request);
        send_text (socket, request, 0);
    }
    printf ("Interrupted, leaving\n");
    set_number (socket, ZMQ_LINGER, 100);
    return finish (context, socket, NULL, NULL);
}
