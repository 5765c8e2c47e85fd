"""Every environment variable, parsed and checked once.

Values come from the environment, then from `.env` in the working directory. Nothing below this
module reads the environment: settings are passed down as one frozen, typed object. `.env.example`
documents every variable, and a test holds the two against each other.
"""

import os
import re
from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from functools import cached_property
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    SecretStr,
    ValidationError,
    field_validator,
    model_validator,
)
from pydantic_settings import BaseSettings, DotEnvSettingsSource, NoDecode, SettingsConfigDict

from malbeot.errors import SettingsError
from malbeot.keys import read_keys
from malbeot_local.cache import default_root
from malbeot_local.ollama import EMBEDDED_MODEL

_LIKE = 0.85
"""difflib's ratio: of names of ours, one letter lost or two exchanged keeps 0.88 and more."""
_OTHERS = frozenset({"ollama_models"})
"""Names that other programs give to other things."""

AUTO = "auto"
EMBEDDED = "embedded"
EMBEDDED_SETTINGS = {
    "WHISPER_MODEL": EMBEDDED,
    "OLLAMA_MODEL": EMBEDDED,
    # SmolLM2-135M rambles: measured on ten questions, it keeps to the point best when cool and brief.
    "OLLAMA_TEMPERATURE": "0.2",
    "OLLAMA_NUM_PREDICT": "80",
    # Two threads on two cores wait for each other whenever anything else runs: 40 tokens took 1 to 10 s beside a call's
    # recognition and voice, and with one thread 1 s.
    "OLLAMA_NUM_THREAD": "1",
    # Without it, 1,900 tokens into a call, a token takes 28 ms instead of 33, and reading a question 0.19 s, not 0.28.
    "OLLAMA_FLASH_ATTENTION": "0",
    "HF_HUB_OFFLINE": "1",
}
"""The set of models that packages carry: no model hub is asked for anything."""
_LOOPBACK_HOSTS = {"127.0.0.1", "localhost", "::1"}
_LONGEST_SOCKET_PATH = 107
"""Bytes, on Linux (unix(7): 108 with the zero at the end)."""


def default_state(environment: Mapping[str, str]) -> Path:
    """Where keys and logs are kept unless MALBEOT_STATE says otherwise, by the XDG rules."""
    return Path(environment.get("XDG_STATE_HOME") or "~/.local/state").expanduser() / "malbeot"


def _url(schemes: tuple[str, ...]) -> AfterValidator:
    def check(value: str) -> str:
        parts = urlsplit(value)
        if parts.scheme not in schemes or not parts.hostname:
            raise ValueError(f"must be an address such as {schemes[0]}://127.0.0.1:1234, not {value!r}")
        _ = parts.port  # a ValueError for a port that is no number between 0 and 65535
        return value.rstrip("/")

    return AfterValidator(check)


def engine_address(value: str) -> str:
    """The same, if it is an address that an engine can listen on, or `auto`. Raises `ValueError`."""
    parts = urlsplit(value)
    if parts.scheme == "unix" and parts.path.startswith("/"):
        if len(os.fsencode(parts.path)) > _LONGEST_SOCKET_PATH:
            raise ValueError(f"has more than the {_LONGEST_SOCKET_PATH} bytes that a Unix socket's path may have")
    elif value != AUTO and not (parts.scheme == "tcp" and parts.hostname and parts.port):
        raise ValueError(f"must be {AUTO}, unix:/PATH or tcp://HOST:PORT, not {value!r}")
    return value


def _listed(value: object) -> object:
    if not isinstance(value, str):
        return value
    if not (parts := [part for part in map(str.strip, value.split(",")) if part]):
        raise ValueError("must be at least one address, such as http://127.0.0.1:1234")
    return parts


HttpUrl = Annotated[str, _url(("http", "https"))]
HttpUrls = Annotated[tuple[HttpUrl, ...], NoDecode, BeforeValidator(_listed), Field(min_length=1)]
LiveKitUrl = Annotated[str, _url(("ws", "wss", "http", "https"))]
EarsUrl = Annotated[str, AfterValidator(engine_address)]
Port = Annotated[int, Field(ge=0, le=65535)]


