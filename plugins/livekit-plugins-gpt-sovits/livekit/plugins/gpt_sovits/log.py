import logging

logger = logging.getLogger("livekit.plugins.gpt_sovits")
