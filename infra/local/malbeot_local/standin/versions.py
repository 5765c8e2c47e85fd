"""The model versions of GPT-SoVITS: what differs between them for a client."""

from dataclasses import dataclass

_V1_LANGUAGES = ("auto", "en", "zh", "ja", "all_zh", "all_ja")
_V2_LANGUAGES = (*_V1_LANGUAGES, "auto_yue", "yue", "ko", "all_yue", "all_ko")
_PRETRAINED = "GPT_SoVITS/pretrained_models"


@dataclass(frozen=True)
class ModelVersion:
    """Source of all values: GPT-SoVITS' `TTS_Config` and `TTS.init_vocoder`."""

    name: str
    gpt_weights: str
    """The weights that it falls back to; the path is relative to the server's folder."""
    sovits_weights: str
    rate_hz: int = 32000
    languages: tuple[str, ...] = _V2_LANGUAGES
    has_vocoder: bool = False
    """v3 and v4: they need the reference's words, and speak modes 2 and 3 as mode 1."""


_S1_V3 = f"{_PRETRAINED}/s1v3.ckpt"
VERSIONS = {
    version.name: version
    for version in (
        ModelVersion(
            name="v1",
            gpt_weights=f"{_PRETRAINED}/s1bert25hz-2kh-longer-epoch=68e-step=50232.ckpt",
            sovits_weights=f"{_PRETRAINED}/s2G488k.pth",
            languages=_V1_LANGUAGES,
        ),
        ModelVersion(
            name="v2",
            gpt_weights=f"{_PRETRAINED}/gsv-v2final-pretrained/s1bert25hz-5kh-longer-epoch=12-step=369668.ckpt",
            sovits_weights=f"{_PRETRAINED}/gsv-v2final-pretrained/s2G2333k.pth",
        ),
        ModelVersion(name="v2Pro", gpt_weights=_S1_V3, sovits_weights=f"{_PRETRAINED}/v2Pro/s2Gv2Pro.pth"),
        ModelVersion(name="v2ProPlus", gpt_weights=_S1_V3, sovits_weights=f"{_PRETRAINED}/v2Pro/s2Gv2ProPlus.pth"),
        ModelVersion(
            name="v3",
            gpt_weights=_S1_V3,
            sovits_weights=f"{_PRETRAINED}/s2Gv3.pth",
            rate_hz=24000,
            has_vocoder=True,
        ),
        ModelVersion(
            name="v4",
            gpt_weights=_S1_V3,
            sovits_weights=f"{_PRETRAINED}/gsv-v4-pretrained/s2Gv4.pth",
            rate_hz=48000,
            has_vocoder=True,
        ),
    )
}
DEFAULT = "v2"
BY_RATE_HZ = {24000: "v3", 32000: "v2", 48000: "v4"}
"""The version to stand in for when only a sample rate is asked for."""
