"""Free TCP ports on the loopback interface."""

from __future__ import annotations

import random
import socket
from contextlib import ExitStack

HOST = "127.0.0.1"

# Below the kernel's ephemeral range (32768 and up on Linux), so that no outgoing connection takes a port
# between the moment it is chosen here and the moment its server binds it.
_CANDIDATES = range(15_000, 32_000)


def free_ports(count: int) -> list[int]:
    """Return `count` different ports that nothing on 127.0.0.1 is bound to.

    The sockets are held until all are found, so that the ports differ; then they are released.

    Raises:
        OSError: no free port is left.
    """
    ports: list[int] = []
    with ExitStack() as held:
        for port in random.sample(_CANDIDATES, len(_CANDIDATES)):
            if len(ports) == count:
                return ports
            candidate = held.enter_context(socket.socket(socket.AF_INET, socket.SOCK_STREAM))
            try:
                candidate.bind((HOST, port))
            except OSError:
                continue
            ports.append(port)
    raise OSError(
        f"no {count} free TCP ports on {HOST} between {_CANDIDATES.start} and {_CANDIDATES.stop - 1}"
    )
