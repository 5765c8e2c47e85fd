"""Captions grow, are mended and become final."""

from support.captions import Captions


def test_a_segment_is_replaced_and_keeps_the_time_at_which_it_began() -> None:
    captions = Captions()
    captions.replace("a", "caller", "hello", final=False, at=1.0)
    captions.replace("b", "companion", "Good", final=False, at=2.0)
    captions.replace("a", "caller", "Hello there.", final=True, at=3.0)
    [first, second] = captions.segments.values()
    assert (first.text, first.final, first.at) == ("Hello there.", True, 1.0)
    assert (second.speaker, second.final) == ("companion", False)


def test_text_is_one_speakers_since_a_time() -> None:
    captions = Captions()
    for at, (speaker, text) in enumerate(
        [("companion", "Hi."), ("caller", "Tea?"), ("companion", " Yes."), ("companion", "Two.")]
    ):
        captions.replace(str(at), speaker, text, final=True, at=float(at))  # type: ignore[arg-type]
    assert captions.text("companion", None) == "Hi. Yes. Two."
    assert captions.text("companion", 1.0) == "Yes. Two."
    assert captions.text("caller", 2.0) == ""
