"""Recognises speech with Whisper on CTranslate2, encoding only as much as was said.

Whisper was trained on windows of 30 s, and faster-whisper pads every recording to that: most of the
work is done on silence. Here the encoder gets the speech and a few seconds of silence. An input
that ends soon after the speech makes the decoder say the same again; with timestamp tokens it says
so, and what lies behind the end of speech is cut. On whisper-base, int8, one thread of a server
CPU, 30 sentences of 0.3 to 6 s by Piper: word error rate 2.6 % with 3 s of silence behind and 3.0 %
with 1 or 2 s, against 2.6 to 3.0 % padded to 30 s; median 0.13 s against 0.8 s. On 48 sentences of 1 to
8 s, clean, 2 and 3 s made one word's difference (0.6 and 0.7 %), as at 20 dB above noise (0.6 % both).
"""

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import ctranslate2
import numpy as np
import numpy.typing as npt
from faster_whisper.tokenizer import Tokenizer
from faster_whisper.transcribe import merge_punctuations

from ..protocol import SAMPLE_RATE, Heard, Kind, Question, Samples, Word

_SILENCE_BEHIND_S = {Kind.FINAL: 3.0, Kind.PREFLIGHT: 2.0, Kind.INTERIM: 1.5}
_SHORT_S = 1.2
"""Shorter audio gets the silence of a final. With 1.5 s behind it 8 of 76 texts said their words several times over
("Stop it. Stop it."), with 2 s four, with 3 s two; that costs 0.02 s. (whisper-base, the first 0.25 to 0.45 s of 19
utterances by Piper, eSpeak and one person.)"""
_FRAME = 320
"""Samples of one position of the encoder: two mel frames of 160."""
_LOOP_SLACK_S = 0.4
"""A segment that ends no earlier than this before the end of speech is the last one."""
_LEFT_S = 1.0
"""Speech that the model has left out: so much is recognised apart, if it came on by half of that."""
_SKIPPED_S = 2.0
"""Speech behind the last word that belongs to no word: the model, which likes to write what is said twice only once,
closed the text as if it reached to the end. 1 of some 650 recordings of 12 to 24 s in which two sentences came twice
(whisper-base, Piper): 9 s were missing. The last word otherwise ends within 0.7 s of the speech."""
_NOT_SPEECH = 0.6
"""Whisper's probability of silence above which a rest is left out, as `guards` leaves a whole text out."""
_TIMESTAMP_S = 0.02
_PROMPT_TOKENS = 120
_PROMPT_STEP = 16
_PROMPT_S = 3.0
"""How long the words of a prompt are said to have taken."""
_TOKENS_PER_S = {"en": 9}
"""Tokens of fast speech. Other languages take more tokens a word: twice the fastest Korean is 20."""
_MANY_TOKENS_PER_S = 16
_SPARE_TOKENS = {Kind.FINAL: 12, Kind.PREFLIGHT: 12, Kind.INTERIM: 6}
_PREPENDED, _APPENDED = "\"'“¿([{-", "\"'.。,，!！?？:：”)]}、"


@dataclass(frozen=True)
class _Entry:
    """One question of a batch."""

    index: int
    question: Question
    samples: Samples


