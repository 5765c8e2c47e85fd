"""What schemathesis is told of the service that its description does not say: which companions and voices there are."""

from typing import Any

import schemathesis

KNOWN = {"/v1/chat/completions": ("model", "en"), "/v1/audio/speech": ("voice", "june")}


@schemathesis.hook
def map_body(context: schemathesis.HookContext, body: Any) -> Any:
    """Whoever is asked for is there, or nearly every answer would be that nobody is."""
    field, known = KNOWN.get(context.operation.path, ("", ""))
    if isinstance(body, dict) and isinstance(body.get(field), str):
        return {**body, field: known}
    return body
