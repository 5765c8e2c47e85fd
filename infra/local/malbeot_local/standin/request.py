"""What `/tts` takes: GPT-SoVITS `api_v2`'s fields and defaults, and its checks in its order."""

from typing import Any

from pydantic import BaseModel

from .text import LANGUAGES, PUNCTUATION, SPLIT_METHODS, is_speakable

MEDIA_TYPES = ("wav", "raw")
_OTHER_MEDIA_TYPES = ("ogg", "aac")  # GPT-SoVITS has them, the stand-in has no encoder

_NOT_GIVEN: Any = None  # a default that is not a value: null in JSON is a 422


class SpeechRequest(BaseModel):
    """The fields of `POST /tts` (JSON) and `GET /tts` (query).

    What only shapes a neural voice (sampling, batching, seed, references) is accepted and has no effect here.
    """

    text: str = _NOT_GIVEN
    text_lang: str = _NOT_GIVEN
    ref_audio_path: str = _NOT_GIVEN
    aux_ref_audio_paths: list[str] = _NOT_GIVEN
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

    def refusal(self) -> str | None:
        """The message of the 400 that answers this request, if its parameters are wrong."""
        for name in ("ref_audio_path", "text", "text_lang", "prompt_lang"):
            if not getattr(self, name):
                return f"{name} is required"
            if name.endswith("_lang") and getattr(self, name).lower() not in LANGUAGES:
                return f"{name}: {getattr(self, name)} is not supported in version v2"
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

    def failure(self) -> str | None:
        """Why synthesis fails although the parameters pass, as GPT-SoVITS' does: a reason in words, or None."""
        for name in ("text_lang", "prompt_lang"):
            if getattr(self, name) not in LANGUAGES:
                return f"{name} {getattr(self, name)} has capitals"
        if not is_speakable(self.text) and any(character in PUNCTUATION for character in self.text):
            return "the text is punctuation alone"
        if self.speed_factor <= 0:
            return f"speed_factor {self.speed_factor} is not above 0"
        return None

    @property
    def is_silent(self) -> bool:
        """Spaces or an emoji: GPT-SoVITS has nothing to say and does not call it a failure."""
        return not is_speakable(self.text)

    @property
    def mode(self) -> int:
        """0 off, 1 fragment by fragment, 2 and 3 as the sound is made."""
        return int(self.streaming_mode)
