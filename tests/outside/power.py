# SPDX-License-Identifier: Apache-2.0
"""A PostgreSQL whose power can be cut: what its log has not synced is lost, though the kernel has it.

A library that is loaded into the server (tests/crash/power_cut.c) notes what each write to the log covers
until that is synced. A cut stops and kills every process and then puts the old bytes back: all of them, or
each by the toss of a coin, as disks write what they have in any order.
"""

import os
import shutil
import struct

from . import BUILD
from .pg import PrivatePostgres

HEAD = struct.Struct("=iiQQQ")  # as struct page in power_cut.c
RECORD = struct.Struct("=QQQQQ")
RECORDS_MAX = 65536
BYTES_MAX = 256 << 20


class MortalPostgres(PrivatePostgres):
    def __init__(self, folder, sync_us=0):
        super().__init__(folder)
        library = self.folder / "power_cut.so"
        shutil.copy(BUILD / "tests/libpower_cut.so", library)
        library.chmod(0o755)
        self.page = self.folder / "page"
        self.forget()
        self.env = {"LD_PRELOAD": str(library), "POWER_CUT_PAGE": str(self.page), "POWER_CUT_SYNC_US": str(sync_us)}
        self.lost_bytes = self.lossy_cuts = 0

    def forget(self):
        self.page.unlink(missing_ok=True)
        with open(self.page, "wb") as page:
            page.truncate(HEAD.size + RECORDS_MAX * RECORD.size + BYTES_MAX)
        self.page.chmod(0o666)

    def cut(self, rng):
        """The power goes; start() is its return. How many bytes of the log were lost."""
        self.kill(whole=True)
        lost = self._put_back((lambda: True) if rng.random() < 0.7 else (lambda: rng.random() < 0.5))
        self.forget()
        self.lost_bytes += lost
        self.lossy_cuts += lost > 0
        return lost

    def _put_back(self, is_lost):
        segments = {entry.stat().st_ino: entry.path for entry in os.scandir(self.data() / "pg_wal") if entry.is_file()}
        lost = 0
        with open(self.page, "rb") as page:
            _, _, records_n, _, _ = HEAD.unpack(page.read(HEAD.size))
            records = [RECORD.unpack(page.read(RECORD.size)) for _ in range(records_n)]
            for inode, offset, length, at, unsynced in reversed(records):
                if not unsynced or inode not in segments or not is_lost():
                    continue
                page.seek(HEAD.size + RECORDS_MAX * RECORD.size + at)
                with open(segments[inode], "r+b") as segment:
                    segment.seek(offset)
                    segment.write(page.read(length))
                lost += length
        return lost
