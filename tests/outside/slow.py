# SPDX-License-Identifier: Apache-2.0
"""A line to a server on loopback that brings so many bytes a second."""

import contextlib
import socket
import threading
import time

PIECE = 16384


class Slow:
    def __init__(self, port, bytes_per_second):
        self.far, self.rate = port, bytes_per_second
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.host = f"127.0.0.1:{self.port}"

    def __enter__(self):
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_failure):
        self.listener.close()

    def _accept(self):
        with contextlib.suppress(OSError):
            while True:
                near = self.listener.accept()[0]
                far = socket.create_connection(("127.0.0.1", self.far))
                threading.Thread(target=self._pass, args=(near, far, False), daemon=True).start()
                threading.Thread(target=self._pass, args=(far, near, True), daemon=True).start()

    def _pass(self, source, sink, slowly):
        with contextlib.suppress(OSError):
            while content := source.recv(PIECE):
                sink.sendall(content)
                if slowly:
                    time.sleep(len(content) / self.rate)
        for end in (source, sink):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
