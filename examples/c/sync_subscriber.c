/* Synchronised subscriber: a greeting proves that the subscription stands; then it reports itself, and
   receives everything from the first number on. Usage: sync_subscriber [data] [ready] */
#include "example.h"

int main (int argc, char **argv)
{
    const char *data = text_argument (argc, argv, 1, "tcp://localhost:5561");
    const char *ready = text_argument (argc, argv, 2, "tcp://localhost:5562");
    int taken = 0;
    char text[64];
    void *context = start ();
    void *subscriber = make_socket (context, ZMQ_SUB);
    void *report = make_socket (context, ZMQ_REQ);

    set_number (subscriber, ZMQ_RCVHWM, 0);
    CHECK (zmq_connect (subscriber, data));
    CHECK (zmq_connect (report, ready));
    subscribe (subscriber, "");
    recv_text (subscriber, text, sizeof text);
    send_text (report, "I hear you", 0);
    recv_text (report, text, sizeof text);
    do {
        recv_text (subscriber, text, sizeof text);
        if (atoi (text) > 0 && atoi (text) != ++taken) {
            fprintf (stderr, "%s came where %d was due\n", text, taken);
            return 1;
        }
    } while (strcmp (text, "END") != 0);
    printf ("Received %d in order\n", taken);
    return finish (context, subscriber, report, NULL);
}
