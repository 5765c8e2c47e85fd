"""Text beside voice: the companion behind OpenAI's interface."""
