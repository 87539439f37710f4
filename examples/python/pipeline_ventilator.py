"""Pipeline, its beginning: a PUSH socket deals tasks out to the workers that are there, in turns.
Usage: pipeline_ventilator.py [tasks] [results] [control] [count]"""

import zmq

from arguments import argument

count = argument(4, 20)

with (
    zmq.Context() as context,
    context.socket(zmq.PUSH) as workers,
    context.socket(zmq.PUSH) as sink,
    context.socket(zmq.SUB) as signals,
):
    workers.bind(argument(1, "tcp://*:5557"))
    sink.connect(argument(2, "tcp://localhost:5558"))
    signals.connect(argument(3, "tcp://localhost:5559"))
    signals.subscribe("GO")

    # The sink tells when all workers are there.
    signals.recv_string()
    sink.send_string(f"TASKS {count}")
    for task in range(1, count + 1):
        workers.send_string(str(task))
    print(f"Sent {count} tasks", flush=True)
