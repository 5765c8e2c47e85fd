"""The agent's last words tell what kind of answer it waits for."""

import pytest

from livekit.plugins.turns import Asked, what_was_asked

QUESTIONS = [
    ("ko", "", Asked.NONE),
    ("ko", "편히 쉬세요.", Asked.NONE),
    ("ko", "그러셨군요. 식사는 하셨어요?", Asked.YES_NO),
    ("ko", "혼자 사시나요?", Asked.YES_NO),
    ("ko", "걷기랑 수영 중에 뭐가 더 좋으세요?", Asked.CHOICE),
    ("ko", "지금 할까요, 아니면 나중에 할까요?", Asked.CHOICE),
    ("ko", "올해 연세가 어떻게 되세요?", Asked.NUMBER),
    ("ko", "약을 몇 알 드셨어요?", Asked.NUMBER),
    ("ko", "병원 예약이 언제예요?", Asked.DATE),
    ("ko", "몇 시에 일어나셨어요?", Asked.DATE),
    ("ko", "연락드릴 전화번호를 알려 주세요.", Asked.PHONE),
    ("ko", "병원 번호가 어떻게 돼요?", Asked.PHONE),
    ("ko", "계좌번호가 어떻게 되세요?", Asked.DIGITS),
    ("ko", "성함이 어떻게 되세요?", Asked.NAME),
    ("ko", "점심은 뭐 드셨어요?", Asked.FACT),
    ("ko", "어디 사세요?", Asked.FACT),
    ("ko", "왜 못 주무셨어요?", Asked.REASON),
    ("ko", "오늘 하루 어떠셨어요?", Asked.OPEN),
    ("ko", "어릴 적 이야기를 들려주세요.", Asked.OPEN),
    ("ko", "어제 뭐 하셨어요? 궁금해요.", Asked.OPEN),
    ("en", "Sleep well.", Asked.NONE),
    ("en", "I see. Did you have your lunch?", Asked.YES_NO),
    ("en", "Would you like tea or coffee?", Asked.CHOICE),
    ("en", "How old are you?", Asked.NUMBER),
    ("en", "When is your appointment?", Asked.DATE),
    ("en", "What's your phone number?", Asked.PHONE),
    ("en", "What is the number of the clinic?", Asked.PHONE),
    ("en", "Could you tell me the doctor's number?", Asked.PHONE),
    ("en", "What is your account number?", Asked.DIGITS),
    ("en", "May I have your name?", Asked.NAME),
    ("en", "Who came to see you?", Asked.FACT),
    ("en", "Why did you stay in?", Asked.REASON),
    ("en", "How are you feeling today?", Asked.OPEN),
    ("en", "Tell me about your garden.", Asked.OPEN),
    ("en", "What did the plumber do?", Asked.OPEN),
    ("en", "What are you doing for Christmas?", Asked.OPEN),
    ("fr", "Comment allez-vous ?", Asked.NONE),
]


@pytest.mark.parametrize(("language", "said", "kind"), QUESTIONS)
def test_the_kind_of_question(language: str, said: str, kind: Asked) -> None:
    assert what_was_asked(said, language) is kind
