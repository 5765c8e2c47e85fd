"""Ollama language models for LiveKit Agents, over Ollama's native interface.

The native interface rather than the OpenAI-compatible one, because only it takes `keep_alive`,
`num_ctx` and `think`, the three settings that decide whether a voice agent answers in time.
"""

from livekit.agents import Plugin

from .llm import LLM
from .log import logger
from .stream import LLMStream
from .version import __version__

__all__ = ["LLM", "LLMStream", "__version__"]


class OllamaPlugin(Plugin):
    def __init__(self) -> None:
        super().__init__(__name__, __version__, __package__ or __name__, logger)


Plugin.register_plugin(OllamaPlugin())
