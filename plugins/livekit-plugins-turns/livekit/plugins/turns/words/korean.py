"""Whether a Korean turn is over, by how its last morphemes close it.

A Korean clause is closed by its verb's last ending: final ones (EF) end a sentence, connective (EC) and adnominal ones
(ETM) promise another clause or a noun; a noun with a particle waits for its verb unless a question asked for just that
noun. Several endings do both (-는데, -고, -지), so the form decides before the tag does. The words and weights are in
`korean.toml`; the tags are those of the Sejong corpus.
"""

import re
from collections.abc import Sequence

from . import morphemes
from .asked import SHORT_ANSWER, Asked
from .data import table
from .digits import dictated_korean
from .endings import Ending, last_ending
from .morphemes import Morpheme
from .said import Said, shifted

_DATA = table("korean")
_ANSWERS: dict[str, float] = _DATA["answers"]
_FILLERS = _DATA["fillers"]
_DIALECT = {name: tuple(value) for name, value in _DATA["dialect"].items()}
_PARTICLES = _DATA["particles"]
_NOUNS = _DATA["nouns"]
_WORDS = _DATA["words"]
_SHIFTS = _DATA["shifts"]
_MONTH_OR_YEAR = re.compile(_NOUNS["months_and_years"])

WORDS_READ = 12
"""Of a long turn the last words decide, and the analyser takes time in proportion to what it is given."""
_NOUN_TAGS = ("NNG", "NNP", "SL", "SH", "XSN", "NNB")


def load() -> None:
    morphemes.load()


def loaded() -> bool:
    return morphemes.loaded()


def finished(said: Said, asked: Asked) -> float:
    """Probability that the turn is over; see `words.finished`."""
    number = dictated_korean(said.words, asked)
    if number is not None:
        return number
    answer = _ANSWERS.get(" ".join(said.words))
    if answer is not None:
        return said.marked(shifted(answer, _answer_shift(asked)))
    if _is_held(said.words):
        return said.marked(_FILLERS["probability"])
    if said.words[-1].endswith(_DIALECT["cut"]):
        return said.marked(_DATA["endings"]["connective"])
    if said.words[-1][1:].endswith(_DIALECT["whole"]):
        return said.marked(_DATA["endings"]["final"])
    found = morphemes.morphemes(" ".join(said.text.split()[-WORDS_READ:]))
    return said.marked(_judge(found, said, asked)) if found else 0.5


def _answer_shift(asked: Asked) -> float:
    if asked in (Asked.YES_NO, Asked.CHOICE):
        return float(_SHIFTS["yes_no_answer"])
    return 0.0 if asked is Asked.NONE else float(_SHIFTS["idle_answer"])


def _is_held(words: Sequence[str]) -> bool:
    """Whether a filler or a joining word is last."""
    last = words[-1]
    if last in _FILLERS["words"] or " ".join(words[-2:]) in _FILLERS["words"]:
        return True
    return last in _FILLERS["appeals"] and not (len(words) > 1 and words[-2] in _FILLERS["not_appeals"])


def _judge(found: list[Morpheme], said: Said, asked: Asked) -> float:
    ending = last_ending(found)
    if ending is not None:
        return _closed(ending, found, said, asked)
    behind = _behind_a_verb(found)
    if behind is not None:
        return behind
    return _fragment(found, said, asked)


def _closed(ending: Ending, found: Sequence[Morpheme], said: Said, asked: Asked) -> float:
    """A verb's ending is last."""
    probability = ending.probability(len(said.sentence))
    if asked is Asked.REASON and ending.form.endswith(tuple(_SHIFTS["reasons"])):
        probability = shifted(probability, _SHIFTS["reason_given"])
    if asked is Asked.OPEN and probability > 0.5 and len(said.words) <= _SHIFTS["short_clause_words"]:
        probability = shifted(probability, _SHIFTS["story_begins"])
    return probability


def _behind_a_verb(found: Sequence[Morpheme]) -> float | None:
    """A word or two behind a closed sentence are an afterthought (갔다 왔어 병원에) unless they open another."""
    last = found[-1]
    for word in (last.word - 1, last.word - 2):
        before = [morpheme for morpheme in found if morpheme.word <= word]
        ending = last_ending(before) if before else None
        if ending is None or before[-1].word != word or not ending.is_final:
            continue
        if last.tag in ("MAG", "IC", "NP") and all(m.tag in ("MAG", "IC", "NP") for m in found if m.word > word):
            return float(_WORDS["after_verb"])
        if last.tag in ("JKB", "JKS", "JKO"):
            return float(_WORDS["after_verb_particle"])
        if last.tag == "JX" and last.form in _PARTICLES["topics"]:
            return float(_WORDS["after_verb_topic"])
    return None


