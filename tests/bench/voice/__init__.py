"""The voice plugin, measured beside LiveKit's sentence-wise adapter."""
