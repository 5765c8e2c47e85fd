"""What a voice file holds."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, Strict

from malbeot.personas.fields import Identifier, Speed, StrictModel, Text

# GPT-SoVITS api_v2, `text_lang` and `prompt_lang`.
SpeechLanguage = Literal["ko", "all_ko", "en", "ja", "all_ja", "zh", "all_zh", "yue", "all_yue", "auto", "auto_yue"]
ModelVersion = Literal["v1", "v2", "v2Pro", "v2ProPlus", "v3", "v4"]
Fallback = Literal["stand-in", "polly", "none"]

_RATE_HZ = {"v3": 24000, "v4": 48000}
_USUAL_RATE_HZ = 32000
_V1_LANGUAGES = ("auto", "en", "zh", "ja", "all_zh", "all_ja")


class Voice(StrictModel):
    """How a companion sounds: GPT-SoVITS speaks like a reference recording.

    Paths are on the *server's* disk. `ref_audio_path` is 3 to 10 s of audio, `prompt_text` its words and `prompt_lang`
    their language; `aux_ref_audio_paths` are more recordings to blend into the tone. A voice with weights of its own
    names both. `speed` is a `speed_factor` (1.0 is the reference's own pace). The other values are `api_v2`'s, under
    its names.
    """

    id: Identifier
    languages: Annotated[tuple[SpeechLanguage, ...], Strict(False), Field(min_length=1)]
    """What it speaks, as values of `text_lang`; the first is taken where nothing else is asked for."""
    ref_audio_path: Text
    prompt_text: Text
    prompt_lang: SpeechLanguage
    aux_ref_audio_paths: Annotated[tuple[Text, ...], Strict(False)] = ()
    gpt_weights: Text | None = None
    sovits_weights: Text | None = None
    model_version: ModelVersion | None = None
    """The version that the weights are of. Unset: one that makes 32 kHz."""
    speed: Speed = 1.0
    streaming_mode: Literal[0, 1, 2, 3] = 3
    """0: whole; 1: by sentence, best and slowest; 2 and 3: as it is made, 3 soonest and a little worse."""
    top_k: Annotated[int, Field(ge=1, le=1000)] = 15
    top_p: Annotated[float, Field(gt=0, le=1)] = 1.0
    temperature: Annotated[float, Field(gt=0, le=2)] = 1.0
    repetition_penalty: Annotated[float, Field(ge=1, le=5)] = 1.35
    seed: Annotated[int, Field(ge=-1, lt=2**32)] = -1
    """-1 is a new one each time."""
    polly: Text | None = None
    """An Amazon Polly voice id, for TTS_PROVIDER=polly and the fallback."""
    fallback: Fallback = "stand-in"
    """Who speaks where no replica can."""

    @property
    def sample_rate_hz(self) -> int:
        """What its model makes."""
        return _RATE_HZ.get(self.model_version or "", _USUAL_RATE_HZ)

    def text_lang(self, language: str) -> SpeechLanguage | None:
        """The value of `text_lang` for a persona's language ("ko", "en"); None where the voice does not speak it."""
        exact = [spoken for spoken in self.languages if spoken.removeprefix("all_") == language]
        able = exact or [spoken for spoken in self.languages if spoken.startswith("auto")]
        return able[0] if able else None

    def problem(self) -> tuple[str, str] | None:
        """What no field can tell of itself: the field that is wrong, and what to do."""
        if bool(self.gpt_weights) != bool(self.sovits_weights):
            named, missing = ("gpt_weights", "sovits_weights")[:: 1 if self.gpt_weights else -1]
            return named, f"stands without '{missing}:'; name both, or neither for the weights a server starts with"
        if self.fallback == "polly" and not self.polly:
            return "fallback", "is polly, but there is no 'polly:'; add an Amazon Polly voice id, such as 'polly: Ruth'"
        if self.model_version == "v1":
            for field, spoken in (("languages", self.languages), ("prompt_lang", (self.prompt_lang,))):
                if lacking := [language for language in spoken if language not in _V1_LANGUAGES]:
                    return field, f"has {', '.join(lacking)}, which model version v1 lacks; take weights of v2 or newer"
        return None
