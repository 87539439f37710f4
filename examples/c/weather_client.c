/* Weather, the subscribing side: a SUB socket receives what begins with the place it subscribed to,
   and nothing else. Usage: weather_client [endpoint] [place] [count] */
#include "example.h"

int main (int argc, char **argv)
{
    const char *endpoint = text_argument (argc, argv, 1, "tcp://localhost:5556");
    const char *place = text_argument (argc, argv, 2, "Oslo");
    int count = number_argument (argc, argv, 3, 10);
    int taken, sum = 0;
    char report[64], *number;
    void *context = start ();
    void *subscriber = make_socket (context, ZMQ_SUB);

    CHECK (zmq_connect (subscriber, endpoint));
    subscribe (subscriber, place);
    for (taken = 0; taken < count; taken++) {
        recv_text (subscriber, report, sizeof report);
        printf ("Report: %s\n", report);
        number = strrchr (report, ' ');
        sum += number ? atoi (number) : 0;
    }
    if (count > 0)
        printf ("Average of %d: %d\n", count, sum / count);
    return finish (context, subscriber, NULL, NULL);
}
