"""A reply is cut where a speaker would pause, soon at first, and nothing of it is lost."""

import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from livekit.plugins.gpt_sovits.clauses import (
    CLAUSE_MAX_CHARS,
    CLAUSE_PAUSE_S,
    PARAGRAPH_PAUSE_S,
    QUESTION_PAUSE_S,
    SENTENCE_PAUSE_S,
    Clause,
    ClauseCutter,
)

# `|` stands where the reply is cut; the space beside it is the reply's.
KOREAN = [
    "네,| 안녕하세요.| 오늘은 날씨가 참 좋네요.| 산책이라도 다녀오시는 게 어떠세요?",
    "안녕하세요,| 어르신! 어젯밤에는 잘 주무셨어요?",
    "아이고,| 그러셨군요.| 무릎이 아프시면 계단은 조심하셔야 하는데,| 병원에는 다녀오셨어요?",
    "그래요.|그런데 지금은 3.5도라서| 추우니까 따뜻하게 입고 나가세요.",
    "어르신,|오늘은 목요일이에요!|병원 예약이 있으세요.",
    "“이제 괜찮다.” 라고 하셨어요.| 다행이에요.",
    "“밥은 먹었니?”라고 물으셨죠.| 『토지』를 읽으셨다고요?",
    '어머니께서 "많이 먹어라." 하고 말씀하셨어요.',
    "밥 먹고 싶으시면| 먼저 손을 씻고 천천히 드세요.",
    "약은 하루에 세 번,| 식사하시고 30분 뒤에 드시면 돼요.| 혈압약은 아침 8:30에 드시고, 당뇨약은 12,000원짜리예요.",
    "준비물은 다음과 같아요:|\n1. 물 한 컵|\n2. 수건 두 장|\n3. 편한 신발|\n\n다 준비되셨으면 말씀해 주세요.",
    "- **1.** 물을 드세요.|\n- 2) 약을 드세요.",
    "*미소 지으며* 그 말씀을 들으니| 저도 기쁘네요!| 😊 내일도 꼭 전화 주세요~",
    "(웃음) 그건 제가 잘 모르겠는데요,| 한번 찾아볼까요?",
    "글쎄요… 잘 모르겠네요...| 한번 알아볼게요.",
    "뭐라고요?!| 정말이에요?| 세상에!",
    "2026. 5. 3. 일요일에 오시면 돼요.| 1. 먼저 문을 열고 2. 불을 켜세요.",
    "자세한 내용은| https://example.com/a.b?c=1 에서 보시거나| me@example.com 으로 메일을 보내 주세요.",
    "파일 이름은 report.final.txt예요.| 버전은 v1.2.3이고, 크기는 3.5MB예요.",
    "혼자 계시면| 많이 적적하시겠어요.| 그래서 제가 매일 전화를 드리려고 해요.| 오늘은 어떤 이야기를 나눠 볼까요?",
    "제가 듣기로는 어제 아드님이 오셨다고 하던데| 맛있는 것도 드시고 사진도 찍으셨다면서요?| 얼마나 좋으셨어요!",
    "그런데 말이에요| 저는 라면을 먹고 있었는데 갑자기 전화가 와서| 깜짝 놀랐지만 괜찮았어요.",
    "네네네 알겠어요| 걱정하지 마시고 푹 쉬세요 내일 아침에 다시 전화드릴게요| 그때까지 잘 지내세요",
]
ENGLISH = [
    "Sure",
    "Yes,| of course.| I'd be glad to help you with that.| Which room is it?",
    "Good morning,| Mrs. Lee. Did you sleep well last night?",
    "Well, that sounds lovely!| Dr. Kim said you should rest, e.g. lie down at 3:30 p.m. today.| Shall I remind you?",
    "The U.S. economy grew 3.5% in 2024.| See https://example.com/a.b?c=1, or write to me@example.com.| Use v1.2.3.",
    "No.| I don't think so.| It is No. 5 on the list, on p. 12, by J. K. Rowling (born in 1965. in the U.K.).",
    "“Are you okay?” she asked.| “I am.” He smiled.",
    "You said \"I'm fine.\"| Then you hung up. 'Really?'| I thought.",
    "Hmm... let me see—|yes, it's on Tuesday at 5 p.m.| Then on Wednesday you see Mr. Lee.",
    "Take it at 8 a.m. and again at 8 p.m.| That is all, etc., okay?",
    'Of course!| I can help. Let\'s see: first,| open the app; then tap "Call"... and wait.',
    "Really?!| That's great!!!| Tell me more.",
    "You can try **deep breathing. It helps.**| Or read [this page](https://example.com/a. b), if you like.",
    "Temperature will be -3 to 5 degrees,| with 1,200 mm of snow...or more.| Dress warmly; drive safely.",
    "I am not sure| whether the pharmacy on the corner of the street is open today| but I can look it up for you.",
    "I was thinking that perhaps we could take| a walk in the park this afternoon because the weather is supposed to "
    "be nice and the cherry trees are finally in bloom,| which only happens once a year.",
    "*smiles*\nHello there!",
    "I will ask Dr. Kim about it.",
    "- 100. Wash your hands.",
]
OTHERS = [
    "今日はとてもいい天気ですね。|散歩に行きませんか？明日は雨が降るそうです、傘を持って行ってください。",
    "...\n😊",
    "",
]


def cut(*pieces: str) -> list[Clause]:
    cutter = ClauseCutter()
    clauses = [clause for piece in pieces for clause in cutter.push(piece)]
    return [*clauses, *cutter.flush()]


