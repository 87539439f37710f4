"""Forwarder: publishers connect to an XSUB, subscribers to an XPUB, and neither knows of the other;
subscriptions go the other way through the proxy. Ends with SIGINT. Usage: forwarder.py [in] [out]"""

import threading

import zmq

from arguments import argument

context = zmq.Context()
frontend = context.socket(zmq.XSUB)
backend = context.socket(zmq.XPUB)
frontend.bind(argument(1, "tcp://*:5561"))
backend.bind(argument(2, "tcp://*:5556"))


def run():
    try:
        zmq.proxy(frontend, backend)
    except zmq.ContextTerminated:
        pass
    finally:
        frontend.close(linger=0)
        backend.close(linger=0)


# The main thread is free for signals: within the proxy, one that comes while a message is passed on is missed.
thread = threading.Thread(target=run)
thread.start()
try:
    print("Forwarder runs", flush=True)
    thread.join()
except KeyboardInterrupt:
    print("Forwarder ends", flush=True)
context.term()
thread.join()
