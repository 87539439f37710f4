/* Forwarder, a publisher in front of it: a PUB socket that connects, and sends reports of one place;
   subscribers are weather_client. Usage: forwarder_publisher [endpoint] [place] [rounds] */
#include "example.h"

int main (int argc, char **argv)
{
    const char *endpoint = text_argument (argc, argv, 1, "tcp://localhost:5561");
    const char *place = text_argument (argc, argv, 2, "Oslo");
    int rounds = number_argument (argc, argv, 3, 100);
    int round;
    char report[256];
    void *context = start ();
    void *publisher = make_socket (context, ZMQ_PUB);

    CHECK (zmq_connect (publisher, endpoint));
    for (round = 0; round < rounds; round++) {
        snprintf (report, sizeof report, "%.200s %d", place, round % 10);
        send_text (publisher, report, 0);
        pause_ms (20);
    }
    printf ("Published %d rounds\n", rounds);
    return finish (context, publisher, NULL, NULL);
}
