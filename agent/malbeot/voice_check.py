"""Whether a GPT-SoVITS server is one, which model speaks, and whether the GPU has room for it."""

from dataclasses import dataclass

from malbeot.finding import Finding
from malbeot.gpu import Gpu, gpus
from malbeot.settings import is_local
from malbeot.up.probes import VoiceAnswer, VoiceKind, voice_answer
from malbeot_local import models
from malbeot_local.cache import Cache

_TABLE = "infra/gpt-sovits/README.md"


@dataclass(frozen=True)
class Need:
    """GPU memory that one server takes at half precision, in GB: once loaded, and while it speaks."""

    loaded_gb: float
    speaking_gb: float


NEEDS = {
    "v1": Need(2.0, 3.0),
    "v2": Need(2.0, 3.0),
    "v2Pro": Need(2.0, 3.0),
    "v2ProPlus": Need(2.0, 3.0),
    "v3": Need(2.5, 4.5),
    "v4": Need(2.5, 4.5),
}
"""What to plan with, by model version: the table of infra/gpt-sovits/README.md, where the sources are."""
_USUAL = "v2ProPlus"
"""What infra/gpt-sovits installs unless told otherwise."""


async def voice_server(url: str, cache: Cache) -> Finding:
    """Looks at one address. Makes no sound and changes nothing there."""
    what = f"voice server at {url}"
    answer = await voice_answer(url)
    match answer.kind:
        case VoiceKind.STAND_IN:
            return Finding(what, f"{answer.kind.value} answers")
        case VoiceKind.API_V2:
            return _speaks(what, answer, await gpus() if is_local(url) else [])
        case VoiceKind.NOBODY:
            return _absent(what, cache, await gpus() if is_local(url) else [])
        case VoiceKind.SILENT:
            return Finding(
                what,
                "takes the connection and does not answer: busy with a whole sentence, or stuck",
                "ask again; if it stays so, restart it (`systemctl restart gpt-sovits@9880`)",
            )
        case VoiceKind.GRADIO:
            return Finding(
                what,
                "a Gradio page answers (GPT-SoVITS has three, on ports 9872 to 9874), not api_v2",
                "start api_v2.py and give its address, port 9880 unless you chose another, as GPT_SOVITS_URLS",
            )
        case VoiceKind.OTHER:
            said = f"answers GET /tts with {answer.status}" if answer.status else "breaks the connection off"
            return Finding(
                what,
                f"{said}, which GPT-SoVITS' api_v2 does not do",
                "give the address of api_v2 itself as GPT_SOVITS_URLS; a proxy in between has to pass /tts on",
            )


def _speaks(what: str, answer: VoiceAnswer, cards: list[Gpu]) -> Finding:
    state = f"{answer.kind.value} answers"
    if answer.version:
        state += f", model version {answer.version}" + (" (no Korean)" if answer.version == "v1" else "")
    if not (card := _roomiest(cards)):
        return Finding(what, state)
    state += f"; {_memory(card)}"
    need = NEEDS.get(answer.version, NEEDS[_USUAL])
    lacking = need.speaking_gb - need.loaded_gb
    if card.free_gb >= lacking:
        return Finding(what, state)
    return Finding(
        what,
        state,
        f"it needs about {lacking:.1f} GB more while it speaks: run fewer replicas, or a smaller Whisper or language "
        f"model ({_TABLE})",
    )


def _absent(what: str, cache: Cache, cards: list[Gpu]) -> Finding:
    here = "here" if models.piper_joe(cache).exists() else "missing too"
    state = f"does not answer; the stand-in's voice is {here}"
    advice = "start GPT-SoVITS' api_v2, or `malbeot up`, which starts a stand-in"
    if card := _roomiest(cards):
        need = NEEDS[_USUAL].speaking_gb
        verdict = "enough" if card.free_gb >= need else "too little"
        state += f"; {_memory(card)}, {verdict} for {_USUAL} ({need:.0f} GB)"
        advice = f"install and start GPT-SoVITS as {_TABLE} tells, or `malbeot up`, which starts a stand-in"
    return Finding(what, state, advice)


def _roomiest(cards: list[Gpu]) -> Gpu | None:
    """Which card a server is on, its interface does not tell: where the roomiest is full, all are."""
    return max(cards, key=lambda card: card.free_gb, default=None)


def _memory(card: Gpu) -> str:
    return f"{card.name} has {card.free_gb:.1f} of {card.total_gb:.1f} GB free"
