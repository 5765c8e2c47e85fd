"""What the web service is told when it starts."""

from dataclasses import dataclass, field

from malbeot.persona_choice import load_all
from malbeot.settings import Settings


@dataclass(frozen=True, kw_only=True)
class PersonaEntry:
    """A companion one can ask for. `language` is ko or en."""

    id: str
    name: str
    language: str


@dataclass(frozen=True, kw_only=True)
class WebConfig:
    """Addresses, LiveKit's keys and the personas. `livekit_url` is LiveKit server as the browser reaches it."""

    livekit_url: str
    api_key: str
    api_secret: str = field(repr=False)
    host: str
    port: int
    personas: tuple[PersonaEntry, ...]


def web_config(settings: Settings) -> WebConfig:
    """The part of the settings that concerns the page. Raises `SettingsError` for missing keys or a broken persona."""
    key, secret = settings.livekit_keys
    personas = load_all(settings).values()
    return WebConfig(
        livekit_url=settings.livekit_url,
        api_key=key,
        api_secret=secret,
        host=settings.web_host,
        port=settings.web_port,
        personas=tuple(PersonaEntry(id=p.id, name=p.name, language=p.language) for p in personas),
    )
