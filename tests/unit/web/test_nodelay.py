"""Answers go out as they are written."""

import socket

from malbeot.settings import Settings
from malbeot.web.server import _listen


def test_no_answer_waits_for_its_head_to_be_acknowledged(settings: Settings) -> None:
    with (
        _listen(settings) as listener,
        socket.create_connection(listener.getsockname()),
        listener.accept()[0] as accepted,
    ):
        assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
