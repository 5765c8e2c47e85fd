"""eSpeak NG over ctypes, in its synchronous mode: for Korean, and for whatever Piper's voice does not speak.

The library and its data are those of espeakng-loader. Piper carries a second copy, linked into its own extension
module, for phonemes; both are loaded with local symbols and share nothing. Source for the calls and constants: eSpeak
NG's `speak_lib.h`.
"""

import ctypes
import threading
from collections.abc import Iterator

import espeakng_loader
import numpy as np

from ..errors import LocalError
from .audio import Samples, Waveform, joined, to_samples
from .text import bounded

_SYNCHRONOUS = 2  # AUDIO_OUTPUT_SYNCHRONOUS: audio goes to the callback, inside the call
_DONT_EXIT = 0x8000  # espeakINITIALIZE_DONT_EXIT: missing data is a return value and not the end of the process
_UTF8 = 1  # espeakCHARS_UTF8
_RATE = 1  # espeakRATE, words a minute
_WORDS_A_MINUTE = 175  # espeakRATE_NORMAL
_WORDS_A_MINUTE_RANGE = (80, 450)  # espeakRATE_MINIMUM, espeakRATE_MAXIMUM
_CALLBACK = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.c_void_p)
_STEADY = "+michel"  # a variant without flutter, whose phase the library keeps from one text to the next
_VOICES = {"ko": "ko", "en": "en-us", "ja": "ja", "zh": "cmn", "yue": "yue"}


class EspeakVoice:
    """eSpeak NG. The library keeps global state: one object a process, one text at a time (a lock sees to it)."""

    name = "espeak-ng"

    def __init__(self) -> None:
        self._library = ctypes.CDLL(espeakng_loader.get_library_path())
        self._library.espeak_Info.restype = ctypes.c_char_p
        data = espeakng_loader.get_data_path()
        self._rate: int = self._library.espeak_Initialize(_SYNCHRONOUS, 0, data.encode(), _DONT_EXIT)
        if self._rate <= 0:
            raise LocalError(f"eSpeak NG did not start with the data in {data}: reinstall espeakng-loader")
        self._pieces: list[Samples] = []
        self._lock = threading.Lock()
        self._callback = _CALLBACK(self._take)  # held: the library keeps only the pointer
        self._library.espeak_SetSynthCallback(self._callback)

    @property
    def version(self) -> str:
        return str(self._library.espeak_Info(None).decode())

    def speaks(self, language: str) -> bool:
        return language in _VOICES

    def speak(self, text: str, *, language: str, speed: float, rate_hz: int, seeded: bool) -> Iterator[Samples]:
        """Mono int16, a part of at most 200 characters at a time. Blocks; call it in a thread."""
        voice = _VOICES[language] + (_STEADY if seeded else "")
        for part in bounded(text):
            yield to_samples(self._speak(part, voice, speed), self._rate, rate_hz)

    def _speak(self, text: str, voice: str, speed: float) -> Waveform:
        low, high = _WORDS_A_MINUTE_RANGE
        buffer = text.encode() + b"\0"
        with self._lock:
            self._pieces.clear()
            if self._library.espeak_SetVoiceByName(voice.encode()) != 0:
                raise LocalError(f"eSpeak NG has no voice {voice}: reinstall espeakng-loader")
            self._library.espeak_SetParameter(_RATE, min(high, max(low, round(_WORDS_A_MINUTE * speed))), 0)
            failed = self._library.espeak_Synth(buffer, ctypes.c_size_t(len(buffer)), 0, 0, 0, _UTF8, None, None)
            if failed or self._library.espeak_Synchronize():
                raise LocalError(f"eSpeak NG could not speak {len(text)} characters as {voice}")
            samples = joined(self._pieces)
        return (samples / 32768).astype(np.float32)

    def _take(self, samples: "ctypes._Pointer[ctypes.c_short]", count: int, _events: int | None) -> int:
        if samples and count > 0:
            self._pieces.append(np.ctypeslib.as_array(samples, (count,)).copy())
        return 0