class Decoder:
    """A loaded model. Several threads may use it at once."""

    def __init__(self, whisper: Any, *, on_batch: Callable[[int], None] = lambda _: None) -> None:
        """Takes a `faster_whisper.WhisperModel`; `on_batch` hears how many went through it together."""
        self._on_batch = on_batch
        self._whisper = whisper
        self._model = whisper.model
        self._features = whisper.feature_extractor
        self._tokenizers: dict[str, Tokenizer] = {}
        self.languages: frozenset[str] = frozenset(whisper.supported_languages)

    def recognise(self, batch: Sequence[tuple[Question, Samples]]) -> list[Heard]:
        """Recognises several recordings; blocks. Audio without samples has no words.

        Raises whatever CTranslate2 raises, a RuntimeError where memory does not suffice among it.
        """
        heard = [Heard(language=question.language or "und") for question, _ in batch]
        groups: dict[tuple[object, ...], list[_Entry]] = defaultdict(list)
        for index, (question, samples) in enumerate(batch):
            if len(samples):
                groups[self._together(index, question)].append(_Entry(index, question, samples))
        for group in groups.values():
            self._on_batch(len(group))
            for entry, result in zip(group, self._recognise_alike(group), strict=True):
                heard[entry.index] = result
        return heard

    def _together(self, index: int, question: Question) -> tuple[object, ...]:
        """What must be equal to go through the model together: CTranslate2 wants the start token at one place."""
        if not question.language:
            return (index,)
        return question.language, len(self._prompt(question, question.language)), question.word_times

    def _recognise_alike(self, group: Sequence[_Entry]) -> list[Heard]:
        encoded = self._model.encode(ctranslate2.StorageView.from_array(self._mel(group)))
        language, probability = self._language(group[0].question, encoded)
        prompts = [self._prompt(entry.question, language) for entry in group]
        new = max(len(entry.samples) for entry in group) / SAMPLE_RATE * _TOKENS_PER_S.get(language, _MANY_TOKENS_PER_S)
        results = self._model.generate(
            encoded,
            prompts,
            beam_size=1,
            max_length=min(
                len(prompts[0]) + int(new) + max(_SPARE_TOKENS[entry.question.kind] for entry in group),
                self._whisper.max_length,
            ),
            return_scores=True,
            return_no_speech_prob=True,
        )
        tokenizer = self._tokenizer(language)
        spoken = [
            spoken_tokens(result.sequences_ids[0], entry.question.speech_end_s, tokenizer)
            for result, entry in zip(results, group, strict=True)
        ]
        tokens = [said for said, _ in spoken]
        if group[0].question.word_times and any(tokens):
            frames = [len(entry.samples) // self._features.hop_length for entry in group]
            words = [_timed(found) for found in self._whisper.find_alignment(tokenizer, tokens, encoded, frames)]
        else:
            words = [_untimed(tokenizer, said) for said in tokens]
        return [
            self._continued(
                entry,
                Heard(
                    words=said,
                    language=language,
                    language_probability=probability,
                    logprob=result.scores[0],
                    no_speech=result.no_speech_prob,
                ),
                heard_to_s(said, end_s, entry.question.speech_end_s),
            )
            for entry, said, result, (_, end_s) in zip(group, words, results, spoken, strict=True)
        ]

    def _continued(self, entry: _Entry, heard: Heard, end_s: float) -> Heard:
        """The whole of a recording of which the model heard only what comes before `end_s`.

        It often stops behind a sentence, above all when it was given a prompt.
        """
        left_s = entry.question.speech_end_s - end_s
        if not heard.words or left_s < _LEFT_S or end_s < _LEFT_S / 2:
            return heard
        question = entry.question.model_copy(update={"speech_end_s": left_s, "language": heard.language})
        samples = entry.samples[int(end_s * SAMPLE_RATE) :]
        (rest,) = self._recognise_alike([_Entry(entry.index, question, samples)])
        if rest.no_speech > _NOT_SPEECH:
            return heard
        later = tuple(
            word
            if word.start_s is None or word.end_s is None
            else word.model_copy(update={"start_s": word.start_s + end_s, "end_s": word.end_s + end_s})
            for word in rest.words
        )
        share = left_s / entry.question.speech_end_s
        return heard.model_copy(
            update={
                "words": (*heard.words, *later),
                "logprob": heard.logprob * (1 - share) + rest.logprob * share,
                "no_speech": min(heard.no_speech, rest.no_speech),
            }
        )

    def _mel(self, group: Sequence[_Entry]) -> npt.NDArray[np.float32]:
        """Log-mel features of speech and the silence behind it, shape (batch, bands, mel frames)."""
        silence = round(max(map(_silence_s, group)) * SAMPLE_RATE)
        length = -(-(max(len(entry.samples) for entry in group) + silence) // _FRAME) * _FRAME
        length = min(length, self._features.n_samples)
        stacked = []
        for entry in group:
            audio = np.zeros(length, np.float32)
            audio[: len(entry.samples)] = entry.samples.astype(np.float32) / np.float32(32768)
            stacked.append(self._features(audio, padding=0))
        return np.ascontiguousarray(np.stack(stacked), np.float32)

    def _language(self, question: Question, encoded: Any) -> tuple[str, float]:
        if not self._model.is_multilingual:
            return "en", 1.0
        if question.language:
            return question.language, 1.0
        token, probability = self._model.detect_language(encoded)[0][0]
        return token.strip("<|>"), probability

    def _prompt(self, question: Question, language: str) -> list[int]:
        tokenizer = self._tokenizer(language)
        words = question.prompt.strip()
        if not words:
            return list(tokenizer.sot_sequence)
        # As a segment with timestamps, as Whisper was trained with them: after a bare text it writes
        # none itself and says everything twice (word error rate 20 % instead of 2 %).
        begin, end = tokenizer.timestamp_begin, tokenizer.timestamp_begin + round(_PROMPT_S / _TIMESTAMP_S)
        said = tokenizer.encode(f" {words}")[-_PROMPT_TOKENS:]
        # Few different lengths, so that calls with different prompts go through the model together.
        said = said[len(said) % _PROMPT_STEP :] if len(said) > _PROMPT_STEP else said
        return [tokenizer.sot_prev, begin, *said, end, *tokenizer.sot_sequence]

    def _tokenizer(self, language: str) -> Tokenizer:
        if language not in self._tokenizers:
            multilingual = self._model.is_multilingual
            self._tokenizers[language] = Tokenizer(
                self._whisper.hf_tokenizer, multilingual, task="transcribe", language=language
            )
        return self._tokenizers[language]


def _silence_s(entry: _Entry) -> float:
    """Seconds of silence to put behind a recording."""
    short = len(entry.samples) < _SHORT_S * SAMPLE_RATE
    return _SILENCE_BEHIND_S[Kind.FINAL if short else entry.question.kind]


def spoken_tokens(ids: Sequence[int], speech_end_s: float, tokenizer: Tokenizer) -> tuple[list[int], float]:
    """The text tokens up to the closing timestamp that lies at the end of speech or behind it, and where they end.

    That is the last timestamp where the model stopped there, else the end of speech.
    """
    spoken: list[int] = []
    end_s: float | None = None
    text = False
    for token in ids:
        if token >= tokenizer.timestamp_begin:
            end_s = (token - tokenizer.timestamp_begin) * _TIMESTAMP_S
            if spoken and end_s >= speech_end_s - (_LOOP_SLACK_S if text else 0.0):
                break
            text = False
        elif token < tokenizer.eot:
            spoken.append(token)
            text = True
            end_s = None
    return spoken, speech_end_s if end_s is None else end_s


def heard_to_s(words: Sequence[Word], end_s: float, speech_end_s: float) -> float:
    """Where the words end: where the model says so, or far before, where their own times do."""
    last = words[-1].end_s if words else None
    return end_s if last is None or speech_end_s - last < _SKIPPED_S else min(end_s, last)


def _timed(alignment: list[dict[str, Any]]) -> tuple[Word, ...]:
    merge_punctuations(alignment, _PREPENDED, _APPENDED)
    return tuple(
        Word(
            text=word["word"],
            start_s=round(float(word["start"]), 2),
            end_s=round(float(word["end"]), 2),
            probability=round(float(word["probability"]), 3),
        )
        for word in alignment
        if word["word"]
    )


def _untimed(tokenizer: Tokenizer, tokens: list[int]) -> tuple[Word, ...]:
    texts, pieces = tokenizer.split_to_word_tokens(tokens)
    words = [{"word": text, "tokens": piece} for text, piece in zip(texts, pieces, strict=True)]
    merge_punctuations(words, _PREPENDED, _APPENDED)
    return tuple(Word(text=word["word"]) for word in words if word["word"])
