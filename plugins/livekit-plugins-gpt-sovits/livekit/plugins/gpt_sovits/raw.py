"""`media_type` raw: sound without a header, read as it arrives and however it is cut."""

from .wav import WavFormat


class RawReader:
    """Takes pieces of any length, gives whole int16 samples, as `WavReader` does.

    The stream says nothing of its rate, nor of its length: a wrong `sample_rate` is only heard.
    """

    def __init__(self, sample_rate: int) -> None:
        self.format = WavFormat(sample_rate, data_size=None)
        self._half = b""

    def feed(self, data: bytes) -> bytes:
        """The whole samples that `data` completes: little-endian int16, an even number of bytes, maybe none."""
        data = self._half + data
        whole = len(data) - len(data) % 2
        self._half = data[whole:]
        return data[:whole]

    def finish(self) -> None:
        """Any end is as good as another."""
