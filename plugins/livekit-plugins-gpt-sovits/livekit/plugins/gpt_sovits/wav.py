"""A WAV stream, read as it arrives and however it is cut."""

import struct
from dataclasses import dataclass

_CHUNK = struct.Struct("<4sI")
_FORMAT = struct.Struct("<HHIIHH")
_PCM, _EXTENSIBLE = 1, 0xFFFE
_UNKNOWN_SIZES = (0, 0xFFFFFFFF)  # what streaming writers put where they do not know the size yet
_LONGEST_HEADER = 65536


class WavError(ValueError):
    """These bytes are not 16-bit mono PCM in a WAV. The message says what they are instead."""


@dataclass(frozen=True)
class WavFormat:
    """What the header says. `data_size` is in bytes, None when the data lasts until the stream ends."""

    sample_rate: int
    data_size: int | None


class WavReader:
    """Takes pieces of any length, gives whole int16 samples.

    The header may be split anywhere and carry further chunks; a data size of 0 or 0xFFFFFFFF means "until the end".
    Bytes behind a data chunk of known size are ignored.
    """

    def __init__(self) -> None:
        self.format: WavFormat | None = None
        """None until the header is complete."""
        self.received = 0
        """Bytes of sound given so far."""
        self._buffer = bytearray()

    def feed(self, data: bytes) -> bytes:
        """The whole samples that `data` completes: little-endian int16, an even number of bytes, maybe none.

        Raises WavError as soon as it is clear that this is no such WAV.
        """
        self._buffer += data
        if self.format is None:
            self.format = self._header()
            if self.format is None:
                return b""
        usable = len(self._buffer)
        if self.format.data_size is not None:
            usable = min(usable, self.format.data_size - self.received)
        usable -= usable % 2
        samples = bytes(self._buffer[:usable])
        del self._buffer[:usable]
        self.received += usable
        if self.format.data_size is not None and self.received + 1 >= self.format.data_size:
            self._buffer.clear()
        return samples

    def finish(self) -> None:
        """To be called at the end of the stream. Raises WavError when the end came too early."""
        if self.format is None and self._buffer:
            raise WavError(f"it ends within the WAV header, after {len(self._buffer)} bytes")
        if self.format is not None and self.format.data_size is not None:
            missing = self.format.data_size - self.received
            if missing > 1:
                raise WavError(f"it ends {missing} bytes before the end that its WAV header names")

    def _header(self) -> WavFormat | None:
        """Parses the header and removes it from the buffer, or returns None while it is incomplete."""
        head = bytes(self._buffer[:12])
        if not (b"RIFF".startswith(head[:4]) and b"WAVE".startswith(head[8:12])):
            raise WavError("it does not begin as a WAV")
        position, sample_rate = 12, 0
        while len(self._buffer) >= position + _CHUNK.size:
            name, size = _CHUNK.unpack_from(self._buffer, position)
            position += _CHUNK.size
            if name == b"data":
                if not sample_rate:
                    raise WavError("its WAV header has no format before the data")
                del self._buffer[:position]
                return WavFormat(sample_rate, None if size in _UNKNOWN_SIZES else size)
            if position + size > _LONGEST_HEADER:
                raise WavError("its WAV header has no end")
            if name == b"fmt ":
                if size < _FORMAT.size:
                    raise WavError("its WAV header is damaged")
                if len(self._buffer) < position + _FORMAT.size:
                    return None
                sample_rate = _sample_rate(*_FORMAT.unpack_from(self._buffer, position))
            position += size + size % 2
        return None


def _sample_rate(encoding: int, channels: int, rate: int, _bytes_a_second: int, _align: int, bits: int) -> int:
    if encoding not in (_PCM, _EXTENSIBLE) or bits != 16 or channels != 1:
        raise WavError(f"it is WAV with encoding {encoding}, {bits} bits, {channels} channels, not 16-bit mono PCM")
    if not 8000 <= rate <= 192000:
        raise WavError(f"its WAV header names {rate} Hz")
    return rate
