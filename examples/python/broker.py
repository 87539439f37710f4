"""Broker: ROUTER takes requests from any number of clients, DEALER hands them to any number of services,
and zmq.proxy passes them on and their replies back, until SIGINT. Usage: broker.py [clients] [services]"""

import threading

import zmq

from arguments import argument

context = zmq.Context()
frontend = context.socket(zmq.ROUTER)
backend = context.socket(zmq.DEALER)
frontend.bind(argument(1, "tcp://*:5555"))
backend.bind(argument(2, "tcp://*:5560"))


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
    print("Broker runs", flush=True)
    thread.join()
except KeyboardInterrupt:
    print("Broker ends", flush=True)
context.term()
thread.join()
