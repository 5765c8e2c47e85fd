"""Taken ports are told with who has them."""

import os
import socket

import pytest

from malbeot.errors import MalbeotError
from malbeot.up.ports import require_free


@pytest.mark.parametrize("udp", [False, True])
def test_taken(udp: bool) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM if udp else socket.SOCK_STREAM) as holder:
        holder.bind(("127.0.0.1", 0))
        if not udp:
            holder.listen()
        port = holder.getsockname()[1]
        with pytest.raises(MalbeotError) as caught:
            require_free("127.0.0.1", port, what="the caller page", setting="WEB_PORT", udp=udp)
    message = str(caught.value)
    assert f"port {port}" in message
    assert f"process {os.getpid()}" in message
    assert "WEB_PORT" in message
    require_free("127.0.0.1", port, what="the caller page", setting="WEB_PORT", udp=udp)


def test_not_an_address_of_this_machine() -> None:
    with pytest.raises(MalbeotError, match="the caller page cannot listen on 192\\.0\\.2\\.1"):
        require_free("192.0.2.1", 8080, what="the caller page", setting="WEB_HOST")
