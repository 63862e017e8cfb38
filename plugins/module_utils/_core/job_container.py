# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a file would vanish together with the container that this job runs in."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import typing as t

_VARIABLES = ("AWX_HOST", "JOB_ID")  # AWX and Automation Controller set them in every job
_MARKERS = ("/.dockerenv", "/run/.containerenv")
_RUNNER = "/runner"  # private data of one job, mounted into it and thrown away afterwards
_MOUNTS = "/proc/self/mountinfo"
_PASSING = ("overlay", "ramfs", "tmpfs")
_OCTAL = (("\\040", " "), ("\\011", "\t"), ("\\012", "\n"), ("\\134", "\\"))


@dataclasses.dataclass(frozen=True)
class Surroundings:
    """Why we seem to run in a container (empty: we do not), and the mounts as (folder, kind of file system)."""

    signs: list[str]
    mounts: list[tuple[str, str]]


def inspect_process() -> Surroundings:
    """Signs and mounts of this process."""
    signs = [name for name in _VARIABLES if os.environ.get(name)]
    signs += [path for path in (_RUNNER, *_MARKERS) if os.path.exists(path)]
    lines: list[str] = []
    with contextlib.suppress(OSError), open(_MOUNTS, encoding="utf-8", errors="replace") as file:
        lines = file.readlines()
    return Surroundings(signs, parse_mounts(lines))


def parse_mounts(lines: t.Iterable[str]) -> list[tuple[str, str]]:
    """Mount points and kinds of file system from the lines of /proc/self/mountinfo."""
    mounts = []
    for line in lines:
        left, _dash, right = line.partition(" - ")
        fields, kinds = left.split(), right.split()
        if len(fields) > 4 and kinds:
            folder = fields[4]
            for octal, character in _OCTAL:
                folder = folder.replace(octal, character)
            mounts.append((folder, kinds[0]))
    return mounts


def vanishes(path: str, around: Surroundings) -> bool:
    """Whether a file at that path goes with the container: it lies in its own layers, in memory or in /runner."""
    if not around.signs:
        return False
    real = os.path.realpath(path)
    if inside(real, _RUNNER):
        return True
    holders = [(folder, kind) for folder, kind in around.mounts if inside(real, folder)]
    if not holders:
        return True
    folder, kind = max(holders, key=lambda holder: len(holder[0]))
    return folder == "/" or kind in _PASSING


def inside(path: str, folder: str) -> bool:
    """Whether the path is that folder or lies below it; both without links."""
    return folder == "/" or path == folder or path.startswith(folder + "/")
