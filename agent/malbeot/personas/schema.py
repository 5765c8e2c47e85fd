"""What a persona file holds. Types are strict: a number is not text, and `no` is not a name."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, PrivateAttr, Strict, StringConstraints

from malbeot.personas.templates import Templates

Text = Annotated[str, Strict(), StringConstraints(min_length=1, strip_whitespace=True)]
Texts = Annotated[tuple[Text, ...], Strict(False), Field(min_length=1)]
Identifier = Annotated[str, Strict(), StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]{0,31}$")]
# GPT-SoVITS api_v2, `text_lang` and `prompt_lang`.
SpeechLanguage = Literal["ko", "all_ko", "en", "ja", "all_ja", "zh", "all_zh", "yue", "all_yue", "auto", "auto_yue"]


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class Voice(_Strict):
    """How the companion sounds.

    GPT-SoVITS speaks like a reference: `ref_audio_path` is 3 to 10 s of audio on the *server's* disk, `prompt_text` its
    words, `speed` its `speed_factor` (1.0 is the reference's own pace). `polly` is an Amazon Polly voice id.
    """

    id: Identifier
    ref_audio_path: Text
    prompt_text: Text
    prompt_lang: SpeechLanguage
    text_lang: SpeechLanguage
    speed: Annotated[float, Field(ge=0.5, le=2.0, allow_inf_nan=False)] = 1.0
    polly: Text


class Example(_Strict):
    """One turn of talk that shows how the companion answers. Both are templates."""

    caller: Text
    companion: Text


class Greeting(_Strict):
    """The first words of a call, by who called whom. Templates."""

    inbound: Text
    outbound: Text


class Phrases(_Strict):
    """Sentences said as they stand, so that they can be spoken ahead and kept: no templates."""

    voice_failed: Text
    thinking_failed: Text
    not_understood: Text
    goodbye: Text


class Persona(_Strict):
    """A companion: who it is, how it speaks and what it never does. `manner` and `rules` are templates."""

    id: Identifier
    language: Text
    name: Text
    voice: Voice
    manner: Texts
    rules: Texts
    examples: Annotated[tuple[Example, ...], Strict(False)] = ()
    greeting: Greeting
    phrases: Phrases
    _templates: Templates = PrivateAttr()

    def templates(self) -> list[tuple[tuple[str | int, ...], str]]:
        """Every text that is a template, with its place in the file."""
        found: list[tuple[tuple[str | int, ...], str]] = []
        found += [(("manner", i), text) for i, text in enumerate(self.manner)]
        found += [(("rules", i), text) for i, text in enumerate(self.rules)]
        for i, example in enumerate(self.examples):
            found += [(("examples", i, "caller"), example.caller), (("examples", i, "companion"), example.companion)]
        found += [(("greeting", "inbound"), self.greeting.inbound), (("greeting", "outbound"), self.greeting.outbound)]
        return found

    def fixed(self) -> list[tuple[tuple[str | int, ...], str]]:
        """Every text said as it stands, with its place in the file."""
        return [(("phrases", field), getattr(self.phrases, field)) for field in Phrases.model_fields]
