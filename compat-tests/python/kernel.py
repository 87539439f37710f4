"""Starts a Jupyter kernel and does with it what a notebook does: runs cells, interrupts one, restarts the
kernel and shuts it down; over tcp, over ipc, and over tcp secured by CURVE.

    kernel.py LIBRARY

LIBRARY is the libzmq on which both ends have to be. Any step that fails, or takes too long, ends the
script with an error; the kernel never outlives it.
"""

import os
import queue
import signal
import sys
import tempfile
import time

import jupyter_client
import zmq
from jupyter_client.manager import KernelManager

# A kernel of Python takes a few seconds to start; a machine that is busy, many more.
START = 120
CELL = 60

SHOW_LIBRARIES = """
with open("/proc/self/maps") as maps:
    print({line.split()[-1] for line in maps if "libzmq" in line})
"""


# Has the kernel write down where its threads are when it gets a signal.
SHOW_THREADS = """
import faulthandler, signal
faulthandler.register(signal.SIGUSR1, open({file!r}, "w"))
"""


class Silence(Exception):
    """The kernel owes something, and nothing comes."""


def main(library):
    with open("/proc/self/maps", encoding="utf-8") as maps:
        check(library in maps.read(), f"the client is not on {library}")
    print(f"jupyter_client {jupyter_client.__version__}, pyzmq {zmq.__version__}, "
          f"libzmq {zmq.zmq_version()}")
    with tempfile.TemporaryDirectory() as folder:
        for name, settings in (
            ("tcp", {}),
            ("ipc", {"transport": "ipc", "ip": os.path.join(folder, "kernel")}),
            ("tcp with CURVE", {"transport_encryption": "required"}),
        ):
            started = time.monotonic()
            session(library, KernelManager(**settings), os.path.join(folder, "threads"))
            print(f"{name}: a session in {time.monotonic() - started:.1f} s")


def session(library, manager, threads):
    manager.start_kernel()
    try:
        client = connect(manager)
        run(client, SHOW_THREADS.format(file=threads))
        try:
            use(manager, client, library)
        except Silence as silence:
            sys.exit(f"{silence}\n{whereabouts(manager, client, threads)}")
        client = restart(manager, client)
        client.shutdown()
        wait_until(lambda: not manager.is_alive(), "the kernel does not shut down")
        client.stop_channels()
    finally:
        manager.shutdown_kernel(now=True)
    check(not manager.is_alive(), "the kernel lives on")


def connect(manager):
    client = manager.client()
    client.start_channels()
    client.wait_for_ready(timeout=START)
    return client


def use(manager, client, library):
    check(library in run(client, SHOW_LIBRARIES), f"the kernel is not on {library}")
    check(run(client, "x = 6\nprint(x * 7)") == "42\n", "a cell does not say 42")
    big = run(client, "print('x' * 3_000_000)")
    check(len(big) == 3_000_001, f"of 3000001 characters {len(big)} came")
    check(run(client, "1 / 0", "ZeroDivisionError") == "", "an error says something")
    # In short naps: a signal that comes when Python is just about to sleep is looked at after that.
    for cell in ("import time; print('go', flush=True)\nwhile True: time.sleep(0.1)",
                 "print('go', flush=True)\nwhile True: pass"):
        interrupt(manager, client, cell)
    check(run(client, "print(x)") == "6\n", "an interrupt took the state along")


def interrupt(manager, client, cell):
    """Interrupts a cell when it is known to run."""
    request = client.execute(cell)
    while message(client, cell, request)["msg_type"] != "stream":
        pass
    manager.interrupt_kernel()
    collect(client, cell, request, "KeyboardInterrupt")


def restart(manager, client):
    client.stop_channels()
    manager.restart_kernel(now=False)
    client = connect(manager)
    run(client, "x", "NameError")
    check(run(client, "print('again')") == "again\n", "a restarted kernel runs no cell")
    return client


def run(client, cell, error=None):
    """Runs a cell that ends with this error, and gives back what it prints."""
    return collect(client, cell, client.execute(cell), error)


def collect(client, cell, request, error):
    text = ""
    while True:
        heard = message(client, cell, request)
        if heard["msg_type"] == "stream":
            text += heard["content"]["text"]
        elif heard["msg_type"] == "status" and heard["content"]["execution_state"] == "idle":
            break
    reply = {"parent_header": {"msg_id": None}}
    # The client asked more than once whether the kernel is ready, and may hear it more than once.
    while reply["parent_header"]["msg_id"] != request:
        try:
            reply = client.get_shell_msg(timeout=CELL)
        except queue.Empty:
            raise Silence(f"no reply to {cell!r}") from None
    check(reply["content"].get("ename") == error, f"{reply['content']} instead of {error}")
    return text


def message(client, cell, request):
    """The next that the kernel publishes about this request."""
    while True:
        try:
            heard = client.get_iopub_msg(timeout=CELL)
        except queue.Empty:
            raise Silence(f"nothing more is published about {cell!r}") from None
        if heard["parent_header"].get("msg_id") == request:
            return heard


def whereabouts(manager, client, threads):
    """What else there is to know about a kernel that is silent."""
    os.kill(manager.provisioner.pid, signal.SIGUSR1)
    client.kernel_info()
    facts = []
    for name, get in (("replies to", client.get_shell_msg), ("publishes about", client.get_iopub_msg)):
        try:
            facts.append(f"asked again, it {name} {get(timeout=5)['parent_header']}")
        except queue.Empty:
            facts.append(f"asked again, it {name} nothing")
    with open(threads, encoding="utf-8") as file:
        return "\n".join([*facts, file.read()])


def wait_until(condition, complaint):
    end = time.monotonic() + CELL
    while not condition():
        check(time.monotonic() < end, complaint)
        time.sleep(0.05)


def check(fact, complaint):
    if not fact:
        sys.exit(complaint)


main(sys.argv[1])
