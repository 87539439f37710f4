/* Forwarder: publishers connect to an XSUB, subscribers to an XPUB, and neither knows of the other;
   subscriptions go the other way through the proxy. Ends with SIGINT. Usage: forwarder [in] [out] */
#include "until_interrupted.h"

int main (int argc, char **argv)
{
    const char *in = text_argument (argc, argv, 1, "tcp://*:5561");
    const char *out = text_argument (argc, argv, 2, "tcp://*:5556");
    void *context = start ();
    pthread_t watcher = shut_down_when_interrupted (context);
    void *frontend = make_socket (context, ZMQ_XSUB);
    void *backend = make_socket (context, ZMQ_XPUB);

    set_number (frontend, ZMQ_LINGER, 0);
    set_number (backend, ZMQ_LINGER, 0);
    CHECK (zmq_bind (frontend, in));
    CHECK (zmq_bind (backend, out));
    printf ("Forwarder runs\n");
    zmq_proxy (frontend, backend, NULL);
    check (zmq_errno () == ETERM, "zmq_proxy");
    printf ("Forwarder ends\n");
    pthread_join (watcher, NULL);
    return finish (context, frontend, backend, NULL);
}
