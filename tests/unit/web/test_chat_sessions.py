"""Typed conversations that are remembered: whose, for how long, and how much of them."""

from livekit.agents import llm

from malbeot.web.chat.sessions import IDLE_S, MOST_CHARACTERS, MOST_MESSAGES, MOST_SESSIONS, Key, Session, Sessions


def key(session: str = "conversation", *, guest: str = "", address: str = "") -> Key:
    return Key(guest=guest, address=address, session=session)


def user(text: str) -> list[llm.ChatMessage]:
    return [llm.ChatMessage(role="user", content=[text])]


def test_nobody_opens_anothers() -> None:
    sessions = Sessions()
    found = sessions.find(key(guest="one"))
    assert sessions.find(key(guest="one")) is found
    others = [key(guest="two"), key(address="203.0.113.7"), key(address="one"), key("other", guest="one")]
    assert all(sessions.find(other) is not found for other in others)


def test_one_that_is_left_for_an_hour_is_gone() -> None:
    now = 0.0
    sessions = Sessions(clock=lambda: now)
    found = sessions.find(key())
    now = IDLE_S
    assert sessions.find(key()) is found
    now += IDLE_S + 1
    assert sessions.find(key()) is not found
    assert len(sessions) == 1


def test_the_oldest_make_room() -> None:
    sessions = Sessions()
    first, second = sessions.find(key("first")), sessions.find(key("second"))
    sessions.find(key("first"))
    for number in range(MOST_SESSIONS - 1):
        sessions.find(key(str(number)))
    assert len(sessions) == MOST_SESSIONS
    assert sessions.find(key("first")) is first
    assert sessions.find(key("second")) is not second


def test_the_newest_messages_are_kept_in_order() -> None:
    session = Session()
    for number in range(MOST_MESSAGES):
        session.add(user(f"question {number}"), f"answer {number}")
    texts = [message.text_content for message in session.context.messages()]
    assert len(texts) == MOST_MESSAGES
    assert texts[:2] == ["question 50", "answer 50"]
    assert texts[-1] == "answer 99"
    session.add(user("x" * (MOST_CHARACTERS - 10)), "")
    assert sum(len(message.text_content or "") for message in session.context.messages()) <= MOST_CHARACTERS
