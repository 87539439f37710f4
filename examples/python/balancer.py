"""Load balancing: one ROUTER faces clients, another addresses workers by their routing ids, and each request
goes to the worker that has waited longest. Usage: balancer.py [clients] [workers] [requests] [how many workers]"""

from collections import deque

import zmq

from arguments import argument

requests = argument(3, 10)
worker_count = argument(4, 2)
# Names of workers that wait, the longest waiting first.
idle = deque()

with (
    zmq.Context() as context,
    context.socket(zmq.ROUTER) as frontend,
    context.socket(zmq.ROUTER) as backend,
):
    frontend.bind(argument(1, "tcp://*:5555"))
    backend.bind(argument(2, "tcp://*:5564"))

    def from_worker():
        """A worker is free again: it is new and says READY, or it returns [client, "", reply]."""
        worker, _, *message = backend.recv_multipart()
        idle.append(worker)
        if len(message) < 3:
            print(f"{worker.decode()} is there", flush=True)
            return 0
        frontend.send_multipart(message)
        return 1

    def from_client():
        """[client, "", request] becomes [worker, "", client, "", request]."""
        backend.send_multipart([idle.popleft(), b"", *frontend.recv_multipart()])

    answered = 0
    while answered < requests:
        # Requests stay in the queue while nobody can do them.
        poller = zmq.Poller()
        poller.register(backend, zmq.POLLIN)
        if idle:
            poller.register(frontend, zmq.POLLIN)
        ready = dict(poller.poll())
        if backend in ready:
            answered += from_worker()
        elif frontend in ready:
            from_client()
    for _ in range(worker_count):
        while not idle:
            from_worker()
        backend.send_multipart([idle.popleft(), b"", b"END"])
    print(f"Balanced {answered} requests", flush=True)
