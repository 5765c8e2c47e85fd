"""The analyser of Korean words: 240 MiB and a second or two, of which a forked process adds 4 MiB and no time."""

from livekit.plugins import turns

turns.load("ko")
