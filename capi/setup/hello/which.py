"""Which library pyzmq runs on."""

import zmq

print(f"pyzmq {zmq.pyzmq_version()}, zmq.zmq_version() {zmq.zmq_version()}, "
      f"zmq.has('zeroxide') {zmq.has('zeroxide')}")
