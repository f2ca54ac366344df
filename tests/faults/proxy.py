# SPDX-License-Identifier: Apache-2.0
"""A bad line: TCP from 127.0.0.1:PORT to ADDRESS:PORT, delayed, slowed down and cut as a file says.

    proxy.py PORT ADDRESS FILE      FILE holds "DELAY_MS BYTES_PER_SECOND CUTS": 0 is no limit; when CUTS
                                    grows all connections are reset, whatever was on its way.
"""

import asyncio
import pathlib
import socket
import struct
import sys

PIECE = 4096
LINGER = struct.pack("ii", 1, 0)


class Line:
    def __init__(self, port, address, file):
        self.port, self.address, self.file = port, address, pathlib.Path(file)
        self.open, self.cuts = set(), 0

    def state(self):
        try:
            delay, rate, cuts = (int(word) for word in self.file.read_text().split())
        except (OSError, ValueError):  # it is being written
            return 0, 0, self.cuts
        return delay, rate, cuts

    async def pump(self, reader, writer):
        while data := await reader.read(PIECE):
            delay, rate, _ = self.state()
            if delay:
                await asyncio.sleep(delay / 1000)
            if rate:
                await asyncio.sleep(len(data) / rate)
            writer.write(data)
            await writer.drain()
        writer.write_eof()

    async def serve(self, reader, writer):
        pair = None
        try:
            far_reader, far = await asyncio.open_connection(self.address, self.port)
            pair = (writer, far)
            self.open.add(pair)
            await asyncio.gather(self.pump(reader, far), self.pump(far_reader, writer))
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            self.open.discard(pair)
            for end in pair or (writer,):
                end.close()

    async def watch(self):
        while True:
            await asyncio.sleep(0.05)
            cuts = self.state()[2]
            if cuts > self.cuts:
                self.cuts = cuts
                for pair in list(self.open):
                    for end in pair:
                        end.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, LINGER)
                        end.transport.abort()

    async def run(self):
        server = await asyncio.start_server(self.serve, "127.0.0.1", self.port)
        async with server:
            await asyncio.gather(server.serve_forever(), self.watch())


if __name__ == "__main__":
    asyncio.run(Line(int(sys.argv[1]), sys.argv[2], sys.argv[3]).run())