def spoken(text: str) -> str:
    return "".join(filter(str.isalnum, text))


@pytest.mark.parametrize("marked", [*KOREAN, *ENGLISH, *OTHERS])
def test_replies_are_cut_where_a_speaker_would(marked: str) -> None:
    expected = [" ".join(clause.split()) for clause in marked.split("|") if spoken(clause)]
    assert [clause.text for clause in cut(marked.replace("|", ""))] == expected


@pytest.mark.parametrize(
    ("text", "pauses"),
    [
        ("알겠습니다. 그럼", [SENTENCE_PAUSE_S, 0]),
        ("괜찮으세요? 그럼", [QUESTION_PAUSE_S, 0]),
        ("안녕하세요, 그럼", [CLAUSE_PAUSE_S, 0]),
        ("알겠습니다.\n \nOkay", [PARAGRAPH_PAUSE_S, 0]),
        ("알겠습니다\n그럼", [SENTENCE_PAUSE_S, 0]),
        ("Counting some rather ordinary things without marks anywhere", [0, 0]),
    ],
)
def test_a_pause_is_as_long_as_what_ends_is_great(text: str, pauses: list[float]) -> None:
    assert [clause.pause_s for clause in cut(text)] == pauses


@pytest.mark.parametrize(
    ("undecided", "decides"),
    [
        ("네,", " "),
        ("좋아요.", " "),
        ("I weigh 60.", " B"),
        ("I live here.", " T"),
        ("오시면 기쁘고", " 그"),
        ("“이제 괜찮다.”", " 다행"),
        ("반갑습니다\n", "그"),
        ("반갑습니다", "\n\n"),
    ],
)
def test_a_clause_is_given_with_the_character_that_decides_it(undecided: str, decides: str) -> None:
    cutter = ClauseCutter()
    assert cutter.push(undecided) == []
    assert cutter.push(decides[:-1]) == []
    assert [clause.text for clause in cutter.push(decides[-1])] == [undecided.strip()]


@pytest.mark.parametrize(
    ("first", "second"), [("It costs 3.", "5 dollars"), ("전화는 12,", "000원"), ("It is 3:", "30 now")]
)
def test_a_number_split_between_pieces_is_not_cut(first: str, second: str) -> None:
    assert [clause.text for clause in cut(first, second)] == [first + second]


def test_after_a_flush_another_reply_begins_with_a_short_clause() -> None:
    cutter = ClauseCutter()
    reply = "네, 알겠어요. 오늘은 제가 재미있는 이야기를 하나 들려 드릴게요. 들어 보세요."
    first = [*cutter.push(reply), *cutter.flush()]
    assert [*cutter.push(reply), *cutter.flush()] == first
    assert first[0].text == "네,"
    assert cutter.flush() == []


def test_clauses_grow() -> None:
    text = "오늘은 날씨가 좋아요. " * 12
    lengths = [len(clause.text) for clause in cut(text)[:-1]]
    assert lengths == sorted(lengths)
    assert lengths[-1] >= 2 * lengths[0]


# What texts are made of, so that marks, spaces and words meet in every way.
MARKS = [*" \n.,!?…:;—-~*_()[]“”\"'1。、😊\u200d", "..", "  ", "\n\n"]
WORDS = ["가", "다", "요", "안녕하세요", "그리고", "ㅎㅎ", "今日は", "é", "１"]
LATIN = ["a", "I", "Dr.", "3.5", "p.m.", "e.g.", "hello", "https://a.b/c?d"]
SPACED = ["고 있", "는데 ", "면 ", " 라고", " and ", "the ", "No. "]
fragments = st.sampled_from([*MARKS, *WORDS, *LATIN, *SPACED])
texts = st.lists(fragments, max_size=120).map("".join) | st.text(max_size=200)


@given(texts)
def test_every_letter_and_digit_comes_out_once_and_in_order(text: str) -> None:
    assert spoken("".join(clause.text for clause in cut(text))) == spoken(text)


@given(texts, st.data())
def test_clauses_are_the_same_however_the_text_is_split(text: str, data: st.DataObject) -> None:
    places = sorted(data.draw(st.lists(st.integers(0, len(text)), max_size=8)))
    pieces = [text[start:end] for start, end in zip([0, *places], [*places, len(text)], strict=True)]
    assert cut(*pieces) == cut(text)


@given(texts)
def test_every_clause_can_be_spoken_and_is_bounded(text: str) -> None:
    clauses = cut(text)
    for clause in clauses:
        assert spoken(clause.text)
        assert clause.text == " ".join(clause.text.split())
        assert len(clause.text) <= CLAUSE_MAX_CHARS
        assert 0 <= clause.pause_s <= PARAGRAPH_PAUSE_S


@pytest.mark.parametrize("unit", ["가", "a", "1", "!", "가나 ", "the ", "(a", "*a* ", "😊 "])
def test_a_text_without_an_end_takes_constant_memory(unit: str) -> None:
    cutter = ClauseCutter()
    piece, given_chars = unit * 10, 0
    count = 1_000_000 if unit == "가" else 50_000
    for _ in range(count // len(piece)):
        for clause in cutter.push(piece):
            given_chars += len(clause.text)
            assert len(clause.text) <= CLAUSE_MAX_CHARS
    assert len(pickle.dumps(vars(cutter))) < 20_000, "all that is kept"
    assert given_chars > count / 2 if spoken(unit) else given_chars == 0
