"""Polling: one thread waits for two sockets at once, counts the tasks that come to its PULL, and answers
questions that come to its REP in between. Usage: poll_server.py [tasks] [questions]"""

import zmq

from arguments import argument

with zmq.Context() as context, context.socket(zmq.PULL) as pull, context.socket(zmq.REP) as rep:
    pull.bind(argument(1, "tcp://*:5557"))
    rep.bind(argument(2, "tcp://*:5555"))
    poller = zmq.Poller()
    poller.register(pull, zmq.POLLIN)
    poller.register(rep, zmq.POLLIN)
    taken, question = 0, ""
    while question != "stop":
        ready = dict(poller.poll())
        if pull in ready:
            print(f"Task: {pull.recv_string()}", flush=True)
            taken += 1
        if rep in ready:
            question = rep.recv_string()
            rep.send_string(str(taken))
    print(f"Stopped after {taken} tasks", flush=True)
