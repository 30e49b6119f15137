"""TLS towards the PBX: one context for both accounts, and a blocking connection that two threads may share."""

import select
import socket
import ssl
import threading
from functools import cache

from django.core.exceptions import ImproperlyConfigured


@cache
def context_for(ca_file: str) -> ssl.SSLContext:
    """`ca_file` in PEM, or empty for the system's authorities. The PBX's certificate must name its host.

    Raises ImproperlyConfigured.
    """
    try:
        return ssl.create_default_context(cafile=ca_file or None)
    except OSError as error:
        raise ImproperlyConfigured(f"ASTERISK_AMI_CA_FILE cannot be used: {error.strerror or error}.") from None


class TlsConnection:
    """As much of a socket as AMI needs. OpenSSL lets one thread at a time use a connection.

    So the reader waits for bytes without the lock, and holds it only while it takes what has come.
    """

    def __init__(self, plain: socket.socket, context: ssl.SSLContext, host: str, send_seconds: float) -> None:
        """Shakes hands within the timeout of `plain`, which it then owns. Raises OSError."""
        self._tls = context.wrap_socket(plain, server_hostname=host)
        self._send_seconds = send_seconds
        self._lock = threading.Lock()
        self._poll = select.poll()
        self._poll.register(self._tls, select.POLLIN)

    def recv(self, size: int) -> bytes:
        while True:
            with self._lock:
                try:
                    self._tls.settimeout(0)
                    return self._tls.recv(size)
                except ssl.SSLWantReadError:
                    pass
            self._poll.poll()

    def sendall(self, data: bytes) -> None:
        with self._lock:
            self._tls.settimeout(self._send_seconds)
            self._tls.sendall(data)

    def shutdown(self, how: int) -> None:
        """Wakes whoever waits in recv()."""
        socket.socket.shutdown(self._tls, how)  # SSLSocket.shutdown would make it a plain socket meanwhile

    def close(self) -> None:
        self._tls.close()
