"""A voice: what GPT-SoVITS is told beside the text."""

from dataclasses import asdict, dataclass
from typing import Any, Literal

from .plausible import RATES

Language = Literal["auto", "auto_yue", "en", "zh", "ja", "yue", "ko", "all_zh", "all_ja", "all_yue", "all_ko"]
StreamingMode = Literal[0, 1, 2, 3]


@dataclass(frozen=True, kw_only=True)
class Voice:
    """A reference recording, its language and words, the language to speak, and how.

    The fields are those of GPT-SoVITS' `api_v2`; the defaults are too, save those marked.
    """

    ref_audio_path: str
    """A file on the *server's* disk: 3 to 10 s of the voice to imitate."""
    prompt_lang: Language
    """Language of the reference recording."""
    text_lang: Language
    """Language to speak. "ko", "ja" and "zh" allow English within; "auto" finds out for each stretch of text."""
    prompt_text: str = ""
    """The words of the reference recording; without them the voice is less alike."""
    aux_ref_audio_paths: tuple[str, ...] = ()
    """More recordings, on the server's disk, to blend into the tone."""
    streaming_mode: StreamingMode = 3
    """0 sends a text's sound when all of it is made, 1 by fragment, 2 and 3 as it is made: 3 (ours) starts soonest."""
    text_split_method: Literal["cut0", "cut1", "cut2", "cut3", "cut4", "cut5"] = "cut0"
    """Where the server cuts the text. "cut0" (ours), nowhere: the plugin sends one clause at a time."""
    speed_factor: float = 1.0
    """Above 1 is faster."""
    fragment_interval: float = 0.3
    """Seconds of silence after each fragment, the last too."""
    top_k: int = 15
    top_p: float = 1.0
    temperature: float = 1.0
    repetition_penalty: float = 1.35
    seed: int = -1
    """-1 is a new one each time."""
    sample_steps: int = 32
    """Sampling steps of the v3 and v4 vocoder."""
    overlap_length: int = 2
    """Semantic tokens shared by neighbouring pieces in modes 2 and 3."""
    min_chunk_length: int = 16
    """Least semantic tokens a piece in modes 2 and 3; fewer start sooner and sound worse."""
    gpt_weights: str = ""
    """The voice's own GPT weights (.ckpt), a path on the *server's* disk; "" takes those the server started with."""
    sovits_weights: str = ""
    """The voice's own SoVITS weights (.pth), likewise. Both are named or neither."""
    media_type: Literal["wav", "raw"] = "wav"
    """How the sound is sent. "raw" saves a header, and with it all that the server tells of its sound."""
    raw_rate_hz: int | None = None
    """For "raw", the rate that the voice's model makes: 24000 (v3), 32000 (v1, v2 and v2Pro) or 48000 (v4)."""

    def __post_init__(self) -> None:
        if not self.ref_audio_path:
            raise ValueError("ref_audio_path is empty: name a recording of 3 to 10 s on the voice server's disk")
        if self.speed_factor <= 0:
            raise ValueError(f"speed_factor is {self.speed_factor}: it must be above 0")
        if self.fragment_interval < 0:
            raise ValueError(f"fragment_interval is {self.fragment_interval} s: it must not be below 0")
        if bool(self.gpt_weights) != bool(self.sovits_weights):
            named, missing = ("gpt_weights", "sovits_weights")[:: 1 if self.gpt_weights else -1]
            raise ValueError(f"{named} is given and {missing} is empty: name both of the voice's weights, or neither")
        if self.media_type == "raw" and self.raw_rate_hz not in RATES:
            rates = ", ".join(map(str, RATES))
            raise ValueError(
                f"raw_rate_hz is {self.raw_rate_hz}: raw sound does not tell its rate, name one of {rates}"
            )
        if self.media_type == "wav" and self.raw_rate_hz is not None:
            raise ValueError("raw_rate_hz is given and media_type is 'wav', which tells its rate: leave it out")

    def request(self, text: str) -> dict[str, Any]:
        """The JSON body of `POST /tts` that speaks `text`. Weights are no part of it: they are the server's."""
        fields = asdict(self)
        del fields["gpt_weights"], fields["sovits_weights"], fields["raw_rate_hz"]
        return {"text": text, **fields, "aux_ref_audio_paths": list(self.aux_ref_audio_paths)}
