import asyncio
import contextvars
from collections.abc import AsyncIterator

import pytest
from livekit.agents import LanguageCode, llm, stt
from livekit.agents.stt import SpeechEventType as Kind
from livekit.plugins import turns

START, INTERIM, PREFLIGHT, FINAL = (
    Kind.START_OF_SPEECH,
    Kind.INTERIM_TRANSCRIPT,
    Kind.PREFLIGHT_TRANSCRIPT,
    Kind.FINAL_TRANSCRIPT,
)
Said = tuple[Kind, str]


def _event(kind: Kind, text: str) -> stt.SpeechEvent:
    """Behind a bar stand the words that are supposed and not shown: "How are|you?"."""
    shown, _, supposed = text.partition("|")
    metadata = {"supposed_text": f"{shown} {supposed}".strip()} if supposed else None
    data = [stt.SpeechData(language=LanguageCode("en"), text=shown, metadata=metadata)] if text else []
    return stt.SpeechEvent(type=kind, alternatives=data)


class _Recogniser:
    """Scripted: says what it is given, a step at a time; a number is a pause in seconds."""

    def __init__(self, *script: Said | float) -> None:
        self._script = script

    async def __aiter__(self) -> AsyncIterator[stt.SpeechEvent]:
        for step in self._script:
            if isinstance(step, float):
                await asyncio.sleep(step)
            else:
                yield _event(*step)


def _early(**options: object) -> turns.EarlyAnswers:
    return turns.EarlyAnswers(turns.TurnDetector(language="en"), **options)  # type: ignore[arg-type]


async def _through(early: turns.EarlyAnswers, *script: Said | float) -> list[Said]:
    return [
        (event.type, event.alternatives[0].text if event.alternatives else "")
        async for event in early.gate(_Recogniser(*script))
    ]


async def test_words_that_are_whole_begin_an_answer_at_once() -> None:
    assert await _through(_early(), (PREFLIGHT, "How are you today?")) == [(PREFLIGHT, "How are you today?")]


async def test_an_interim_that_comes_twice_and_is_whole_begins_it_while_the_caller_speaks() -> None:
    said = await _through(_early(), (INTERIM, "I like that"), (INTERIM, "I like that"))
    assert [kind for kind, _ in said] == [INTERIM, PREFLIGHT]


async def test_an_interim_that_is_plainly_whole_begins_it_at_once_with_words_that_are_not_shown_yet() -> None:
    said = await _through(_early(), (INTERIM, "How are|you?"), (INTERIM, "How are you|"), (FINAL, "How are you?"))
    assert said == [(PREFLIGHT, "How are you?"), (INTERIM, "How are you?"), (FINAL, "How are you?")]


async def test_other_words_end_it_and_are_begun_anew_when_they_are_all() -> None:
    said = await _through(
        _early(), (INTERIM, "How are|you?"), (INTERIM, "How are you and the"), (PREFLIGHT, "How are you?")
    )
    assert said == [(PREFLIGHT, "How are you?"), (INTERIM, "How are you and the"), (PREFLIGHT, "How are you?")]


async def test_the_words_that_then_turn_out_to_be_all_do_not_begin_it_again() -> None:
    said = await _through(
        _early(),
        (INTERIM, "How are you?"),
        (PREFLIGHT, "how are you"),
        (FINAL, "How are you"),
    )
    # LiveKit compares a final text with the preflight mark by mark.
    assert said == [(PREFLIGHT, "How are you?"), (INTERIM, "how are you"), (FINAL, "How are you?")]


async def test_a_pause_in_the_middle_of_a_sentence_begins_nothing_yet() -> None:
    said = await _through(_early(), (PREFLIGHT, "Yesterday I went to the"), 0.1, (START, ""), (INTERIM, "Yesterday I"))
    assert [kind for kind, _ in said] == [INTERIM, START, INTERIM]


async def test_when_that_pause_runs_on_the_answer_is_begun_before_the_turn_is_called() -> None:
    early = turns.EarlyAnswers(turns.TurnDetector(language="en", longest_s=1.0))
    words = "Yesterday I went to the"
    assert await _through(early, (PREFLIGHT, words), 0.6) == [(INTERIM, words), (PREFLIGHT, words)]


async def test_nothing_is_begun_while_another_call_waits() -> None:
    said = await _through(_early(busy=lambda: True), (PREFLIGHT, "How are you today?"), (FINAL, "How are you today?"))
    assert [kind for kind, _ in said] == [INTERIM, FINAL]


async def test_nothing_is_begun_where_no_tries_are_allowed() -> None:
    said = await _through(_early(limits=turns.Limits(tries=0)), (PREFLIGHT, "How are you today?"))
    assert [kind for kind, _ in said] == [INTERIM]


async def test_what_was_said_before_is_read_ahead_when_the_caller_begins() -> None:
    read: list[str] = []

    async def read_ahead(words: str) -> None:
        read.append(words)

    await _through(_early(read_ahead=read_ahead), (START, ""), 0.02, (START, ""), (INTERIM, "The"), 0.02)
    assert read == [""]


