# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A busy computer, made at will: processes that do nothing but use a processor each, and end with us."""

from __future__ import annotations

import contextlib
import subprocess
import sys
from collections.abc import Iterator

# asks now and then whether the one that started it is still there
HOG = """
import os
parent = os.getppid()
while os.getppid() == parent:
    for _turn in range(1000000):
        pass
"""


@contextlib.contextmanager
def busy(processes: int) -> Iterator[list[int]]:
    """So many of them while the block runs; their process ids."""
    hogs = [subprocess.Popen([sys.executable, "-c", HOG], stdin=subprocess.DEVNULL) for _number in range(processes)]
    try:
        yield [hog.pid for hog in hogs]
    finally:
        for hog in hogs:
            hog.kill()
        for hog in hogs:
            hog.wait()
