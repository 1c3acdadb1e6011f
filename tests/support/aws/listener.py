"""A listening socket, in this network namespace or in another one."""
import ctypes
import os
import socket
import threading

CLONE_NEWNET = 0x40000000


def listening(port=0, namespace=None):
    """On loopback. A socket belongs for ever to the namespace that its thread was in: a thread goes there and ends."""
    if namespace is None:
        return _bound(port)
    made = []

    def there():
        try:
            with open(f"/run/netns/{namespace}", "rb") as of:
                libc = ctypes.CDLL(None, use_errno=True)
                if libc.setns(of.fileno(), CLONE_NEWNET) != 0:
                    raise OSError(ctypes.get_errno(), f"setns into {namespace}: {os.strerror(ctypes.get_errno())}")
            made.append(_bound(port))
        except OSError as error:
            made.append(error)

    thread = threading.Thread(target=there)
    thread.start()
    thread.join()
    if isinstance(made[0], OSError):
        raise made[0]
    return made[0]


def _bound(port):
    made = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    made.bind(("127.0.0.1", port))
    made.listen(64)
    return made
