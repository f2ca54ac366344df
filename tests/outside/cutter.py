# SPDX-License-Identifier: Apache-2.0
"""A line that is cut: a proxy that ends connections after so many bytes, and counts all that passed."""

import contextlib
import select
import socket
import struct
import threading

from .process import free_port


class Cutter:
    """Towards `port`. `up` and `down` are lists: the next connections end when so many bytes have gone that way; what
    went before the cut arrives."""

    def __init__(self, port):
        self.to, self.port = port, free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.up, self.down = [], []
        self.sent, self.received, self.cuts = 0, 0, 0
        self.lock = threading.Lock()
        self.listener = socket.create_server(("127.0.0.1", self.port), backlog=64)

    def __enter__(self):
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_failure):
        self.listener.close()

    def _accept(self):
        with contextlib.suppress(OSError):
            while True:
                near, _ = self.listener.accept()
                threading.Thread(target=self._serve, args=(near,), daemon=True).start()

    def _serve(self, near):
        try:
            far = socket.create_connection(("127.0.0.1", self.to))
        except OSError:
            near.close()
            return
        with contextlib.suppress(OSError):
            self._pass(near, far)
        for one in (near, far):
            one.close()

    def _pass(self, near, far):
        moved = {near: 0, far: 0}
        while True:
            for one in select.select([near, far], [], [])[0]:
                other, limits = (far, self.up) if one is near else (near, self.down)
                data = one.recv(65536)
                if not data:
                    return
                with self.lock:
                    cut = bool(limits) and moved[one] + len(data) > limits[0]
                    if cut:
                        data = data[:limits.pop(0) - moved[one]]
                        self.cuts += 1
                    if one is near:
                        self.sent += len(data)
                    else:
                        self.received += len(data)
                moved[one] += len(data)
                other.sendall(data)
                if cut:
                    self._cut(near, far, one is near)
                    return

    def _cut(self, near, far, upwards):
        """What went before arrives; the client sees its line break off."""
        if upwards:
            far.shutdown(socket.SHUT_WR)
            near.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            near.close()
        else:
            near.shutdown(socket.SHUT_WR)
            far.shutdown(socket.SHUT_RD)
        rest = far if upwards else near
        rest.settimeout(5)
        with contextlib.suppress(OSError):
            while rest.recv(65536):
                pass
