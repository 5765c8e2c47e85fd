"""Whose tries are counted together."""

import pytest
from fastapi import Request

from malbeot.web.access.peers import counted_address


def request(peer: str | None, *forwarded: str) -> Request:
    headers = [(b"x-forwarded-for", entry.encode()) for entry in forwarded]
    return Request({"type": "http", "client": (peer, 50000) if peer else None, "headers": headers})


@pytest.mark.parametrize(
    ("peer", "forwarded", "counted"),
    [
        ("203.0.113.7", (), "203.0.113.7"),
        ("203.0.113.7", ("198.51.100.1",), "203.0.113.7"),
        ("127.0.0.1", ("198.51.100.1",), "198.51.100.1"),
        ("::1", ("198.51.100.1",), "198.51.100.1"),
        ("127.0.0.1", ("10.0.0.1, 198.51.100.1",), "198.51.100.1"),
        ("127.0.0.1", ("10.0.0.1", "198.51.100.1"), "198.51.100.1"),
        ("127.0.0.1", ("198.51.100.1:4711",), "198.51.100.1"),
        ("127.0.0.1", ("10.0.0.1, 198.51.100.1, 127.0.0.1",), "198.51.100.1"),
        ("127.0.0.1", ("10.0.0.1, 198.51.100.1", "::1"), "198.51.100.1"),
        ("127.0.0.1", ("127.0.0.1",), "127.0.0.1"),
        ("127.0.0.1", ("unknown",), "127.0.0.1"),
        ("127.0.0.1", ("198.51.100.1, unknown",), "127.0.0.1"),
        ("127.0.0.1", ("198.51.100.1, ",), "127.0.0.1"),
        ("127.0.0.1", (), "127.0.0.1"),
        ("::ffff:203.0.113.7", (), "203.0.113.7"),
        ("2001:db8:1:2:aaaa::1", (), "2001:db8:1::/56"),
        ("2001:db8:1:2:bbbb::2", (), "2001:db8:1::/56"),
        ("2001:db8:1:ff::1", (), "2001:db8:1::/56"),
        ("2001:db8:1:100::1", (), "2001:db8:1:100::/56"),
        ("127.0.0.1", ("[2001:db8:1:2::1]:4711",), "2001:db8:1::/56"),
        ("127.0.0.1", ("2001:db8:1:2::1",), "2001:db8:1::/56"),
        (None, (), "unknown"),
        ("fe80::1%eth0", (), "fe80::/56"),
    ],
)
def test_counted_address(peer: str | None, forwarded: tuple[str, ...], counted: str) -> None:
    assert counted_address(request(peer, *forwarded)) == counted
