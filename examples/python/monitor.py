"""Monitor: a server is told of what happens to its connections, as messages on an inproc PAIR that is polled
beside its own socket; clients are hello_client. Usage: monitor.py [endpoint] [count]"""

import zmq
from zmq.utils.monitor import recv_monitor_message

from arguments import argument

count = argument(2, 10)


def recv_event(monitor):
    event = recv_monitor_message(monitor)["event"]
    print(f"Event: {zmq.Event(event).name}", flush=True)
    return event


with zmq.Context() as context, context.socket(zmq.REP) as socket:
    monitor = socket.get_monitor_socket()
    socket.bind(argument(1, "tcp://*:5555"))
    poller = zmq.Poller()
    poller.register(socket, zmq.POLLIN)
    poller.register(monitor, zmq.POLLIN)
    served, disconnected = 0, False
    # Until the last client has gone.
    while served < count or not disconnected:
        ready = dict(poller.poll())
        if socket in ready:
            socket.send_string(socket.recv_string())
            served += 1
        if monitor in ready:
            disconnected = recv_event(monitor) == zmq.Event.DISCONNECTED
    print(f"Served {served} requests", flush=True)
    socket.disable_monitor()
    while recv_event(monitor) != zmq.Event.MONITOR_STOPPED:
        pass
    monitor.close()
