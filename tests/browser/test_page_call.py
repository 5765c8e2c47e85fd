"""A whole call through the page: its microphone speaks a question, and the companion greets and answers."""

from pathlib import Path

import numpy as np

from browser.chromium import caller_page, screenshot, wait_for_state, wait_until
from support.recognise import word_error_rate
from support.speech import Speech, english
from support.stack import running_stack

QUESTION = "Hello there. What do you like to do on a sunny day?"
QUIET_S = 9.0
"""Silence before the question: the greeting is over by then."""

# Listens in the test's own code to what the page plays, and keeps the loudest moment since the last `reset`.
LISTEN = """() => {
  const context = new AudioContext();
  const analyser = context.createAnalyser();
  context.createMediaStreamSource(document.querySelector("#voice").srcObject).connect(analyser);
  const samples = new Float32Array(analyser.fftSize);
  window.loudest = 0;
  setInterval(() => {
    analyser.getFloatTimeDomainData(samples);
    const rms = Math.sqrt(samples.reduce((sum, sample) => sum + sample * sample, 0) / samples.length);
    window.loudest = Math.max(window.loudest, rms);
  }, 20);
}"""
VOICE_RMS = 0.01


def question_after_silence(path: Path) -> Path:
    speech = english(QUESTION)
    quiet = np.zeros(int(QUIET_S * speech.rate), np.int16)
    return Speech(np.concatenate([quiet, speech.samples]), speech.rate).to_wav(path)


async def test_a_call_from_the_page(tmp_path: Path) -> None:
    microphone = question_after_silence(tmp_path / "microphone.wav")
    async with running_stack(tmp_path) as stack, caller_page(stack.web_url, microphone=microphone) as page:
        await page.fill("#name", "Rose")
        await page.click("#call")
        await wait_for_state(page, "speaking")
        await wait_until(page, "document.querySelector('#voice').srcObject !== null")
        await page.evaluate(LISTEN)
        await wait_until(page, f"window.loudest > {VOICE_RMS}")
        greeting = '#captions [data-speaker="companion"][data-final="true"] .text'
        assert "Rose" in await (await page.wait_for_selector(greeting, timeout=20_000)).inner_text()
        await screenshot(page, "greeted")

        mine = await page.wait_for_selector('#captions [data-speaker="caller"][data-final="true"]', timeout=40_000)
        await page.evaluate("window.loudest = 0")
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
        assert await page.evaluate("document.querySelector('#voice').srcObject === null")
        await screenshot(page, "ended")
