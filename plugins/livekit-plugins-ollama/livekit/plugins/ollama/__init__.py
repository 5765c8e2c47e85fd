"""Ollama language models for LiveKit Agents, over Ollama's native interface."""

from .version import __version__

__all__ = ["__version__"]
