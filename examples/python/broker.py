"""Broker: ROUTER takes requests from any number of clients, DEALER hands them to any number of services,
and zmq.proxy passes them on and their replies back, until SIGINT. Usage: broker.py [clients] [services]"""

import zmq

from arguments import argument

context = zmq.Context()
frontend = context.socket(zmq.ROUTER)
backend = context.socket(zmq.DEALER)
frontend.bind(argument(1, "tcp://*:5555"))
backend.bind(argument(2, "tcp://*:5560"))
try:
    print("Broker runs", flush=True)
    zmq.proxy(frontend, backend)
except KeyboardInterrupt:
    print("Broker ends", flush=True)
context.destroy(linger=0)
