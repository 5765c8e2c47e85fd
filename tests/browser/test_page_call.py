"""A whole call through the page: its microphone speaks a question, and the companion greets and answers."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from browser.axe import violations
from browser.chromium import caller_page, screenshot, wait_for_state, wait_until
from support.recognise import word_error_rate
from support.speech import Speech, english, korean_person
from support.stack import Stack

QUESTION = "Hello there. What do you like to do on a sunny day?"
QUIET_S = 9.0
"""Silence before the question: the greeting is over by then."""
BREAKS_IN_S = 4.0
"""Silence before a caller who does not wait for the end of the Korean greeting, which takes 8 s."""

# Listens in the test's own code to what the page gets to play: the loudest moment since the last reset, and when there
# was voice first and last.
LISTEN = """rms_of_voice => {
  const voice = document.querySelector("#voice"), context = new AudioContext(), analyser = context.createAnalyser();
  const samples = new Float32Array(analyser.fftSize);
  let stream = null;
  window.loudest = 0;
  window.voice = { first: null, last: null };
  setInterval(() => {
    if (voice.srcObject && voice.srcObject !== stream) {
      stream = voice.srcObject;
      context.createMediaStreamSource(stream).connect(analyser);
    }
    analyser.getFloatTimeDomainData(samples);
    const rms = Math.sqrt(samples.reduce((sum, sample) => sum + sample * sample, 0) / samples.length);
    window.loudest = Math.max(window.loudest, rms);
    if (rms <= rms_of_voice) return;
    window.voice.last = performance.now();
    window.voice.first ??= window.voice.last;
  }, 20);
}"""
VOICE_RMS = 0.01
# Notes what the page shows while it changes: the level, whether the caller is heard, how a caption grows.
WATCH = """() => {
  window.seen = { level: 0, heard: false, announced: [], growth: [] };
  const main = document.querySelector("main"), level = document.querySelector("#level");
  const announcement = document.querySelector("#announcement");
  setInterval(() => {
    window.seen.level = Math.max(window.seen.level, level.value);
    window.seen.heard ||= main.dataset.heard === "true";
    const said = announcement.textContent;
    if (said !== window.seen.announced.at(-1)) window.seen.announced.push(said);
    const first = document.querySelector('#captions [data-speaker="companion"] .text')?.textContent ?? "";
    if (first && first !== window.seen.growth.at(-1)?.text) {
      window.seen.growth.push({ text: first, at: performance.now(), speaking: main.dataset.state === "speaking" });
    }
  }, 20);
}"""


def after_silence(speech: Speech, quiet_s: float, path: Path) -> Path:
    quiet = np.zeros(int(quiet_s * speech.rate), np.int16)
    return Speech(np.concatenate([quiet, speech.samples]), speech.rate).to_wav(path)


def in_step(growth: list[dict[str, Any]], *, first: float, last: float) -> None:
    """The caption grows with the voice, which was heard from `first` to `last`, all in the browser's milliseconds."""
    assert len(growth) >= 4, growth
    assert abs(growth[0]["at"] - first) <= 1000, (growth, first)
    assert first < growth[-1]["at"] <= last + 1000, (growth, last)
    assert all(step["speaking"] for step in growth[1:-1]), growth
    halfway = [step["text"] for step in growth if step["at"] <= (first + last) / 2]
    assert halfway, (growth, first, last)
    assert 0.2 <= len(halfway[-1]) / len(growth[-1]["text"]) <= 0.85, (growth, first, last)


async def test_a_call_from_the_page(attended: Stack, tmp_path: Path) -> None:
    microphone = after_silence(english(QUESTION), QUIET_S, tmp_path / "microphone.wav")
    async with caller_page(attended.web_url, microphone=microphone) as page:
        await page.fill("#name", "Rose")
        await page.evaluate(WATCH)
        await page.evaluate(LISTEN, VOICE_RMS)
        await page.click("#call")
        await wait_for_state(page, "speaking")
        await wait_until(page, f"window.loudest > {VOICE_RMS}")
        await screenshot(page, "greeting")
        greeting = '#captions [data-speaker="companion"][data-final="true"] .text'
        assert "Rose" in await (await page.wait_for_selector(greeting, timeout=20_000)).inner_text()
        await wait_for_state(page, "listening")
        in_step(await page.evaluate("window.seen.growth"), **await page.evaluate("window.voice"))
        assert await page.evaluate("window.seen.level") < 0.2
        assert await violations(page) == []

        mine = await page.wait_for_selector('#captions [data-speaker="caller"][data-final="true"]', timeout=40_000)
        await page.evaluate("window.loudest = 0")
        assert await page.evaluate("window.seen.level") > 0.4
        assert await page.evaluate("window.seen.heard")
        answer = '[data-speaker="caller"] ~ [data-speaker="companion"]'
        await page.wait_for_selector(f"#captions {answer}", timeout=40_000)
        await wait_for_state(page, "speaking", "listening", timeout_s=40)
        await wait_until(page, f"window.loudest > {VOICE_RMS}", timeout_s=40)
        await screenshot(page, "answered")
        heard = " ".join(await page.locator('#captions [data-speaker="caller"] .text').all_inner_texts())
        assert await mine.is_visible()
        assert word_error_rate(QUESTION, heard) <= 0.3, heard

        await page.click("#hangup")
        await wait_for_state(page, "ended")
        assert (await page.inner_text("#duration")).startswith("You talked for ")
        assert await page.inner_text("#turns") == "You spoke once, your companion twice."
        assert await page.evaluate("document.querySelector('#voice').srcObject === null")
        # A screen reader was silent while they talked.
        announced = await page.evaluate("window.seen.announced.filter(Boolean)")
        # A companion that is in the room before its caller lets nothing ring.
        assert [words for words in announced if words != "Ringing…"] == [
            "Calling…",
            "The companion is there. You can talk.",
            "The call has ended.",
        ]
        assert await violations(page) == []
        await screenshot(page, "ended")


@pytest.mark.parametrize(
    ("locale", "turns"),
    [
        ("en-US", "You did not speak; your companion spoke once."),
        ("ko-KR", "나는 말하지 않았고, 말벗은 1번 말했습니다."),
    ],
)
async def test_who_only_listened_reads_so(attended: Stack, silence: Path, locale: str, turns: str) -> None:
    async with caller_page(attended.web_url, locale=locale, microphone=silence) as page:
        await page.click("#call")
        await page.wait_for_selector('#captions [data-speaker="companion"]', timeout=30_000)
        await page.click("#hangup")
        await wait_for_state(page, "ended")
        assert await page.inner_text("#turns") == turns


async def test_a_korean_caller_breaks_in(attended: Stack, tmp_path: Path) -> None:
    """What they say is written in Hangul, and of what they cut off no more than was heard."""
    microphone = after_silence(korean_person(), BREAKS_IN_S, tmp_path / "microphone.wav")
    async with caller_page(attended.web_url, locale="ko-KR", microphone=microphone) as page:
        await page.click("#call")
        companion = page.locator('#captions [data-speaker="companion"] .text').first
        await companion.wait_for(timeout=30_000)
        mine = '#captions [data-speaker="caller"] .text'
        await wait_until(page, f"/[가-힣]/.test(document.querySelector('{mine}')?.textContent)", timeout_s=40)
        await page.wait_for_selector('#captions [data-speaker="companion"][data-final="true"]', timeout=5_000)
        said = await companion.inner_text()
        assert said.startswith("안녕하세요"), said
        assert not said.endswith("지내셨어요?"), said
        assert await page.inner_text('#captions [data-speaker="caller"] .speaker') == "나"
        await screenshot(page, "korean-break-in")
