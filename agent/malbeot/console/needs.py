"""What a conversation at the terminal needs and may lack, told before it begins."""

from malbeot.errors import MalbeotError
from malbeot.settings import EMBEDDED, Settings
from malbeot.up import probes


async def require_language_model(settings: Settings) -> None:
    """Raises `MalbeotError` where Ollama or its model is missing. Other providers are not tried."""
    if settings.llm_provider != "ollama":
        return
    url, model = settings.ollama_url, settings.chat_model
    embedded = settings.ollama_model == EMBEDDED
    up = "`malbeot up --embedded`" if embedded else "`malbeot up`"
    if not await probes.is_ollama(url):
        raise MalbeotError(f"the language model is missing: no Ollama answers at {url}; {up} starts it")
    if model.removesuffix(":latest") not in await probes.ollama_models(url):
        advice = f"{up} makes it" if embedded else f"{up} fetches it, or `ollama pull {model}`"
        raise MalbeotError(f"the language model is missing: the Ollama at {url} has no {model}; {advice}")
