"""A scripted AMI server in a thread: what a PBX that misbehaves puts on the wire."""

import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

GREETING = b"Asterisk Call Manager/11.0.0\r\n"

Script = Callable[["Peer"], None]


class Peer:
    """One connection. `actions` holds what was received, each as the headers of one action."""

    def __init__(self, connection: socket.socket, actions: list[dict[str, str]]) -> None:
        self._connection = connection
        self._file = connection.makefile("rb")
        self.actions = actions
        self.lines: list[str] = []

    def send(self, data: bytes) -> None:
        self._connection.sendall(data)

    def receive(self) -> dict[str, str] | None:
        """The next action; None at the end of the connection."""
        headers: dict[str, str] = {}
        for raw in self._file:
            line = raw.decode().rstrip("\r\n")
            if not line:
                self.actions.append(headers)
                return headers
            self.lines.append(line)
            name, _, value = line.partition(": ")
            headers[name] = value
        return None

    def answer(self, action: dict[str, str] | None, response: str, message: str) -> None:
        assert action is not None
        text = f"Response: {response}\r\nActionID: {action['ActionID']}\r\nMessage: {message}\r\n\r\n"
        self.send(text.encode())

    def close(self) -> None:
        self._file.close()  # it would keep the connection open

    def log_in(self) -> None:
        self.send(GREETING)
        self.answer(self.receive(), "Success", "Authentication accepted")

    def until_closed(self) -> None:
        while self.receive() is not None:
            pass


class ScriptedServer:
    def __init__(self) -> None:
        self.actions: list[dict[str, str]] = []
        self.lines: list[str] = []
        self.port = 0

    def named(self, action: str) -> list[dict[str, str]]:
        return [headers for headers in self.actions if headers["Action"] == action]


@contextmanager
def scripted(script: Script, tls: ssl.SSLContext | None = None) -> Iterator[ScriptedServer]:
    """Serves connections one after the other with `script`, and closes each when the script is over."""
    server = ScriptedServer()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server.port = listener.getsockname()[1]
        thread = threading.Thread(target=_serve, args=(listener, script, server, tls), name="ami-peer")
        thread.start()
        try:
            yield server
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            thread.join(5)
            assert not thread.is_alive()


def _serve(listener: socket.socket, script: Script, server: ScriptedServer, tls: ssl.SSLContext | None) -> None:
    while True:
        try:
            connection, _ = listener.accept()
        except OSError:
            return
        if tls is not None:
            try:
                connection = tls.wrap_socket(connection, server_side=True)
            except OSError:  # the other side does not trust us
                connection.close()
                continue
        with connection:
            peer = Peer(connection, server.actions)
            try:
                script(peer)
            except OSError:  # the other side has gone: a script need not care
                continue
            finally:
                peer.close()
                server.lines += peer.lines
