"""One voice on one replica: what can be seen from here, what the server refuses, and whether it speaks."""

import re
from dataclasses import dataclass, field, replace
from pathlib import Path
from urllib.parse import urlencode

import av
from livekit.agents import APIError, APIStatusError, utils
from livekit.plugins import gpt_sovits

from malbeot.settings import is_local
from malbeot.up import probes
from malbeot.voices.listing import holds
from malbeot.voices.schema import SpeechLanguage, Voice
from malbeot.voices.speaking import server_voice

_LENGTH_S = (3.0, 10.0)
"""Of a reference recording, by GPT-SoVITS."""
_TIMEOUT_S = 60.0
_CLAUSE = re.compile(r"[.,!?…。、，！？]")
_COUNT = "1, 2, 3."
"""Can be said in any language."""


@dataclass
class Result:
    """Each problem is one line: what is wrong → what to do."""

    problems: list[str] = field(default_factory=list)
    tried: bool = False
    state: str = ""


class Trial:
    """Tries `voice` on the replica at `url`, in an `http_context`."""

    def __init__(self, voice: Voice, url: str) -> None:
        self._voice = voice
        self._url = url
        self._pool = gpt_sovits.Pool([url], http=utils.http_context.http_session)

    async def run(self, *, load: bool) -> Result:
        """Without `load`, weights that the replica does not hold are not loaded, and the voice is not tried there.

        GPT-SoVITS keeps a wrong path of weights for its next start. So one that can be seen to be wrong from here is
        never sent.
        """
        if problems := _on_disk(self._voice) if is_local(self._url) else []:
            return Result(problems)
        [status] = await self._pool.status()
        held = holds(status, self._voice) == "yes" or not self._voice.gpt_weights
        if not held and not load:
            return Result(state="not tried, for its weights are not known to be loaded: --load loads them there")
        if held and (problems := await self._lacking()):
            return Result(problems)
        try:
            rate_hz = await self._speak()
        except APIError as error:
            return Result(await self._lacking() or [_explained(error, self._voice)])
        if problems := [*await self._lacking(), *await self._of_the_model(rate_hz)]:
            return Result(problems)
        return Result(tried=True, state=f"speaks {', '.join(self._voice.languages)} at {rate_hz} Hz")

    async def _speak(self) -> int:
        """Has the server say a word in mode 0, in which it tells why it cannot; the rate of its sound, in Hz.

        Raises `APIError`.
        """
        text, text_lang = _words(self._voice)
        voice = replace(server_voice(self._voice, text_lang), streaming_mode=0)
        async with self._pool.speak(text, voice, timeout_s=_TIMEOUT_S) as reply:
            async for _ in reply.pieces():
                pass
            return reply.sample_rate

    async def _lacking(self) -> list[str]:
        """Languages that the loaded model does not have. Asked for with a media type that is none: makes no sound."""
        problems: dict[str, None] = {}
        for language in self._voice.languages:
            reference = {"ref_audio_path": "-", "prompt_lang": self._voice.prompt_lang}
            query = urlencode({"text": "-", "text_lang": language, **reference, "media_type": "none"})
            refusal = probes.message(await probes.get(f"{self._url}/tts?{query}")) or ""
            lacking = {"text_lang": ("languages", language), "prompt_lang": ("prompt_lang", self._voice.prompt_lang)}
            for name, (at, wrong) in lacking.items():
                if refusal.startswith(name):
                    version = re.search(r"\bversion v\d\w*", refusal)
                    model = f"its model, {version[0]}," if version else "its model"
                    problems[f"{model} has no {wrong} → load weights of v2 or newer there, or mend {at}"] = None
        return list(problems)

    async def _of_the_model(self, rate_hz: int) -> list[str]:
        """Whether the voice's file says what the model is."""
        version = (await probes.voice_answer(self._url)).version
        wanted = self._voice.model_version
        if wanted and version and version != wanted:
            return [f"its model is {version}, not {wanted} → name the voice's weights, or mend model_version"]
        if rate_hz != self._voice.sample_rate_hz:
            add = f"'model_version: {version}'" if version else "its model_version"
            return [f"it speaks at {rate_hz} Hz, not {self._voice.sample_rate_hz} → add {add} to the voice"]
        return []


def _on_disk(voice: Voice) -> list[str]:
    """What the files of a server on this machine tell. Relative paths begin in its own folder, which is not known."""
    problems = []
    for name, paths in (
        ("ref_audio_path", (voice.ref_audio_path,)),
        ("aux_ref_audio_paths", voice.aux_ref_audio_paths),
        ("gpt_weights", (voice.gpt_weights,)),
        ("sovits_weights", (voice.sovits_weights,)),
    ):
        problems += [
            f"{path} is not there → put it there, or mend {name}"
            for path in paths
            if path and path.startswith("/") and not _is_there(Path(path))
        ]
    if not problems and voice.ref_audio_path.startswith("/"):
        length_s = _duration_s(Path(voice.ref_audio_path))
        shortest, longest = _LENGTH_S
        if length_s is not None and not shortest <= length_s <= longest:
            problems.append(f"{voice.ref_audio_path} is {length_s:.1f} s long → take a recording of 3 to 10 s")
    return problems


def _is_there(path: Path) -> bool:
    """False only where it is known: the server may enter folders that we may not."""
    try:
        path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError:
        return True
    return True


def _duration_s(path: Path) -> float | None:
    """Seconds of sound; None where the file cannot be read from here."""
    try:
        with av.open(str(path)) as container:
            return container.duration / av.time_base if container.duration else None
    except (av.error.FFmpegError, OSError):
        return None


def _words(voice: Voice) -> tuple[str, SpeechLanguage]:
    """A short text, and the language it is in: the reference's first words where the voice speaks its language."""
    language = voice.text_lang(voice.prompt_lang.removeprefix("all_"))
    if language is None:
        return _COUNT, voice.languages[0]
    return _CLAUSE.split(voice.prompt_text)[0].strip() or _COUNT, language


def _explained(error: APIError, voice: Voice) -> str:
    recording = voice.ref_audio_path
    if isinstance(error, APIStatusError) and error.status_code == 400:
        if "_weights answered" in error.message:
            return (
                f"its weights do not load: {error.message} → mend gpt_weights and sovits_weights, and see that the "
                "server starts with good ones: it keeps the last path it was told"
            )
        if "not exists" in error.message:
            return f"the recording {recording} is not on the server → put it there, or mend ref_audio_path"
        if re.search(r"\b3\D{1,5}10\D", error.message):
            return f"the recording {recording} is not 3 to 10 s long → take one that is"
        return f"{error.message} → is {recording} a recording of 3 to 10 s? The server's log tells more"
    return f"{error.message} → see `malbeot doctor`, and the server's log"
