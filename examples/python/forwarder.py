"""Forwarder: publishers connect to an XSUB, subscribers to an XPUB, and neither knows of the other;
subscriptions go the other way through the proxy. Ends with SIGINT. Usage: forwarder.py [in] [out]"""

import zmq

from arguments import argument

context = zmq.Context()
frontend = context.socket(zmq.XSUB)
backend = context.socket(zmq.XPUB)
frontend.bind(argument(1, "tcp://*:5561"))
backend.bind(argument(2, "tcp://*:5556"))
try:
    print("Forwarder runs", flush=True)
    zmq.proxy(frontend, backend)
except KeyboardInterrupt:
    print("Forwarder ends", flush=True)
context.destroy(linger=0)
