/* Broker: ROUTER takes requests from any number of clients, DEALER hands them to any number of services,
   and zmq_proxy passes them on and their replies back, until SIGINT. Usage: broker [clients] [services] */
#include "until_interrupted.h"

int main (int argc, char **argv)
{
    const char *clients = text_argument (argc, argv, 1, "tcp://*:5555");
    const char *services = text_argument (argc, argv, 2, "tcp://*:5560");
    void *context = start ();
    pthread_t watcher = shut_down_when_interrupted (context);
    void *frontend = make_socket (context, ZMQ_ROUTER);
    void *backend = make_socket (context, ZMQ_DEALER);

    set_number (frontend, ZMQ_LINGER, 0);
    set_number (backend, ZMQ_LINGER, 0);
    CHECK (zmq_bind (frontend, clients));
    CHECK (zmq_bind (backend, services));
    printf ("Broker runs\n");
    zmq_proxy (frontend, backend, NULL);
    check (zmq_errno () == ETERM, "zmq_proxy");
    printf ("Broker ends\n");
    pthread_join (watcher, NULL);
    return finish (context, frontend, backend, NULL);
}
