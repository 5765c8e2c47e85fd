"""What the engine is asked and what it answers, as both sides know it.

A question is one HTTP request, `POST /recognize`: four bytes with the length of a JSON document
(big-endian), the document (`Question`), then mono int16 samples at 16 kHz (little-endian). The
answer is a JSON document (`Heard`). Statuses other than 200 carry one line of text:

    400  the question cannot be understood
    401  the token is missing or wrong
    409  a newer question of the same call took the place of this interim or preflight
    500  recognition failed
    503  so many are waiting that this one is not taken; ask again a little later
"""

import struct
from enum import IntEnum

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict, Field, ValidationError

SAMPLE_RATE = 16_000
"""Hz of everything that is recognised."""

MAX_AUDIO_S = 28.0
"""The longest audio of one question; Whisper's window is 30 s, of which the end stays silent."""

MAX_PROMPT = 2000
"""Characters that the model can be told; of its 448 tokens no more than 120 are used for that."""

Samples = npt.NDArray[np.int16]
"""Mono at `SAMPLE_RATE`, shape (n,)."""

_LENGTH = struct.Struct(">I")


class Kind(IntEnum):
    """What a question is for. The lower goes first."""

    FINAL = 0
    PREFLIGHT = 1
    INTERIM = 2


class Question(BaseModel):
    """What to recognise, besides the samples."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    call: str = Field(max_length=100)
    """Whose speech it is. A call has at most one interim and one preflight question waiting."""
    kind: Kind
    language: str | None = Field(default=None, max_length=8)
    """Whisper's code, such as "ko"; None detects it."""
    prompt: str = Field(default="", max_length=MAX_PROMPT)
    """Words that came before, or that may well come: names, the agent's last words."""
    speech_end_s: float = Field(ge=0, le=MAX_AUDIO_S)
    """Where the last speech ends in the audio. What the model places behind that is a loop."""
    word_times: bool = False
    """Whether to align the words with the audio, which costs one more pass of the decoder."""


class Word(BaseModel):
    """One word as the model wrote it, with the space before it where there is one."""

    model_config = ConfigDict(frozen=True)

    text: str
    start_s: float | None = None
    """From the beginning of the audio; None where no times were asked for."""
    end_s: float | None = None
    probability: float | None = None


class Heard(BaseModel):
    """What was recognised. Without words there was no speech that the model knew."""

    model_config = ConfigDict(frozen=True)

    words: tuple[Word, ...] = ()
    language: str
    """The one asked for, or the one detected."""
    language_probability: float = 1.0
    logprob: float = 0.0
    """Mean log probability of the tokens."""
    no_speech: float = 0.0
    """The model's own probability that nobody speaks."""

    @property
    def text(self) -> str:
        return "".join(word.text for word in self.words).strip()


class BadQuestion(ValueError):
    """A body that is no question. The message is one line."""


def pack(question: Question, samples: Samples) -> bytes:
    """The body of a request."""
    document = question.model_dump_json().encode()
    return _LENGTH.pack(len(document)) + document + samples.astype("<i2", copy=False).tobytes()


def unpack(body: bytes) -> tuple[Question, Samples]:
    """The question in a body, and a view of its samples. Raises `BadQuestion`."""
    if len(body) < _LENGTH.size:
        raise BadQuestion("the body is shorter than its four bytes of length")
    (length,) = _LENGTH.unpack_from(body)
    begin = _LENGTH.size + length
    if begin > len(body) or (len(body) - begin) % 2:
        raise BadQuestion(f"the body of {len(body)} bytes does not hold a document of {length} and whole samples")
    try:
        question = Question.model_validate_json(body[_LENGTH.size : begin])
    except ValidationError as error:
        problem = error.errors(include_input=False)[0]
        where = ".".join(str(part) for part in problem["loc"]) or "the document"
        raise BadQuestion(" ".join(f"{where[-100:]}: {problem['msg']}".split())) from None
    samples = np.frombuffer(body, "<i2", offset=begin).astype(np.int16, copy=False)
    if len(samples) > MAX_AUDIO_S * SAMPLE_RATE:
        raise BadQuestion(f"{len(samples) / SAMPLE_RATE:.1f} s of audio are more than {MAX_AUDIO_S:g} s")
    end_s = len(samples) / SAMPLE_RATE
    return question.model_copy(update={"speech_end_s": min(question.speech_end_s, end_s)}), samples
