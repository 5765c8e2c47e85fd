"""What a dispatch may ask of a call."""

import pytest

from malbeot.call import CallRequest
from malbeot.errors import MalbeotError


def test_nothing_asked() -> None:
    assert CallRequest.from_metadata("") == CallRequest(persona="", name="", language="en", direction="inbound")


def test_round_trip() -> None:
    request = CallRequest(persona="ko", name="순자", language="ko", direction="outbound")
    assert CallRequest.from_metadata(request.model_dump_json()) == request


@pytest.mark.parametrize(
    ("metadata", "named"),
    [
        ("{", "JSON"),
        ('{"language": "fr"}', "language"),
        ('{"nmae": "x"}', "nmae"),
        (f'{{"name": "{"x" * 41}"}}', "name"),
    ],
)
def test_what_is_no_call_request(metadata: str, named: str) -> None:
    with pytest.raises(MalbeotError, match=f"not a call request: {named}"):
        CallRequest.from_metadata(metadata)
