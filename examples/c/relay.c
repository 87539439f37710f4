/* Relay: three threads pass a word on over inproc PAIR sockets; no locks, no shared state but the context,
   and each socket belongs to one thread. Usage: relay [word] */
#include "example.h"
#include <pthread.h>

struct step {
    void *context;
    /* Where the word comes from, a socket that is bound already; NULL for the first step. */
    void *input;
    const char *output;
    const char *word;
    const char *name;
};

static void *run (void *argument)
{
    struct step *step = argument;
    void *next = make_socket (step->context, ZMQ_PAIR);
    char word[256];

    if (step->input) {
        recv_text (step->input, word, sizeof word - 1);
        CHECK (zmq_close (step->input));
    } else
        snprintf (word, sizeof word - 1, "%s", step->word);
    printf ("%s passes on: %s\n", step->name, word);
    strcat (word, "!");
    CHECK (zmq_connect (next, step->output));
    send_text (next, word, 0);
    CHECK (zmq_close (next));
    return NULL;
}

static void *bound (void *context, const char *endpoint)
{
    void *socket = make_socket (context, ZMQ_PAIR);
    CHECK (zmq_bind (socket, endpoint));
    return socket;
}

int main (int argc, char **argv)
{
    void *context = start ();
    struct step first = {context, NULL, "inproc://second", text_argument (argc, argv, 1, "Hello"), "First"};
    struct step second = {context, bound (context, "inproc://second"), "inproc://third", NULL, "Second"};
    void *third = bound (context, "inproc://third");
    pthread_t threads[2];
    char word[256];

    check (pthread_create (&threads[0], NULL, run, &second) == 0, "pthread_create");
    check (pthread_create (&threads[1], NULL, run, &first) == 0, "pthread_create");
    recv_text (third, word, sizeof word);
    printf ("Third has: %s\n", word);
    pthread_join (threads[0], NULL);
    pthread_join (threads[1], NULL);
    return finish (context, third, NULL, NULL);
}
