"""Where this machine's own servers may listen."""

import socket

Listener = socket.socket
"""A socket that a server was given; named here, for sockets are this package's alone."""


def free_port(wanted: int, host: str = "127.0.0.1") -> int | None:
    """``wanted`` if nobody listens there, for 0 any free one; None when it is taken.

    Somebody may take it in the next moment: whoever listens still has to look at the answer.
    """
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, wanted))
        except OSError:
            return None
        return int(probe.getsockname()[1])
