"""Whether an English turn is over, by how its words break off.

English holds the floor with the word that promises another one: conjunctions, prepositions, determiners, auxiliaries
and verbs without their object are seldom last. What such a word may still end (a stranded preposition, a short answer,
a relative clause) is looked for before it. The words and weights are in `english.toml`.
"""

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from .asked import SHORT_ANSWER, Asked
from .data import table
from .digits import dictated_english
from .said import Said, shifted

USUAL_LENGTH = 4
"""Words of a turn that is neither short nor long."""

_DATA = table("english")
_ANSWERS: dict[str, float] = _DATA["answers"]
_FILLERS = _DATA["fillers"]
_JOINS: dict[str, Any] = {
    name: frozenset(value) if isinstance(value, list) else value for name, value in _DATA["joins"].items()
}
_VERBS: dict[str, Any] = {
    name: frozenset(value) if isinstance(value, list) else value for name, value in _DATA["verbs"].items()
}
_CLAUSES = _DATA["clauses"]
_SHIFTS = _DATA["shifts"]
_TAGS = tuple(tuple(phrase.split()) for phrase in _FILLERS["tags"])
_OPENINGS = frozenset(_FILLERS["alone"]) | frozenset(_CLAUSES["leads"])
_VERB_LIKE = re.compile(_CLAUSES["verb_endings"])
# "the fourth of May", "in my will"
_NOUN_NEXT = (_JOINS["prepositions"] | _JOINS["determiners"] | {"in", "by"}) - {"to", "like", "my", "per"}
_YES_NO = ("yes", "yeah", "yep", "no", "nope", "oh", "well", "sure")


def finished(said: Said, asked: Asked) -> float:
    """Probability that the turn is over; see `words.finished`."""
    number = dictated_english(said.words, asked)
    if number is not None:
        return number
    answer = _ANSWERS.get(" ".join(said.words))
    if answer is not None:
        return said.marked(shifted(answer, _answer_shift(asked)))
    held = _tag(said, asked) or _held(said, asked)
    if held is not None:
        return _marked(said, held)
    whole = _whole(said, asked)
    if asked is Asked.OPEN and len(said.words) <= _SHIFTS["short_clause_words"] and whole > 0.5:
        whole = shifted(whole, _SHIFTS["story_begins"])
    return _marked(said, whole)


def _marked(said: Said, probability: float) -> float:
    """Moved by the last mark. Dots tell the most in English: a recogniser writes them where words break off."""
    return shifted(probability, _SHIFTS["dots"]) if said.mark == "…" else said.marked(probability)


def words_said(said: Said) -> int:
    """How much that is: digits count as words, and an answer by itself ("Yes.") as much as a short clause."""
    if " ".join(said.words) in _ANSWERS:
        return USUAL_LENGTH
    return sum(max(1, sum(map(str.isdigit, word))) for word in said.words)


def _answer_shift(asked: Asked) -> float:
    if asked in (Asked.YES_NO, Asked.CHOICE):
        return float(_SHIFTS["yes_no_answer"])
    return 0.0 if asked is Asked.NONE else float(_SHIFTS["idle_answer"])


def _tag(said: Said, asked: Asked) -> float | None:
    """The weight of a tail behind words that could end the turn without it; None where there is none."""
    for tag in _TAGS:
        before = said.words[: -len(tag)]
        if said.words[-len(tag) :] == tag and not set(before) <= _OPENINGS:
            whole = replace(said, text=" ".join(before), words=before, sentence=before)
            return float(_FILLERS["tag"]) if _held(whole, asked) is None else None
    return None


def _held(said: Said, asked: Asked) -> float | None:
    """The probability if the last words decide; None if they could end a sentence."""
    words = said.sentence
    last, before = words[-1], words[-2] if len(words) > 1 else ""
    if last in _FILLERS["words"] or _is_held_by_phrase(said):
        return float(_FILLERS["probability"])
    settled = f"{before} {last}" in _JOINS["settled"] or " ".join(words[-3:]) in _JOINS["settled"]
    if settled or " ".join(_without_leads(words)) in _CLAUSES["by_itself"]:
        return float(_JOINS["settled_weight"])
    if f"{before} {last}" in _JOINS["labels"]:
        return float(_JOINS["preposition"])
    for judge in (_verb, _pronoun, _joining):
        held = judge(words, last, before, asked)
        if held is not None:
            return held
    return None


