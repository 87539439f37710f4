"""CURVE, the keys: makes a key pair each for the server and the client, as text files in a folder.
Secret keys are readable by their owner only. Usage: curve_keys.py [folder]"""

import os
import sys

import zmq

from arguments import argument


def write_key(name, key, mode):
    path = os.path.join(argument(1, "."), name)
    try:
        with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as file:
            file.write(key)
    except OSError as error:
        sys.exit(f"{path}: {error.strerror}")


for owner in "server", "client":
    public, secret = zmq.curve_keypair()
    write_key(f"{owner}.public", public, 0o644)
    write_key(f"{owner}.secret", secret, 0o600)
print("Wrote two key pairs", flush=True)
