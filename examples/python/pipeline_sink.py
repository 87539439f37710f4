"""Pipeline, its end: a PULL socket collects the results of all workers; an XPUB tells when to begin and
when to stop, and sees who listens. Usage: pipeline_sink.py [results] [control] [workers]"""

import zmq

from arguments import argument

workers = argument(3, 2)

with (
    zmq.Context() as context,
    context.socket(zmq.PULL) as sink,
    context.socket(zmq.XPUB) as signals,
):
    # Else only the first of equal subscriptions is shown.
    signals.setsockopt(zmq.XPUB_VERBOSE, 1)
    sink.bind(argument(1, "tcp://*:5558"))
    signals.bind(argument(2, "tcp://*:5559"))

    # The ventilator and all workers have to listen, so that no signal is missed.
    listeners = 0
    while listeners < workers + 1:
        listeners += signals.recv().startswith(b"\x01")
    signals.send_string("GO")

    results, expected = [], None
    while len(results) != expected:
        kind, number = sink.recv_string().split()
        if kind == "TASKS":
            expected = int(number)
        else:
            results.append(int(number))
    print(f"Sum of {expected} results: {sum(results)}", flush=True)
    signals.send_string("END")
