"""What a persona file holds."""

from __future__ import annotations

from typing import Annotated

from pydantic import PrivateAttr, Strict, ValidationInfo, field_validator

from malbeot.personas.company import Limits, Nods, Silence, Thoughts
from malbeot.personas.fields import Identifier, Speed, StrictModel, Text, Texts
from malbeot.personas.templates import Templates
from malbeot.voices.schema import SpeechLanguage, Voice


class Example(StrictModel):
    """One turn of talk that shows how the companion answers. Both are templates."""

    caller: Text
    companion: Text


class Greeting(StrictModel):
    """The first words of a call, by who called whom; `again` where it goes on with a conversation. Templates."""

    inbound: Text
    outbound: Text
    again: Text | None = None


class Phrases(StrictModel):
    """Sentences said as they stand, so that they can be spoken ahead and kept: no templates."""

    voice_failed: Text
    thinking_failed: Text
    not_understood: Text
    goodbye: Text


class Persona(StrictModel):
    """A companion: who it is, how it speaks and what it never does. `manner` and `rules` are templates.

    `voice` is the id of one in `prompts/voices/`; `speed`, where it is given, holds in place of that voice's own.
    Without `silence`, `nods` or `thoughts` it does nothing of the kind, and without `limits` a call may last for ever.
    """

    id: Identifier
    language: Text
    name: Text
    voice: Identifier
    speed: Speed | None = None
    manner: Texts
    rules: Texts
    examples: Annotated[tuple[Example, ...], Strict(False)] = ()
    greeting: Greeting
    phrases: Phrases
    silence: Silence | None = None
    nods: Nods | None = None
    thoughts: Thoughts | None = None
    limits: Limits | None = None
    _templates: Templates = PrivateAttr()
    _spoken_by: Voice = PrivateAttr()

    @field_validator("nods")
    @classmethod
    def _in_its_language(cls, nods: Nods | None, info: ValidationInfo) -> Nods | None:
        return nods and nods.in_language(info.data.get("language", ""))

    @property
    def spoken_by(self) -> Voice:
        """The voice that `voice` names, at this persona's speed."""
        return self._spoken_by

    @property
    def text_lang(self) -> SpeechLanguage:
        """What GPT-SoVITS calls the language that its voice speaks for it."""
        spoken = self._spoken_by.text_lang(self.language)
        assert spoken, "checked when the persona was loaded"
        return spoken

    def templates(self) -> list[tuple[tuple[str | int, ...], str]]:
        """Every text that is a template, with its place in the file."""
        found: list[tuple[tuple[str | int, ...], str]] = []
        found += [(("manner", i), text) for i, text in enumerate(self.manner)]
        found += [(("rules", i), text) for i, text in enumerate(self.rules)]
        for i, example in enumerate(self.examples):
            found += [(("examples", i, "caller"), example.caller), (("examples", i, "companion"), example.companion)]
        greetings = {field: getattr(self.greeting, field) for field in Greeting.model_fields}
        found += [(("greeting", field), text) for field, text in greetings.items() if text]
        return found

    def fixed(self) -> list[tuple[tuple[str | int, ...], str]]:
        """Every text said as it stands, with its place in the file."""
        found: list[tuple[tuple[str | int, ...], str]]
        found = [(("phrases", field), getattr(self.phrases, field)) for field in Phrases.model_fields]
        if self.silence:
            found += [(("silence", "asks", i), text) for i, text in enumerate(self.silence.asks)]
        for part, words in (("nods", self.nods), ("thoughts", self.thoughts)):
            found += [((part, "words", i), text) for i, text in enumerate(words.words if words else ())]
        if self.limits:
            found.append((("limits", "almost_over"), self.limits.almost_over))
        return found

    def switched_off(self, part: str | int) -> bool:
        """Whether `part` of the file, such as "nods", stands there and is not used."""
        switches = {"silence": self.silence, "nods": self.nods, "thoughts": self.thoughts}
        found = switches.get(str(part))
        return found is not None and not found.enabled