async def test_words_are_read_ahead_without_the_last_which_may_still_change() -> None:
    read: list[str] = []

    async def read_ahead(words: str) -> None:
        read.append(words)

    await _through(
        _early(read_ahead=read_ahead),
        (INTERIM, "Well yesterday I went"),
        (INTERIM, "Well yesterday I went to the"),
        (INTERIM, "Well yesterday I went to the market"),
        0.05,
    )
    assert read == ["Well yesterday I", "Well yesterday I went to"]


class _SlowReader:
    """Reads until it is let go on."""

    def __init__(self) -> None:
        self.begun: list[str] = []
        self.read: list[str] = []
        self.go_on = asyncio.Event()

    async def __call__(self, words: str) -> None:
        self.begun.append(words)
        await self.go_on.wait()
        self.read.append(words)


async def test_words_that_come_while_others_are_read_are_read_after_them_the_newest_alone() -> None:
    reader = _SlowReader()

    class Recogniser:
        async def __aiter__(self) -> AsyncIterator[stt.SpeechEvent]:
            yield _event(INTERIM, "Well yesterday I went")
            await asyncio.sleep(0.02)
            yield _event(INTERIM, "Well yesterday I went to the")
            yield _event(INTERIM, "Well yesterday I went to the market and")
            await asyncio.sleep(0.02)
            reader.go_on.set()
            await asyncio.sleep(0.05)

    async for _ in _early(read_ahead=reader).gate(Recogniser()):
        pass
    assert reader.read == ["Well yesterday I", "Well yesterday I went to the market"]


async def test_words_that_are_only_supposed_are_not_read_ahead() -> None:
    read: list[str] = []

    async def read_ahead(words: str) -> None:
        read.append(words)

    await _through(_early(read_ahead=read_ahead), (INTERIM, "Well yesterday I went|to the market and"), 0.02)
    assert read == ["Well yesterday I"]


async def test_reading_ahead_gives_way_to_other_calls_and_is_taken_up_again_when_they_are_answered() -> None:
    reader, others = _SlowReader(), asyncio.Event()

    class Recogniser:
        async def __aiter__(self) -> AsyncIterator[stt.SpeechEvent]:
            yield _event(INTERIM, "Well yesterday I went")
            await asyncio.sleep(0.02)
            others.set()
            await asyncio.sleep(0.2)
            reader.go_on.set()
            await asyncio.sleep(0.02)
            assert reader.read == []
            others.clear()
            await asyncio.sleep(0.2)

    async for _ in _early(read_ahead=reader, busy=others.is_set).gate(Recogniser()):
        pass
    assert reader.begun == ["Well yesterday I"] * 2
    assert reader.read == ["Well yesterday I"]


async def test_what_was_to_be_read_is_forgotten_when_the_answer_begins() -> None:
    reader = _SlowReader()
    await _through(
        _early(read_ahead=reader),
        (INTERIM, "What is the best way"),
        0.02,
        (INTERIM, "What is the best way to make"),
        (PREFLIGHT, "What is the best way to make tea?"),
        0.1,
    )
    assert reader.begun == ["What is the best"]


async def test_an_answer_whose_voice_waits_is_given_up_with_the_next_interim_where_others_wait() -> None:
    others = asyncio.Event()

    class Recogniser:
        async def __aiter__(self) -> AsyncIterator[stt.SpeechEvent]:
            yield _event(INTERIM, "How are|you?")
            yield _event(INTERIM, "How are|you?")
            others.set()
            yield _event(INTERIM, "How are|you?")
            others.clear()
            yield _event(PREFLIGHT, "How are you?")

    said = [(event.type, event.alternatives[0].text) async for event in _early(busy=others.is_set).gate(Recogniser())]
    # Other words than those of the preflight, and LiveKit ends the request.
    assert said == [
        (PREFLIGHT, "How are you?"),
        (INTERIM, "How are you?"),
        (INTERIM, "How are"),
        (PREFLIGHT, "How are you?"),
    ]


async def test_an_answer_to_words_at_which_the_caller_has_paused_is_kept_where_others_wait() -> None:
    others = asyncio.Event()

    class Recogniser:
        async def __aiter__(self) -> AsyncIterator[stt.SpeechEvent]:
            yield _event(PREFLIGHT, "How are you?")
            others.set()
            yield _event(INTERIM, "How are|you?")

    said = [(event.type, event.alternatives[0].text) async for event in _early(busy=others.is_set).gate(Recogniser())]
    assert said == [(PREFLIGHT, "How are you?"), (INTERIM, "How are you?")]


async def test_an_answer_that_is_due_while_others_wait_is_begun_when_they_do_not_and_not_asked_for_all_the_time() -> (
    None
):
    asked, waited = [0], asyncio.Event()

    def busy() -> bool:
        asked[0] += 1
        return asked[0] > 1 and not waited.is_set()

    class Recogniser:
        async def __aiter__(self) -> AsyncIterator[stt.SpeechEvent]:
            yield _event(PREFLIGHT, "Yesterday I went to the")
            await asyncio.sleep(0.8)
            waited.set()
            await asyncio.sleep(0.2)

    early = turns.EarlyAnswers(turns.TurnDetector(language="en", longest_s=1.0), busy=busy)
    kinds = [event.type async for event in early.gate(Recogniser())]
    assert kinds == [INTERIM, PREFLIGHT]
    assert asked[0] < 100


