"""Puts one AgentSession together from settings and persona."""

from typing import Any

from livekit.agents import NOT_GIVEN, AgentSession, APIConnectOptions, room_io, stt
from livekit.agents.voice.agent_session import SessionConnectOptions

from malbeot.persona import Persona
from malbeot.providers import Loaded, create_llm, create_tts
from malbeot.settings import Settings
from malbeot.turn_taking import TurnTaking
from malbeot.turn_taking.typed import answer_typed

# A stage that fails or stalls is apologised for at once (`companion.py`); a second try would only be
# more silence. Recognition alone is tried again, for as long as the call lasts: it keeps what it has not
# recognised, so that an engine that is started again hears the whole turn. An error ends its turn,
# never the call.
_CONNECT = SessionConnectOptions(
    stt_conn_options=APIConnectOptions(max_retry=1, retry_interval=0.2, timeout=10),
    llm_conn_options=APIConnectOptions(max_retry=0, timeout=8),
    tts_conn_options=APIConnectOptions(max_retry=0, timeout=5),
    max_unrecoverable_errors=1_000_000,
)
_UNHEARD_S = 2.0
"""So long after the end of speech of which no word came the companion is told (`companion.py`)."""


def build_session(
    settings: Settings, persona: Persona, loaded: Loaded, taking: TurnTaking, ears: stt.STT[Any] | None
) -> AgentSession[None]:
    """One call's session, not yet started. `ears` is None where the conversation is typed.

    Raises `MalbeotError` where a chosen provider cannot be made.
    """
    return AgentSession(
        vad=loaded.vad,
        stt=ears or NOT_GIVEN,
        llm=create_llm(settings),
        tts=create_tts(settings, persona),
        turn_handling=taking.options(),
        # The plugin takes Markdown and emoji out itself; LiveKit's filter would keep the last word of a clause back.
        tts_text_transforms=None if settings.tts_provider == "gpt_sovits" else NOT_GIVEN,
        conn_options=_CONNECT,
        # Echo cancellers settle within a second; until then the companion's own echo could stop it.
        aec_warmup_duration=1.0,
        user_away_timeout=None,
        transcription_timeout=_UNHEARD_S,
        session_close_transcript_timeout=0.5,
    )


def room_options() -> room_io.RoomOptions:
    """How the session hears the room, and leaves it."""
    return room_io.RoomOptions(
        # What recognition, voice activity and end of turn take, so that none of them has to resample; and in pieces
        # that make them wait 0.01 s on average, not LiveKit's 0.05 s that make it 0.025.
        # Gain control would make the television as loud as who calls.
        # Sound from before the call is none of ours, and LiveKit would take it at any rate that a client names: at 1 Hz
        # it never comes to an end.
        audio_input=room_io.AudioInputOptions(
            sample_rate=16000, frame_size_ms=20, auto_gain_control=False, pre_connect_audio=False
        ),
        text_input=room_io.TextInputOptions(text_input_cb=answer_typed),
        # Who is left in a room without its agent takes that for a failure; a room that is gone is a call that is over.
        delete_room_on_close=True,
    )
