"""TensorBoard's event files, for scalars: what TensorBoard shows, written without TensorBoard.

A file is a row of records: the length of the data (uint64), a checksum of that, the data, a checksum of the data; all
little-endian (TFRecord, tensorflow/core/lib/io/record_writer.h). The data is an ``Event`` protocol buffer
(tensorboard/compat/proto/event.proto and summary.proto); of its fields, these few are needed. The checksum is CRC-32C
(RFC 3720), rotated and shifted (``masked``) as TFRecord does.

Why not a library: those that write event files do so from a thread or process behind a queue, which a full disk ends
unheard and then blocks training for ever. Here a write that fails is an error where it happens.
"""

import os
import struct
import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType

_POLYNOMIAL = 0x82F63B78  # Castagnoli's, bits reversed
_TABLE: list[int] = []
for _value in range(256):
    for _ in range(8):
        _value = _value >> 1 ^ (_POLYNOMIAL if _value & 1 else 0)
    _TABLE.append(_value)

_WALL_TIME, _STEP, _FILE_VERSION, _SUMMARY, _SESSION_LOG = 1, 2, 3, 5, 7  # fields of Event
_VALUE, _TAG, _SIMPLE_VALUE, _STATUS, _START = 1, 1, 2, 1, 1  # of Summary, its Value, and SessionLog


class EventFile:
    """A new event file in a folder, in place of those written there before by this class; a context manager.

    TensorBoard, if it watches the folder, forgets what it read of them. For that the last of them stays, emptied: at a
    file that is gone TensorBoard would wait for ever.

    Args:
        folder: made if needed.

    Raises:
        OSError: the disk is full or cannot be written; of every method.
    """

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        for old in folder.glob("events.out.tfevents.*.contrique"):
            if old.stat().st_size:
                os.truncate(old, 0)
            else:
                old.unlink()
        now = time.time()
        self._file = (folder / f"events.out.tfevents.{now:.6f}.contrique").open("wb")
        self._write(_double(_WALL_TIME, now) + _bytes(_FILE_VERSION, b"brain.Event:2"))
        self._write(_double(_WALL_TIME, now) + _bytes(_SESSION_LOG, _varint(_STATUS, _START)))

    def scalars(self, step: int, values: Mapping[str, float], wall_time: float) -> None:
        """Record values of one step.

        Args:
            step: x axis.
            values: tag → value; a tag's part before a slash is the group it is shown in.
            wall_time: seconds since 1970.
        """
        summary = b"".join(
            _bytes(_VALUE, _bytes(_TAG, tag.encode()) + _float(_SIMPLE_VALUE, value)) for tag, value in values.items()
        )
        self._write(_double(_WALL_TIME, wall_time) + _varint(_STEP, step) + _bytes(_SUMMARY, summary))

    def flush(self) -> None:
        """Hand everything recorded so far to the system: a killed process loses none of it."""
        self._file.flush()

    def _write(self, data: bytes) -> None:
        length = struct.pack("<Q", len(data))
        self._file.write(length + struct.pack("<I", masked(length)) + data + struct.pack("<I", masked(data)))

    def __enter__(self) -> "EventFile":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()


def masked(data: bytes) -> int:
    """TFRecord's checksum of some bytes."""
    crc = 0xFFFFFFFF
    for byte in data:
        crc = _TABLE[(crc ^ byte) & 0xFF] ^ crc >> 8
    crc ^= 0xFFFFFFFF
    return ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF


def _number(value: int) -> bytes:
    """Seven bits a byte, low ones first, the top bit set on all but the last."""
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*out, value])


def _varint(field: int, value: int) -> bytes:
    return _number(field << 3) + _number(value)


def _double(field: int, value: float) -> bytes:
    return _number(field << 3 | 1) + struct.pack("<d", value)


def _bytes(field: int, value: bytes) -> bytes:
    return _number(field << 3 | 2) + _number(len(value)) + value


def _float(field: int, value: float) -> bytes:
    return _number(field << 3 | 5) + struct.pack("<f", value)