async def test_reading_ahead_gives_way_to_the_answer() -> None:
    began, stopped = asyncio.Event(), asyncio.Event()

    async def read_ahead(_: str) -> None:
        began.set()
        try:
            await asyncio.sleep(30)
        finally:
            stopped.set()

    early = _early(read_ahead=read_ahead)
    script = ((INTERIM, "What is the best way"), (INTERIM, "What is the best way to make"), 0.05)
    await asyncio.wait_for(_through(early, *script, (PREFLIGHT, "What is the best way to make tea?"), 0.01), 5)
    assert began.is_set()
    assert stopped.is_set()


async def test_what_the_recogniser_raises_comes_through() -> None:
    class Broken:
        async def __aiter__(self) -> AsyncIterator[stt.SpeechEvent]:
            yield _event(INTERIM, "How")
            raise ConnectionError("gone")

    with pytest.raises(ConnectionError, match="gone"):
        async for _ in _early().gate(Broken()):
            pass


async def test_what_the_recogniser_leaves_in_its_context_is_there_for_the_next() -> None:
    left_over: contextvars.ContextVar[str] = contextvars.ContextVar("left_over", default="")

    class Failing:
        async def __aiter__(self) -> AsyncIterator[stt.SpeechEvent]:
            left_over.set("half a sentence")
            yield _event(INTERIM, "How")
            raise ConnectionError("gone")

    with pytest.raises(ConnectionError, match="gone"):
        async for _ in _early().gate(Failing()):
            pass
    assert left_over.get() == "half a sentence"


def _asked(text: str) -> llm.ChatContext:
    context = llm.ChatContext()
    context.add_message(role="user", content=text)
    return context


async def _answer() -> AsyncIterator[str]:
    for word in ("Very", "well"):
        yield word


async def _spoken(early: turns.EarlyAnswers) -> list[str]:
    return [word async for word in early.hold(_answer(), _asked("How are you?"))]


async def test_an_answer_that_was_begun_while_the_caller_speaks_is_held_until_the_words_are_all() -> None:
    early = _early()
    await _through(early, (INTERIM, "How are|you?"))
    speaking = asyncio.create_task(_spoken(early))
    await asyncio.sleep(0.02)
    assert not speaking.done()
    await _through(early, (PREFLIGHT, "How are you?"))
    assert await asyncio.wait_for(speaking, 1) == ["Very", "well"]


async def test_an_answer_that_was_begun_in_a_pause_is_not_held() -> None:
    early = _early()
    await _through(early, (PREFLIGHT, "How are you?"))
    assert await asyncio.wait_for(_spoken(early), 1) == ["Very", "well"]


async def test_what_is_held_and_thrown_away_leaves_nothing_behind() -> None:
    early = _early()
    await _through(early, (INTERIM, "How are|you?"))
    speaking = asyncio.create_task(_spoken(early))
    await asyncio.sleep(0.02)
    speaking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await speaking
    assert not [task for task in asyncio.all_tasks() if task.get_name() == "turns.writing"]


async def test_what_a_held_answer_raises_comes_through() -> None:
    async def broken() -> AsyncIterator[str]:
        yield "Very"
        raise ConnectionError("gone")

    early = _early()
    await _through(early, (INTERIM, "How are|you?"), (FINAL, "How are you?"))
    await _through(early, (INTERIM, "Where is|she?"))
    held = early.hold(broken(), _asked("Where is she?"))
    reading = asyncio.create_task(anext(aiter(held)))
    await asyncio.sleep(0.02)
    await _through(early, (FINAL, "Where is she?"))
    assert await asyncio.wait_for(reading, 1) == "Very"
    with pytest.raises(ConnectionError, match="gone"):
        await anext(held)


async def test_an_answer_that_livekit_keeps_is_released_though_the_recogniser_has_supposed_more_meanwhile() -> None:
    """LiveKit compares what is shown: for the same words shown, and more supposed, it keeps the answer."""
    early = _early()
    await _through(early, (INTERIM, "How are|you?"))
    speaking = asyncio.create_task(_spoken(early))
    await asyncio.sleep(0.02)
    await _through(early, (INTERIM, "How are you|and the"), (FINAL, "How are you?"))
    assert await asyncio.wait_for(speaking, 1) == ["Very", "well"]


@pytest.mark.parametrize("end", [(FINAL, ""), (Kind.END_OF_SPEECH, "")])
async def test_what_turned_out_to_be_a_noise_holds_no_later_answer(end: Said) -> None:
    early = _early()
    await _through(early, (INTERIM, "How are|you?"), end)
    assert await asyncio.wait_for(_spoken(early), 1) == ["Very", "well"]


async def test_an_answer_to_other_words_is_not_held() -> None:
    early = _early()
    await _through(early, (INTERIM, "Where is|she?"))
    assert await asyncio.wait_for(_spoken(early), 1) == ["Very", "well"]