def _is_held_by_phrase(said: Said) -> bool:
    words = said.sentence
    if words[-1] in _FILLERS["alone"] and (said.text.endswith(f", {words[-1]}") or set(words) <= _OPENINGS):
        return True
    if words[-2:] == ("you", "know"):
        return len(words) == 2 or words[-3] not in _FILLERS["known_by"]
    return any(words[-phrase.count(" ") - 1 :] == tuple(phrase.split()) for phrase in _FILLERS["phrases"])


def _verb(words: Sequence[str], last: str, before: str, asked: Asked) -> float | None:
    """Auxiliaries, "to" and verbs without their object."""
    joined = " ".join(words)
    if last == "to" and before not in _VERBS["speaking"]:
        settled = any(joined.endswith(ending) for ending in _VERBS["ellipsis_before"])
    elif last == "to" and joined.endswith("used to"):
        settled = "i used to" in joined and len(words) > 3
    elif last in ("do", "have") and _asks_for_object(words):
        settled = True
    elif last in _VERBS["auxiliaries"] and before not in _NOUN_NEXT:
        if len(words) > 2 and words[-3] in _VERBS["echo_before"] and last in _VERBS["echoing"]:
            return float(_VERBS["echo"])
        pronoun = before in _VERBS["subject_pronouns"] or before in _VERBS["object_pronouns"]
        if pronoun and len(words) <= _VERBS["short_answer_words"]:
            if asked is Asked.YES_NO or (words[0] in _YES_NO and len(words) > 2):
                return float(_VERBS["short_answer"])
            return float(_VERBS["short_answer_alone"]) if last.endswith("n't") else float(_VERBS["auxiliary"])
        return float(_VERBS["auxiliary"])
    elif last in _VERBS["needing"]:
        return float(_VERBS["fronted_weight"] if _fronts(words) else _VERBS["needs_object"])
    else:
        return None
    return float(_VERBS["ellipsis"] if settled else _VERBS["infinitive"])


def _fronts(words: Sequence[str]) -> bool:
    return any(word in _VERBS["fronted"] for word in words[:-1])


def _asks_for_object(words: Sequence[str]) -> bool:
    """ "What would you have", "what did they do": the object stands in front."""
    return len(words) > 3 and words[-4] in _VERBS["asking_for"] and words[-3] in _VERBS["auxiliaries"]


def _is_relative(words: Sequence[str]) -> bool:
    """ "She won't use the walker they gave her": what was given stands before who gave it, behind a verb."""
    if len(words) < 6 or words[-3] not in _VERBS["subject_pronouns"] or words[-5] not in _JOINS["determiners"]:
        return False
    verb = words[-6]
    return not (verb in _NOUN_NEXT or verb in _JOINS["conjunctions"] or verb in _CLAUSES["leads"])


def _pronoun(words: Sequence[str], last: str, before: str, asked: Asked) -> float | None:
    """Subjects without their verb, and people who are still to be told or given something."""
    inverted = before in _VERBS["auxiliaries"] and len(words) > 2
    if last in _VERBS["subject_pronouns"]:
        return float(_VERBS["asked_pronoun"] if inverted else _VERBS["subject_pronoun"])
    if last in _VERBS["object_pronouns"]:
        if inverted:
            return float(_VERBS["asked_pronoun"])
        if before in _JOINS["conjunctions"] or (before in _VERBS["auxiliaries"] and len(words) == 2):
            return float(_VERBS["subject_pronoun"])
        if before in _VERBS["supposing"] and last != "it":
            return float(_VERBS["subject_pronoun"])
        if before in _VERBS["giving"] and not (_is_relative(words) or _fronts(words)):
            return float(_VERBS["giving_weight"])
    if last == "please" and before in _VERBS["object_pronouns"]:
        return float(_JOINS["adverb"])
    return None


def _joining(words: Sequence[str], last: str, before: str, asked: Asked) -> float | None:
    """Conjunctions, determiners, prepositions and adverbs that lean on the next word."""
    stranded = any(word in _JOINS["stranding"] or word in _VERBS["fronted"] for word in words[:-2])
    stranded = stranded or _is_left_to_do(words)
    if last in _JOINS["prepositions"]:
        return float(_JOINS["stranded"] if stranded else _JOINS["preposition"])
    if last in _JOINS["conjunctions"]:
        return float(_JOINS["conjunction"])
    if last in _JOINS["determiners"]:
        return float(_JOINS["determiner"])
    if last in _JOINS["pointing"] and not stranded and words[0] not in _JOINS["stranding"]:
        return float(_JOINS["pointing_weight"])
    if last in _JOINS["particles"] or last in _JOINS["particles_weak"]:
        if "put" in words and last in _JOINS["particles"]:
            return float(_JOINS["particle"])
        settled = before in _JOINS["particle_verbs"] or last in _JOINS["particles_weak"] or stranded
        return float(_JOINS["particle_weak"] if settled else _JOINS["particle"])
    if last in _JOINS["adverbs"]:
        return float(_JOINS["adverb"])
    return None


