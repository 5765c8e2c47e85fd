"""A session's outputs, with what listens to and holds the agent's speech put into them, and given back."""

from typing import Any

from livekit.agents import AgentSession
from livekit.agents.voice import io

from .playout import Playout
from .spoken import Spoken


class Outputs:
    """Those of a session that has been started."""

    def __init__(self, session: AgentSession[Any]) -> None:
        self._session = session
        self._proxy: Any = None
        self._leaf: io.AudioOutput | None = None
        self.playout: Playout | None = None
        """None where the session has no sound."""
        self.spoken = Spoken(None)
        if session.output.audio is None:
            return
        self.playout = self._insert(session.output.audio)
        if session.output.transcription is not None:
            self.spoken = Spoken(session.output.transcription)
            session.output.transcription = self.spoken

    async def give_back(self) -> None:
        """Leaves them as they were. What is played is cut short."""
        if self.playout is None:
            return
        output = self._session.output
        if output.transcription is self.spoken:
            output.transcription = self.spoken.next_in_chain
        if self._proxy is not None:
            self._proxy.set_next_in_chain(self._leaf)
        elif output.audio is self.playout:
            output.audio = self._leaf
        await self.playout.aclose()

    def _insert(self, output: io.AudioOutput) -> Playout:
        # In front of what plays and behind the synchroniser of the transcript, which needs the sound as soon as it is
        # there to know how fast it is spoken.
        while not hasattr(output, "set_next_in_chain"):
            if output.next_in_chain is None:
                self._leaf, playout = output, Playout(output)
                self._session.output.audio = playout
                return playout
            output = output.next_in_chain
        self._proxy, self._leaf = output, output.next_in_chain
        assert self._leaf is not None
        playout = Playout(self._leaf)
        self._proxy.set_next_in_chain(playout)
        return playout
