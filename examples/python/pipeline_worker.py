"""Pipeline, its middle: takes tasks from a PULL socket, squares them, and passes the results on by PUSH,
until the end is published. Usage: pipeline_worker.py [tasks] [results] [control]"""

import zmq

from arguments import argument

with (
    zmq.Context() as context,
    context.socket(zmq.PULL) as ventilator,
    context.socket(zmq.PUSH) as sink,
    context.socket(zmq.SUB) as signals,
):
    ventilator.connect(argument(1, "tcp://localhost:5557"))
    sink.connect(argument(2, "tcp://localhost:5558"))
    signals.connect(argument(3, "tcp://localhost:5559"))
    signals.subscribe("END")

    poller = zmq.Poller()
    poller.register(ventilator, zmq.POLLIN)
    poller.register(signals, zmq.POLLIN)
    done = 0
    while True:
        ready = dict(poller.poll())
        if ventilator in ready:
            task = int(ventilator.recv_string())
            sink.send_string(f"RESULT {task * task}")
            done += 1
        if signals in ready:
            break
    print(f"Done with {done} tasks", flush=True)
