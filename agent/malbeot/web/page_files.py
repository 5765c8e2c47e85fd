"""The built page, or one line that says how to build it."""

from pathlib import Path

from starlette.responses import PlainTextResponse
from starlette.staticfiles import StaticFiles
from starlette.types import Receive, Scope, Send

STATIC = Path(__file__).parent / "static"


class PageFiles(StaticFiles):
    """The files of one folder, which may be missing."""

    def __init__(self, folder: Path) -> None:
        super().__init__(directory=folder, html=True, check_dir=False)
        self._index = folder / "index.html"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self._index.is_file():
            await super().__call__(scope, receive, send)
        else:
            missing = PlainTextResponse("The caller page is not built yet: run `make page`.\n", status_code=503)
            await missing(scope, receive, send)
