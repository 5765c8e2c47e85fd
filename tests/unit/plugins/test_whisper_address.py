"""Where an engine listens, in text and back."""

import string
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from livekit.plugins.whisper import Address


@pytest.mark.parametrize(
    ("text", "address", "url", "written"),
    [
        ("unix:/run/ears.sock", Address(path=Path("/run/ears.sock")), "http://localhost", "unix:/run/ears.sock"),
        ("unix:///run/ears.sock", Address(path=Path("/run/ears.sock")), "http://localhost", "unix:/run/ears.sock"),
        ("tcp://10.0.0.5:9870", Address(host="10.0.0.5", port=9870), "http://10.0.0.5:9870", "tcp://10.0.0.5:9870"),
        ("tcp://ears.lan:80/", Address(host="ears.lan", port=80), "http://ears.lan:80", "tcp://ears.lan:80"),
        ("tcp://[::1]:9870", Address(host="::1", port=9870), "http://[::1]:9870", "tcp://[::1]:9870"),
        ("tcp://http:1", Address(host="http", port=1), "http://http:1", "tcp://http:1"),
    ],
)
def test_examples(text: str, address: Address, url: str, written: str) -> None:
    assert Address.parse(text) == address
    assert (address.url, str(address)) == (url, written)


names = st.text(string.ascii_letters + string.digits + "-_.가나 #?%:@", min_size=1, max_size=10).filter(
    lambda name: name not in (".", "..")
)


@given(st.lists(names, min_size=1, max_size=3))
def test_any_path_is_read_as_it_was_written(parts: list[str]) -> None:
    address = Address(path=Path("/", *parts))
    assert Address.parse(str(address)) == address


hosts = st.one_of(
    st.ip_addresses().map(str), st.from_regex(r"[a-z]([a-z0-9-]{0,20}[a-z0-9])?(\.[a-z]{2,5})?", fullmatch=True)
)


@given(hosts, st.integers(0, 65_535))
def test_any_host_and_port_are_read_as_they_were_written(host: str, port: int) -> None:
    address = Address(host=host, port=port)
    assert Address.parse(str(address)) == address


@pytest.mark.parametrize(
    "text",
    [
        "",
        "/run/ears.sock",
        "unix:",
        "unix:run/ears.sock",
        "tcp://10.0.0.5",
        "tcp://:9870",
        "tcp://10.0.0.5:http",
        "tcp://10.0.0.5:70000",
        "tcp://[::1:9870",
        "http://10.0.0.5:9870",
        "tcp:10.0.0.5:9870",
    ],
)
def test_what_is_no_address(text: str) -> None:
    with pytest.raises(ValueError) as caught:
        Address.parse(text)
    assert str(caught.value) == f"{text!r} is no address of an engine: give unix:/PATH or tcp://HOST:PORT"


@given(st.text(max_size=40) | st.text("unixtcp:/[]@#?%0123456789.", max_size=40))
def test_what_is_read_can_be_written_and_read_again(text: str) -> None:
    try:
        address = Address.parse(text)
    except ValueError:
        return
    assert Address.parse(str(address)) == address


def test_a_path_that_no_socket_can_have() -> None:
    fits = "unix:/" + "가" * 35 + "a"  # 107 bytes, as unix(7) allows with a zero behind
    assert str(Address.parse(fits)) == fits
    with pytest.raises(ValueError, match="107 bytes"):
        Address.parse(fits + "a")
