/* Weather, the publishing side: a PUB socket sends each report to those who subscribed to its beginning,
   and knows neither how many they are nor what they want. Usage: weather_server [endpoint] [rounds] */
#include "example.h"

int main (int argc, char **argv)
{
    static const char *places[] = {"Lisbon", "Oslo", "Quito"};
    const char *endpoint = text_argument (argc, argv, 1, "tcp://*:5556");
    int rounds = number_argument (argc, argv, 2, 100);
    int round, place;
    char report[64];
    void *context = start ();
    void *publisher = make_socket (context, ZMQ_PUB);

    CHECK (zmq_bind (publisher, endpoint));
    for (round = 0; round < rounds; round++) {
        for (place = 0; place < 3; place++) {
            snprintf (report, sizeof report, "%s %d", places[place], 10 * place + round % 10);
            send_text (publisher, report, 0);
        }
        pause_ms (20);
    }
    printf ("Published %d rounds\n", rounds);
    return finish (context, publisher, NULL, NULL);
}
