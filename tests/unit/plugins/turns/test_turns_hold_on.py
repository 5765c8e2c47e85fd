"""Who asks for patience, and who only sounds like it."""

import pytest

from livekit.plugins.turns.words.hold_on import asks_to_wait

WAIT = {
    "en": [
        "Hold on.",
        "Hold on a second, please.",
        "Oh, hang on, there's someone at the door.",
        "Just a second.",
        "One moment please.",
        "Give me a minute.",
        "Could you give me five minutes?",
        "Wait a minute, I need to get my glasses.",
        "I'll be right back.",
        "Don't hang up.",
        "Can you hold on for me?",
        "The phone is ringing, just a moment.",
        "Hold on, let me turn the kettle off.",
        "Bear with me.",
        "Wait.",
        "Oh, wait, please.",
        "Could you wait?",
        "Wait, wait.",
        "Wait, I'm coming.",
        "Hold on, I'm coming!",
        "Just a second I'm coming",
        "Just a second, I'll get the door.",
        "Let me get my glasses.",
        "Well, let me just find my hearing aid",
        "Let me get the phone.",
        "Let me go and get my reading glasses, so that I can see it.",
        "I can’t hear you, let me turn the television down.",
        "Hold on, Grandma.",
    ],
    "ko": [
        "잠깐만.",
        "잠깐만요",
        "잠시만요, 누가 왔나 봐요.",
        "기다려 봐.",
        "잠깐 기다려 봐",
        "잠깐만 기다려 주세요.",
        "조금만 기다려 줄래?",
        "아이고 잠깐만 전화 왔네",
        "전화가 왔네, 잠깐만 있어 봐.",
        "금방 갔다 올게.",
        "화장실 좀 다녀올게요",
        "가만있어 봐 안경 좀 찾아보고",
        "끊지 말고 잠시만.",
        "잠시만 기다려 주시겠어요?",
        "잠깐",
        "어, 잠깐.",
        "잠깐, 잠깐",
        "기다려",
        "야 기다려라",
        "좀 기다려라",
        "잠깐 기다려 봐라",
        "잠시만 기다려주십시오",
        "잠깐만 기다려 주시겠습니까",
        "기다려 주십시오",
        "좀 기다려 줘라",
        "기다리렴",
        "잠깐만요 할머니",
        "잠시만요, 선생님.",
        "어 잠깐만 물 좀 마시고",
        "잠깐만 물 좀",
        "잠깐만 물이 끓네",
        "잠깐만 초인종이 울려",
        "잠깐만 밥 좀 먹고요",
        "잠깐만 문 좀 열어 주고 올게",
        "잠깐만 약을 먹을게",
        "잠깐 물 좀 마시고 올게",
    ],
}
GO_ON = {
    "en": [
        "",
        "Hold on, I think it was on Tuesday.",
        "Wait, that is not what I meant.",
        "I had to hold on to the railing when I fell.",
        "We waited a minute for the bus yesterday.",
        "One minute later my son came in.",
        "I was in second grade.",
        "Wait a minute, what did you say about the weather?",
        "She said she would come in a moment or two and we laughed about that all day.",
        "I have been back home since Sunday.",
        "I can't wait.",
        "I can't wait to see the children.",
        "Wait, what did you say?",
        "Wait, what did you say about the phone",
        "Wait, I saw the nurse yesterday.",
        "We had to wait.",
        "The doctor made me wait",
        "Wait and see.",
        "Hold on, I'm coming to the best part.",
        "I'm coming to see you on Sunday.",
        "For just a second I thought it was him.",
        "She let me get my coat.",
        "They would not let me find my glasses.",
        "Let me get this straight.",
        "Let me tell you about my cat.",
        "Let me put it this way, my cat is old.",
    ],
    "ko": [
        "",
        "잠깐만 그게 아니라 어제 말이야",
        "잠깐 나갔다 왔어요.",
        "어제 손자를 한참 기다렸어요.",
        "버스를 기다리다가 친구를 만났어.",
        "잠깐만, 지금 몇 시야?",
        "조금만 먹었어요.",
        "오늘은 날씨가 참 좋네요.",
        "기다려도 안 와요",
        "기다려 봤는데 안 오더라고요.",
        "버스를 좀 기다려야 돼",
        "네, 기다려요.",
        "손자가 집에서 기다려",
        "기다리게 했어요.",
        "잠깐 잤어요.",
        "점심 먹고 잠깐 졸았어",
        "저는 밥을 조금만 먹고",
        "잠깐만요 할머니가 그러셨어요.",
        "잠깐만 그 문제가 뭐였지",
        "잠깐만 내가 약속을 했는데",
        "잠깐만 어제 라면을 끓였는데",
        "잠깐만 아니야 그날 밥 먹고 갔어",
        "잠깐만 뭐야",
        "내일 병원에서 약 받고 올게요",
        "잠깐이면 돼요.",
    ],
}


@pytest.mark.parametrize(("language", "text"), [(key, text) for key, texts in WAIT.items() for text in texts])
def test_who_asks_for_patience_is_understood(language: str, text: str) -> None:
    assert asks_to_wait(text, language)
    assert asks_to_wait(text.rstrip(".?!").upper(), f"{language}-XX")


@pytest.mark.parametrize(("language", "text"), [(key, text) for key, texts in GO_ON.items() for text in texts])
def test_who_goes_on_talking_does_not_ask_for_patience(language: str, text: str) -> None:
    assert not asks_to_wait(text, language)


def test_an_unknown_language_asks_for_nothing() -> None:
    assert not asks_to_wait("Einen Moment bitte", "de")