def _fragment(found: Sequence[Morpheme], said: Said, asked: Asked) -> float:
    """No verb closes what was said last."""
    last, before = found[-1], found[-2] if len(found) > 1 else None
    few = len(said.words) <= _PARTICLES["answer_words_at_most"]
    answers = asked in SHORT_ANSWER and few
    if last.form == "요" and last.tag == "JX" and before is not None:
        subject = before.tag in ("JKS", "JKO") or (before.tag == "JX" and before.form in _PARTICLES["topics"])
        return float(_PARTICLES["polite_subject" if subject and not answers else "polite"])
    if last.tag.startswith("J"):
        waits = before is not None and before.form in _NOUNS["waits_for_number"]
        return _particle(last, asked if answers and not waits else Asked.NONE)
    if _is_number(found):
        return _number(said, asked)
    if last.tag in _NOUN_TAGS or last.tag in ("NR", "SN", "NP"):
        return _noun(last, before, said, asked)
    if last.tag == "MAG":
        if len(said.words) == 1:
            return float(_WORDS["adverb_alone" if asked is Asked.NONE else "adverb_answer"])
        return float(_WORDS["adverb"])
    if last.tag == "IC" and last.word > 0:
        return float(_WORDS["interjection_behind"])
    weights = {"MAJ": "joining_adverb", "IC": "interjection", "MM": "modifier", "ETM": "modifier", "ETN": "nominal"}
    if last.tag in weights:
        return float(_WORDS[weights[last.tag]])
    return float(_WORDS["stem" if last.tag[0] in "VX" else "other"])


def _particle(last: Morpheme, asked: Asked) -> float:
    """`asked`: NONE too where what was said is no answer to it."""
    if last.tag == "JX" and last.form in _PARTICLES["topics"]:
        return float(_PARTICLES["topic"])
    if asked in SHORT_ANSWER and last.tag in ("JKB", "JC", "JX"):
        return float(_PARTICLES["answer"])
    if asked is Asked.FACT and last.tag in ("JKS", "JKO"):
        return float(_PARTICLES["answer_subject"])
    return float(_PARTICLES.get(last.tag, _PARTICLES["JX"]))


def _is_number(found: Sequence[Morpheme]) -> bool:
    """Whether a number is last, with what it counts or without: 칠십오 세, 세 시 반."""
    word = found[-1].word
    tail = [morpheme for morpheme in found if morpheme.word >= word - 1]
    if tail[-1].tag in ("NR", "SN"):
        return True
    counted = tail[-1].tag in ("NNB", "NNG") and any(morpheme.tag in ("NR", "SN", "MM") for morpheme in tail[:-1])
    return counted and tail[-1].form not in _NOUNS["binding"] and not any(m.tag in ("ETM", "JKS") for m in tail)


def _number(said: Said, asked: Asked) -> float:
    if asked is Asked.DATE and _MONTH_OR_YEAR.fullmatch(said.words[-1]):
        return float(_NOUNS["several"])
    return float(_NOUNS["number_answer" if asked in SHORT_ANSWER else "number"])


def _noun(last: Morpheme, before: Morpheme | None, said: Said, asked: Asked) -> float:
    count = len(said.words)
    if last.form in _NOUNS["waits_for_number"] or (asked is Asked.DATE and _MONTH_OR_YEAR.fullmatch(said.words[-1])):
        return float(_NOUNS["bound"])
    if asked is Asked.NAME and len(said.text) == 1:
        return float(_NOUNS["bound"])  # a surname, and its name to come
    modified = before is not None and before.tag == "ETM"
    if last.tag == "NNB" or (modified and last.form in _NOUNS["binding"]):
        return float(_NOUNS["bound"])
    if asked in SHORT_ANSWER:
        return float(_NOUNS["answer" if count == 1 else "answer_several" if count <= 3 else "answer_long"])
    if modified:
        return float(_NOUNS["after_modifier"])
    if last.tag == "NP":
        return float(_NOUNS["pronoun"])
    return float(_NOUNS["alone" if count == 1 else "several" if count <= 3 else "many"])
