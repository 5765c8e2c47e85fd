"""What every request of one model shares, and the connection they share."""

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import urlsplit

import ollama

Think = bool | Literal["low", "medium", "high"] | None


@dataclass(frozen=True, kw_only=True)
class Options:
    """The arguments of `LLM`, sorted by whom they concern."""

    model: str
    base_url: str
    keep_alive: float | str
    think: Think
    model_options: Mapping[str, Any]
    """Ollama's own `options`: context, sampling and the like."""
    first_token_timeout_s: float | None
    stall_timeout_s: float | None


def create_client(base_url: str) -> ollama.AsyncClient:
    parts = urlsplit(base_url if "://" in base_url else f"http://{base_url}")
    if parts.scheme != "http":
        return ollama.AsyncClient(base_url)
    # Without TLS there is nothing to verify, and reading the certificates would hold the event loop.
    # A proxy of the environment must not stand between us and this machine.
    return ollama.AsyncClient(
        base_url, verify=False, follow_redirects=False, trust_env=not _is_loopback(parts.hostname or "")
    )


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
