"""The caller page and the tokens with which it joins a call."""

from malbeot.web.config import WebConfig, web_config
from malbeot.web.server import serve

__all__ = ["WebConfig", "serve", "web_config"]
