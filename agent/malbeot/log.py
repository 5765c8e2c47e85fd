"""The companion's logger."""

import logging

logger = logging.getLogger("malbeot")
