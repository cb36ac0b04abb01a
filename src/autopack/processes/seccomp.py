"""A filter of system calls: what no namespace keeps apart, and what our limits can't count.

Keys of the kernel's key rings belong to the user, not to a namespace. Large segments of System V shared
memory are held by no process. Small ones are left: PostgreSQL starts with one of 56 bytes.
"""

from __future__ import annotations

import errno
import os
import platform
import struct
import sys

SEGMENT_BYTES = 65_536
"""The largest segment; the kernel allows 4,096 of them."""

_LOAD, _AND, _EQUAL, _ABOVE, _RETURN = 0x20, 0x54, 0x15, 0x25, 0x06
_ALLOW, _REFUSE = 0x7FFF0000, 0x00050000 | errno.EPERM
_NUMBER, _ARCHITECTURE, _ARGUMENTS = 0, 4, 16
_NOT_X32 = 0xBFFFFFFF
_SHMGET_OF_IPC = 23

_Instruction = tuple[int, int, int, int]

_X86_64 = (0xC000003E, (248, 249, 250), 29, None)
_X86 = (0x40000003, (286, 287, 288), 395, 117)
_ARM_64 = (0xC00000B7, (217, 218, 219), 194, None)
_ARM = (0x40000028, (309, 310, 311), 307, None)
"""Architecture; add_key, request_key, keyctl; shmget; ipc, which holds shmget."""
_CALLS = {"x86_64": (_X86_64, _X86), "aarch64": (_ARM_64, _ARM)}


def filter_file() -> int | None:
    """An open file with the filter for bubblewrap; None on an architecture that we have no numbers for."""
    calls = _CALLS.get(platform.machine())
    if calls is None or sys.platform != "linux":
        return None
    program: list[_Instruction] = [(_LOAD, 0, 0, _ARCHITECTURE)]
    for architecture, keys, shmget, ipc in calls:
        part = _refusals(keys, shmget, ipc)
        program += [(_EQUAL, 0, len(part), architecture), *part]
    program.append((_RETURN, 0, 0, _ALLOW))
    file = os.memfd_create("filter")
    os.write(file, b"".join(struct.pack("=HBBI", *instruction) for instruction in program))
    os.lseek(file, 0, os.SEEK_SET)
    return file


def _refusals(keys: tuple[int, ...], shmget: int, ipc: int | None) -> list[_Instruction]:
    """For one architecture, which it ends with a verdict."""
    part: list[_Instruction] = [(_LOAD, 0, 0, _NUMBER), (_AND, 0, 0, _NOT_X32)]
    for key in keys:
        part += [(_EQUAL, 0, 1, key), (_RETURN, 0, 0, _REFUSE)]
    size = _refuse_above(1)
    part += [(_EQUAL, 0, len(size), shmget), *size]
    if ipc is not None:
        inner = [(_LOAD, 0, 0, _ARGUMENTS), (_AND, 0, 0, 0xFFFF)]
        size = _refuse_above(2)
        inner += [(_EQUAL, 0, len(size), _SHMGET_OF_IPC), *size]
        part += [(_EQUAL, 0, len(inner), ipc), *inner]
    return [*part, (_RETURN, 0, 0, _ALLOW)]


def _refuse_above(argument: int) -> list[_Instruction]:
    """Both halves of a size."""
    place = _ARGUMENTS + 8 * argument
    return [
        (_LOAD, 0, 0, place + 4),
        (_ABOVE, 2, 0, 0),
        (_LOAD, 0, 0, place),
        (_ABOVE, 0, 1, SEGMENT_BYTES),
        (_RETURN, 0, 0, _REFUSE),
        (_RETURN, 0, 0, _ALLOW),
    ]
