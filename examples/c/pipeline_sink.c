/* Pipeline, its end: a PULL socket collects the results of all workers; an XPUB tells when to begin and
   when to stop, and sees who listens. Usage: pipeline_sink [results] [control] [workers] */
#include "example.h"

/* Waits until the ventilator and all workers have subscribed, so that no signal is missed. */
static void wait_for_listeners (void *signals, int workers)
{
    char text[64];
    int listeners = 0;

    while (listeners < workers + 1) {
        recv_text (signals, text, sizeof text);
        /* One byte, 1 for "subscribe", then the prefix. */
        if (text[0] == 1)
            listeners++;
    }
}

int main (int argc, char **argv)
{
    const char *results = text_argument (argc, argv, 1, "tcp://*:5558");
    const char *control = text_argument (argc, argv, 2, "tcp://*:5559");
    int workers = number_argument (argc, argv, 3, 2);
    long sum = 0, number;
    int taken = 0, expected = -1;
    char text[64];
    void *context = start ();
    void *sink = make_socket (context, ZMQ_PULL);
    void *signals = make_socket (context, ZMQ_XPUB);

    /* Else only the first of equal subscriptions is shown. */
    set_number (signals, ZMQ_XPUB_VERBOSE, 1);
    CHECK (zmq_bind (sink, results));
    CHECK (zmq_bind (signals, control));
    wait_for_listeners (signals, workers);
    send_text (signals, "GO", 0);
    while (taken != expected) {
        recv_text (sink, text, sizeof text);
        if (sscanf (text, "TASKS %ld", &number) == 1)
            expected = (int) number;
        else if (sscanf (text, "RESULT %ld", &number) == 1) {
            sum += number;
            taken++;
        }
    }
    printf ("Sum of %d results: %ld\n", taken, sum);
    send_text (signals, "END", 0);
    return finish (context, sink, signals, NULL);
}
