"""`python -m malbeot_local fetch [servers|models|all]` and `… verify`."""

import argparse
import asyncio
import os
import sys
from pathlib import Path

from .cache import Cache, default_root
from .errors import LocalError
from .fetch import fetch, verify


def main(arguments: list[str] | None = None) -> int:
    """Exit status: 0, 1 with one line on standard error, 2 for wrong usage, 130 when interrupted."""
    options = _parse(sys.argv[1:] if arguments is None else arguments)
    cache = Cache(options.cache.expanduser().absolute())
    try:
        if options.command == "verify":
            verify(cache, _report)
        else:
            asyncio.run(fetch(options.what, cache, _report))
    except (LocalError, OSError) as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("interrupted: nothing was left half-written", file=sys.stderr)
        return 130
    return 0


def _parse(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m malbeot_local", description="LiveKit server, Ollama and the embedded models on this machine."
    )
    commands = parser.add_subparsers(dest="command", required=True)
    to_fetch = commands.add_parser("fetch", help="find, download or build what is missing")
    to_fetch.add_argument("what", nargs="?", choices=("servers", "models", "all"), default="all")
    to_verify = commands.add_parser("verify", help="check all of it, models by SHA-256")
    for command in (to_fetch, to_verify):
        command.add_argument(
            "--cache", type=Path, default=default_root(os.environ), metavar="DIR", help="default: %(default)s"
        )
    return parser.parse_args(arguments)


def _report(line: str) -> None:
    print(line, flush=True)


if __name__ == "__main__":
    sys.exit(main())
