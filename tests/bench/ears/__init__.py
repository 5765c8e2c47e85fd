"""The streaming recogniser, measured beside plain faster-whisper."""