class Settings(BaseSettings):
    """What the operator chose. Field names are the environment variables' names in lower case."""

    model_config = SettingsConfigDict(
        env_file=".env", env_file_encoding="utf-8", extra="ignore", frozen=True, env_ignore_empty=True
    )

    livekit_url: LiveKitUrl = "ws://127.0.0.1:7880"
    """Where the worker and the callers reach LiveKit server."""
    livekit_public_url: Annotated[str, _url(("ws", "wss", "http", "https"))] | None = None
    """Where callers' browsers reach LiveKit server, if that is another address than ours."""
    livekit_api_key: str | None = None
    """LiveKit's API key. On one machine it is generated on first start."""
    livekit_api_secret: SecretStr | None = None
    """The secret that belongs to the key."""

    stt_provider: Literal["whisper", "transcribe"] = "whisper"
    """Speech recognition: Whisper on this machine, or Amazon Transcribe."""
    whisper_model: str = "auto"
    """A faster-whisper model name, a directory, `embedded`, or `auto`: large-v3-turbo on a GPU, base on a CPU."""
    whisper_device: Literal["auto", "cpu", "cuda"] = "auto"
    """Where Whisper runs."""
    whisper_compute_type: str = "default"
    """CTranslate2's compute type: int8, float16, int8_float16 …; `default` fits the device."""
    ears_url: EarsUrl = AUTO
    """Where a Whisper engine listens that runs already; `auto` finds or starts one on this machine."""
    ears_token: SecretStr | None = None
    """What an engine asks its users for. Needed on TCP; the same there and here."""

    llm_provider: Literal["ollama", "bedrock", "openai"] = "ollama"
    """The language model's server."""
    ollama_url: HttpUrl = "http://127.0.0.1:11434"
    """Ollama's address. `malbeot up` starts one there when none answers."""
    ollama_model: str = "qwen3:4b-instruct"
    """A model Ollama has or can pull, or `embedded`. The default knows Korean and is Apache-2.0."""
    ollama_num_ctx: int = Field(default=4096, ge=512, le=1_048_576)
    """Tokens of context that Ollama keeps for a call."""
    ollama_num_predict: int = Field(default=200, ge=1, le=4096)
    """The longest answer, in tokens. A small model may otherwise never end."""
    ollama_num_thread: int | None = Field(default=None, ge=1, le=1024)
    """CPU threads of the model; unset leaves the choice to Ollama, which takes every core."""
    ollama_temperature: float | None = Field(default=None, ge=0, le=2)
    """How freely the model chooses its words; unset leaves the model's own value."""
    ollama_keep_alive: str = "30m"
    """How long Ollama keeps the model loaded after a reply."""
    openai_base_url: HttpUrl = "https://api.openai.com/v1"
    """Any OpenAI-compatible server: vLLM, LiteLLM, llama.cpp."""
    openai_api_key: SecretStr | None = None
    """Its key. Local servers take any."""
    openai_model: str | None = None
    """Its model. Needed with LLM_PROVIDER=openai."""
    bedrock_model: str = "anthropic.claude-3-5-haiku-20241022-v1:0"
    """Amazon Bedrock's model id. Credentials come the AWS way (AWS_PROFILE, roles, …)."""
    aws_region: str = "ap-northeast-2"
    """Region of Bedrock, Transcribe and Polly."""

    tts_provider: Literal["gpt_sovits", "polly"] = "gpt_sovits"
    """Speech synthesis."""
    gpt_sovits_urls: HttpUrls = ("http://127.0.0.1:9880",)
    """GPT-SoVITS' api_v2, every replica. `malbeot up` starts the stand-in voice at the first when none answers."""
    stand_in_url: HttpUrl = "http://127.0.0.1:9879"
    """Where the stand-in speaks for voices with that fallback. `malbeot up` starts it there."""

    turn_cut_in_cost: float = Field(default=2.5, gt=0, le=1000)
    """How bad it is to cut in once on a caller who goes on. More makes patient."""
    turn_late_cost: float = Field(default=1.0, gt=0, le=1000)
    """How bad it is to let one who has finished wait as long as their longer pauses last. Only the ratio counts."""
    speculation_tries: int = Field(default=6, ge=0, le=10)
    """Answers that may be begun for one turn before it is called; 0 begins none and reads nothing ahead."""
    speculation_waste: float = Field(default=1.0, ge=0, le=10)
    """Work on answers thrown away, and of reading ahead, as a share of that on answers heard: model and voice each."""

    malbeot_persona: str = "auto"
    """The companion's persona for callers who ask for none: an id from prompts/personas, or `auto` by language."""
    malbeot_prompts: Path | None = None
    """A folder with your own personas/, templates/ and, if you like, voices/. Unset: those that come with Malbeot."""
    malbeot_cache: Path = Field(default_factory=lambda: default_root(os.environ))
    """Servers and models, fetched once and shared by every checkout. By default in XDG_CACHE_HOME."""
    malbeot_state: Path = Field(default_factory=lambda: default_state(os.environ))
    """Keys and logs of what `malbeot up` runs. By default in XDG_STATE_HOME."""

    web_host: str = "127.0.0.1"
    """Address the caller page listens on."""
    web_port: Port = 8080
    """Its port."""
    web_public_url: HttpUrl | None = None
    """The page's address as callers elsewhere see it, behind a proxy or a tunnel: what invitations begin with.

    With it nobody is let in for being on this machine.
    """
    web_tls_cert: Path | None = None
    """The page's certificate, a PEM file; unset: it is served without TLS."""
    web_tls_key: Path | None = None
    """The certificate's key, a PEM file."""
    access_code: SecretStr | None = None
    """What callers from elsewhere give to call, 8 ASCII characters or more. Unset: only who has an invitation may."""
    redis_url: Annotated[str, _url(("redis", "rediss"))] | None = None
    """The Redis that LiveKit server uses, where calls are answered by more than one machine."""
    max_calls: int = Field(default=20, ge=1, le=10_000)
    """Calls at once: over all web processes and workers, and in each worker."""
    worker_idle_processes: int = Field(default=1, ge=0, le=64)
    """Call processes kept warm, so that a caller does not wait for models to load."""
    worker_drain_s: float = Field(default=600, ge=1)
    """How long a stopping worker lets calls finish, in seconds."""
    worker_http_port: Port = 0
    """Port of the worker's health check on loopback; 0 takes a free one."""

    worker_metrics_port: Port | None = None
    """Port of the Prometheus figures of the worker and its calls, on loopback. Unset: none."""

    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    """How much is logged."""
    log_format: Literal["text", "json"] = "text"
    """Lines for people or for machines."""
    log_speech: bool = False
    """Put what was said into the log's speech fields, for debugging with the speakers' consent."""
    metrics_file: Path | None = None
    """Append each turn's timings to this file, one JSON object a line."""

    @field_validator("malbeot_cache", "malbeot_state", "malbeot_prompts", "metrics_file", "web_tls_cert", "web_tls_key")
    @classmethod
    def _expand(cls, value: Path | None) -> Path | None:
        return value.expanduser().absolute() if value is not None else None

    @field_validator("access_code")
    @classmethod
    def _can_be_sent(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None and not re.fullmatch(r"[!-~]{8,}", value.get_secret_value()):
            raise ValueError("must be at least 8 letters without accents, digits or signs, and no spaces")
        return value

    @model_validator(mode="after")
    def _complete(self) -> "Settings":
        if self.llm_provider == "openai" and not self.openai_model:
            raise ValueError("OPENAI_MODEL is missing: LLM_PROVIDER=openai needs the name of a model")
        if self.ears_url.startswith("tcp:") and not self.ears_token:
            raise ValueError(
                f"EARS_TOKEN is missing: an engine at {self.ears_url} needs one, the same there and for its users"
            )
        if (self.web_tls_cert is None) != (self.web_tls_key is None):
            raise ValueError("WEB_TLS_CERT and WEB_TLS_KEY belong together: set both or neither")
        if (self.livekit_api_key is None) != (self.livekit_api_secret is None):
            raise ValueError("LIVEKIT_API_KEY and LIVEKIT_API_SECRET belong together: set both or neither")
        return self

    @cached_property
    def livekit_is_local(self) -> bool:
        """Whether LiveKit server is on this machine, so that `malbeot up` may start it."""
        return is_local(self.livekit_url)

    @cached_property
    def chat_model(self) -> str:
        """The model's name in Ollama."""
        return EMBEDDED_MODEL if self.ollama_model == EMBEDDED else self.ollama_model

    @cached_property
    def livekit_keys(self) -> tuple[str, str]:
        """API key and secret: the operator's, else the ones `malbeot up` generated for this machine.

        Raises `SettingsError` where there are neither.
        """
        if self.livekit_api_key and self.livekit_api_secret:
            return self.livekit_api_key, self.livekit_api_secret.get_secret_value()
        if self.livekit_is_local and (keys := read_keys(self.malbeot_state)):
            return keys
        raise SettingsError(
            f"LIVEKIT_API_KEY and LIVEKIT_API_SECRET are missing for {self.livekit_url}: "
            "set both in .env, or run `malbeot up` once, which makes keys for a server on this machine"
        )


def is_local(url: str) -> bool:
    """Whether an address is of this machine's loopback."""
    return urlsplit(url).hostname in _LOOPBACK_HOSTS


def load(**overrides: object) -> Settings:
    """Reads the settings. `overrides` come from the command line.

    Raises `SettingsError`, which names every wrong variable, its value where that is no secret, and the reason, or a
    name in `.env` that is almost one of ours.
    """
    _require_well_spelt(DotEnvSettingsSource(Settings).env_vars)
    try:
        return Settings(**overrides)  # type: ignore[arg-type]
    except ValidationError as error:
        raise SettingsError("; ".join(_explain(problem) for problem in error.errors())) from None


def _require_well_spelt(names: Iterable[str]) -> None:
    """Other programs' settings may stand beside ours, but an ACESS_CODE would leave the door open."""
    for name in map(str.lower, names):
        if name not in Settings.model_fields and name not in _OTHERS:
            for meant in get_close_matches(name, Settings.model_fields, n=1, cutoff=_LIKE):
                raise SettingsError(f"{name.upper()} in .env is no setting: did you mean {meant.upper()}?")


def _explain(problem: object) -> str:
    assert isinstance(problem, dict)
    reason = str(problem["msg"]).removeprefix("Value error, ")
    if not problem["loc"]:
        return reason
    name = str(problem["loc"][0])
    value = "" if Settings.model_fields[name].annotation == (SecretStr | None) else f"={problem['input']}"
    return f"{name.upper()}{value} is wrong: {reason[:1].lower() + reason[1:]}; see .env.example"
