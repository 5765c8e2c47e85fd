"""Piper, with the borders of its words: `python speak.py VOICE.onnx TEXTS.json SPEECH.npz`, in the benchmark's own
environment (`pyproject.toml`, group `bench`).

TEXTS.json: a list of {"pieces": [...], "speed": ...}; the pieces of one text are said as a whole. SPEECH.npz: `rate`,
and for each text its samples (mono int16) and, as NUMBER.cuts, the index behind each piece but the last. The same list
gives the same samples on the same machine.
"""

import itertools
import json
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import onnxruntime  # type: ignore[import-untyped]
from piper import PiperVoice, SynthesisConfig

_SEED = 6
_VOLUME = 0.7


def main(voice_path: str, texts_path: str, out_path: str) -> None:
    onnxruntime.set_seed(_SEED)
    voice = PiperVoice.load(voice_path, include_alignments=True)
    found: dict[str, np.ndarray] = {"rate": np.array(voice.config.sample_rate)}
    texts = json.loads(Path(texts_path).read_text(encoding="utf-8"))
    for number, text in enumerate(texts):
        samples, cuts = said(voice, text["pieces"], text["speed"])
        found[str(number)], found[f"{number}.cuts"] = samples, np.array(cuts, np.int64)
    np.savez(out_path, **found)


def said(voice: PiperVoice, pieces: Sequence[str], speed: float) -> tuple[np.ndarray, list[int]]:
    """The samples, and where each piece but the last ends."""
    settings = SynthesisConfig(length_scale=voice.config.length_scale / speed, volume=_VOLUME)
    parts, phonemes, starts, at = [], [], [], 0
    for chunk in voice.synthesize(" ".join(pieces), settings, include_alignments=True):
        if chunk.phoneme_alignments is None:
            raise RuntimeError(f"Piper gave no alignment of {pieces}")
        begin = at
        for aligned in chunk.phoneme_alignments:
            if aligned.phoneme not in ("^", "$"):
                phonemes.append(aligned.phoneme)
                starts.append((begin, begin + int(aligned.num_samples)))
            begin += int(aligned.num_samples)
        parts.append(chunk.audio_int16_array)
        at += len(parts[-1])
    cuts = []
    for count in range(1, len(pieces)):
        before = " ".join(pieces[:count])
        length = len(list(itertools.chain.from_iterable(voice.phonemize(before))))
        # In a phrase a word may have another stress than at its end: the border is the nearest space.
        spaces = [index for index, phoneme in enumerate(phonemes) if phoneme == " "]
        begin, end = starts[min(spaces, key=lambda index: abs(index - length))]
        cuts.append((begin + end) // 2)
    return np.concatenate(parts), cuts


if __name__ == "__main__":
    main(*sys.argv[1:])
