/* A bound socket, to be attacked from outside. It takes the type, the high-water mark and whether CURVE is to be
 * used; says where it is bound; and then looks at its events once for each line that it is told. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zmq.h>

static void must (int result, const char *what)
{
    if (result != -1)
        return;
    fprintf (stderr, "%s: %s\n", what, zmq_strerror (zmq_errno ()));
    exit (1);
}

#define MUST(call) must (call, #call)

int main (int argc, char **argv)
{
    if (argc != 4)
        return 2;
    void *context = zmq_ctx_new ();
    void *socket = zmq_socket (context, atoi (argv[1]));
    int hwm = atoi (argv[2]);
    MUST (zmq_setsockopt (socket, ZMQ_RCVHWM, &hwm, sizeof hwm));
    if (atoi (argv[3])) {
        char secret[32];
        int on = 1;
        memset (secret, 2, sizeof secret);
        MUST (zmq_setsockopt (socket, ZMQ_CURVE_SERVER, &on, sizeof on));
        MUST (zmq_setsockopt (socket, ZMQ_CURVE_SECRETKEY, secret, sizeof secret));
    }
    MUST (zmq_bind (socket, "tcp://127.0.0.1:*"));
    char endpoint[100];
    size_t size = sizeof endpoint;
    MUST (zmq_getsockopt (socket, ZMQ_LAST_ENDPOINT, endpoint, &size));
    printf ("%s\n", endpoint);
    fflush (stdout);
    char line[10];
    while (fgets (line, sizeof line, stdin)) {
        int events;
        size = sizeof events;
        MUST (zmq_getsockopt (socket, ZMQ_EVENTS, &events, &size));
        printf ("looked\n");
        fflush (stdout);
    }
    /* All that it has goes with it. */
    _Exit (0);
}
