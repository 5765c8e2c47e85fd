"""What is noted inside the page, by its own clock (`performance.now`, in milliseconds)."""

from pathlib import Path

import numpy as np
from playwright.async_api import Page

from support.speech import Speech

RATE = 32000
"""Hz, of the voice that speaks for callers: `support.speech`."""
VOICE_RMS = 0.01
"""Of samples from -1 to 1: an Opus line without speech carries less than a hundredth of it."""

# The microphone is listened to where the page gets it, and the voice where the page plays it: as the sound of #voice,
# which is behind the network, the jitter buffer and the decoder. Each is looked at every 5 ms.
_WATCH = """(loudness) => {
  const noted = { pressed: null, voice: null, words: [], microphone: [] };
  window.noted = noted;
  const context = new AudioContext();
  const listen = (stream, heard) => {
    const analyser = context.createAnalyser();
    analyser.fftSize = 256;
    context.createMediaStreamSource(stream).connect(analyser);
    const samples = new Float32Array(analyser.fftSize);
    setInterval(() => {
      analyser.getFloatTimeDomainData(samples);
      const rms = Math.sqrt(samples.reduce((sum, sample) => sum + sample * sample, 0) / samples.length);
      if (rms > loudness) heard(performance.now());
    }, 5);
  };
  document.querySelector("#call").addEventListener("pointerdown", () => { noted.pressed ??= performance.now(); });
  const devices = navigator.mediaDevices;
  const open = devices.getUserMedia.bind(devices);
  devices.getUserMedia = async (wanted) => {
    const stream = await open(wanted);
    listen(stream, (at) => noted.microphone.push(at));
    return stream;
  };
  const voice = document.querySelector("#voice");
  const waiting = setInterval(() => {
    if (!voice.srcObject) return;
    clearInterval(waiting);
    listen(voice.srcObject, (at) => { noted.voice ??= at; });
  }, 5);
  const look = () => {
    const lines = document.querySelectorAll('#captions [data-speaker="caller"] .text');
    const text = [...lines].map((line) => line.textContent).join(" ");
    if (text !== noted.words.at(-1)?.text) noted.words.push({ at: performance.now(), text });
  };
  const change = { childList: true, subtree: true, characterData: true };
  new MutationObserver(look).observe(document.querySelector("#captions"), change);
}"""


async def watch(page: Page) -> None:
    """Notes from now on, in `noted`, when the button is pressed and what is heard and shown."""
    await page.evaluate(_WATCH, VOICE_RMS)


def quiet(seconds: float) -> np.ndarray[tuple[int], np.dtype[np.int16]]:
    return np.zeros(round(seconds * RATE), np.int16)


def silence(path: Path, seconds: float) -> Path:
    """A microphone before which nobody speaks."""
    return Speech(quiet(seconds), RATE).to_wav(path)
