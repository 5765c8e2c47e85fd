"""What `/tts` takes: GPT-SoVITS `api_v2`'s fields and defaults, and its checks in its order."""

from typing import Any

from pydantic import BaseModel

from .text import SPLIT_METHODS
from .versions import ModelVersion

MEDIA_TYPES = ("wav", "raw")
_OTHER_MEDIA_TYPES = ("ogg", "aac")  # GPT-SoVITS has them, the stand-in has no encoder

_NOT_GIVEN: Any = None  # a default that is not a value: null in JSON is a 422


class SpeechRequest(BaseModel):
    """The fields of `POST /tts` (JSON) and `GET /tts` (query).

    What only shapes a neural voice (sampling, references, and the batching of mode 0) is checked as GPT-SoVITS checks
    it and has no effect on the sound.
    """

    text: str = _NOT_GIVEN
    text_lang: str = _NOT_GIVEN
    ref_audio_path: str = _NOT_GIVEN
    aux_ref_audio_paths: list[Any] = _NOT_GIVEN
    prompt_lang: str = _NOT_GIVEN
    prompt_text: str = ""
    top_k: int = 15
    top_p: float = 1
    temperature: float = 1
    text_split_method: str = "cut5"
    batch_size: int = 1
    batch_threshold: float = 0.75
    split_bucket: bool = True
    speed_factor: float = 1.0
    fragment_interval: float = 0.3
    seed: int = -1
    media_type: str = "wav"
    streaming_mode: bool | int = False
    parallel_infer: bool = True
    repetition_penalty: float = 1.35
    sample_steps: int = 32
    super_sampling: bool = False
    overlap_length: int = 2
    min_chunk_length: int = 16

    def refusal(self, version: ModelVersion) -> str | None:
        """The message of the 400 that answers this request, if its parameters are wrong."""
        for name in ("ref_audio_path", "text", "text_lang", "prompt_lang"):
            if not getattr(self, name):
                return f"{name} is required"
            if name.endswith("_lang") and getattr(self, name).lower() not in version.languages:
                return f"{name}: {getattr(self, name)} is not supported in version {version.name}"
        if self.media_type in _OTHER_MEDIA_TYPES:
            return (
                f"media_type: {self.media_type} is not supported by the stand-in, which has {' and '.join(MEDIA_TYPES)}"
            )
        if self.media_type not in MEDIA_TYPES:
            return f"media_type: {self.media_type} is not supported"
        if self.text_split_method not in SPLIT_METHODS:
            return f"text_split_method:{self.text_split_method} is not supported"
        if self.streaming_mode not in (0, 1, 2, 3):
            return "the value of streaming_mode must be 0, 1, 2, 3(int) or true/false(bool)"
        return None

    @property
    def mode(self) -> int:
        """0 off, 1 fragment by fragment, 2 and 3 as the sound is made."""
        return int(self.streaming_mode)
