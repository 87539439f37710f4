/* Synchronised publisher: greets on its PUB until the expected subscribers have said by REQ that they hear
   it, and only then publishes: none misses the beginning. Usage: sync_publisher [data] [ready] [subscribers] [count] */
#include "example.h"

int main (int argc, char **argv)
{
    const char *data = text_argument (argc, argv, 1, "tcp://*:5561");
    const char *ready = text_argument (argc, argv, 2, "tcp://*:5562");
    int subscribers = number_argument (argc, argv, 3, 2);
    int count = number_argument (argc, argv, 4, 1000);
    int number, heard = 0;
    char text[64];
    void *context = start ();
    void *publisher = make_socket (context, ZMQ_PUB);
    void *reports = make_socket (context, ZMQ_REP);
    zmq_pollitem_t item = {reports, 0, ZMQ_POLLIN, 0};

    /* Without a limit, since nothing is to be lost. */
    set_number (publisher, ZMQ_SNDHWM, 0);
    CHECK (zmq_bind (publisher, data));
    CHECK (zmq_bind (reports, ready));
    while (heard < subscribers) {
        send_text (publisher, "HELLO", 0);
        CHECK (zmq_poll (&item, 1, 20));
        if (item.revents & ZMQ_POLLIN) {
            recv_text (reports, text, sizeof text);
            send_text (reports, "", 0);
            heard++;
        }
    }
    for (number = 1; number <= count; number++) {
        snprintf (text, sizeof text, "%d", number);
        send_text (publisher, text, 0);
    }
    send_text (publisher, "END", 0);
    printf ("Published %d to %d subscribers\n", count, subscribers);
    return finish (context, publisher, reports, NULL);
}