def _is_left_to_do(words: Sequence[str]) -> bool:
    """ "There's nobody left to swap with"."""
    if len(words) < 5 or words[-3] != "to" or words[-2] in _JOINS["companies"]:
        return False
    *before, who = words[:-4] if words[-4] in ("left", "else") else words[:-3]
    return who in _JOINS["indefinite"] and bool(before) and before[-1] in _JOINS["having"]


def _whole(said: Said, asked: Asked) -> float:
    """The last word could end a sentence: whether there is one."""
    words = _without_leads(said.sentence)
    if _is_list(said.text):
        return float(_CLAUSES["list_open"])
    if asked is Asked.REASON and said.words[0] in ("because", "so", "cause"):
        return float(_CLAUSES["answer"])
    opener = _opener(said, words)
    leans = opener is not None and not (asked is Asked.DATE and opener in _CLAUSES["times"])
    if asked in SHORT_ANSWER and len(said.words) <= _CLAUSES["phrase_words"] + 1 and not leans:
        return float(_CLAUSES["answer"])
    joined = " ".join(words)
    if joined in _CLAUSES["scenes"]:
        return float(_CLAUSES["scene"])
    if leans:
        return float(_CLAUSES["leaning_back" if len(said.words) > len(said.sentence) else "subordinate"])
    if len(words) == 1:
        return float(_CLAUSES["word_alone"])
    if asked is Asked.YES_NO and said.words[0] in _YES_NO and len(words) > 1:
        return float(_CLAUSES["answer_added"])
    if len(words) <= _CLAUSES["phrase_words"] and words[0] in _CLAUSES["phrase_openers"] and not _has_verb(words):
        told = asked is Asked.OPEN and words[0] in ("a", "an") and len(words) > 2
        return float(_CLAUSES["phrase_told" if told else "phrase"])
    if len(words) <= _CLAUSES["phrase_words"] and words[0] in _CLAUSES["prepositional_openers"]:
        return float(_CLAUSES["prepositional"])
    return float(_CLAUSES["statement"])


def _without_leads(words: Sequence[str]) -> Sequence[str]:
    while len(words) > 1 and words[0] in _CLAUSES["leads"]:
        words = words[1:]
    return words


def _has_verb(words: Sequence[str]) -> bool:
    """Behind a determiner; "an hour ago" needs none, and behind "that" or "one" it may stand at once."""
    if words[0] in _CLAUSES["phrase_pronouns"] and len(words) > 2 and words[1] in _CLAUSES["verbs"]:
        return words[-1] not in _CLAUSES["before_more"]
    if len(words) > 2 and words[1].endswith("'s") and words[2] in _JOINS["adverbs"]:
        return True  # "the doctor's very nice"
    return words[-1] == "ago" or any(word in _CLAUSES["verbs"] or _VERB_LIKE.fullmatch(word) for word in words[2:])


def _is_list(text: str) -> bool:
    """Things named one after another, and no "and" before the last."""
    items = [part.split() for part in text.split(",")]
    if len(items) < 2 or any(word in ("and", "or") for word in items[-1]):
        return False
    if len(items[-1]) == 1 and items[-1][0] in _CLAUSES["added"]:
        return False
    short = [len(item) <= 2 for item in items[1:]]
    return all(short) and (len(items) > 2 or bool(items[1] and items[1][-1].endswith("s") and len(items[0]) > 1))


def _opener(said: Said, words: Sequence[str]) -> str | None:
    """What opens a clause that leans on another which has not come ("When I was young"); None if it is no such one."""
    joined = " ".join(words)
    opener: str | None = next((opener for opener in _CLAUSES["openers"] if joined.startswith(f"{opener} ")), None)
    behind = words[opener.count(" ") + 1 :] if opener else ()
    if not behind or said.mark == "?" or behind[0] in _VERBS["auxiliaries"] - {"i'm", "it's", "he's", "she's"}:
        return None
    main = said.text.rpartition(",")
    if main[1] and len(main[2].split()) >= 3:
        return None
    return opener if sum(word in _CLAUSES["pronouns"] for word in behind[:-1]) < 2 else None
