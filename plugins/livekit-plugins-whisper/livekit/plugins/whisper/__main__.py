"""python -m livekit.plugins.whisper download MODEL | serve MODEL"""

import argparse
import asyncio
import logging
import os
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

from .address import Address
from .download import download
from .errors import EngineError, ModelError
from .launching import ENGINE_ENVIRONMENT, MODEL_CANNOT_LOAD, TOKEN_VARIABLE

_REPORT_S = 2.0


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m livekit.plugins.whisper")
    commands = parser.add_subparsers(dest="command", required=True)
    fetch = commands.add_parser("download", help="fetch a model from the Hugging Face hub")
    fetch.add_argument("model", metavar="MODEL", help="owner/name, or a name such as base or large-v3-turbo")
    run = commands.add_parser("serve", help="run an engine for this machine's calls, or for other machines'")
    run.add_argument("model", metavar="MODEL", help="a directory, a name, or owner/name")
    run.add_argument("--address", type=_address, required=True, help="unix:/PATH, or tcp://HOST:PORT with a token")
    run.add_argument("--device", choices=("auto", "cpu", "cuda"), default="auto")
    run.add_argument("--compute-type", default="default", help="CTranslate2's; by default what fits the device")
    run.add_argument("--workers", type=int, default=0, help="batches at the same time (as many as cores, at most 4)")
    run.add_argument("--cpu-threads", type=int, default=1, help="threads of one batch (1)")
    run.add_argument("--linger", type=float, help="end so many seconds after the last user (never)")
    run.add_argument("--download", action="store_true", help="fetch the model if it is not here")
    args = parser.parse_args()
    try:
        return _download(args.model) if args.command == "download" else _serve(args)
    except ModelError as error:
        print(error, file=sys.stderr)
        return MODEL_CANNOT_LOAD
    except EngineError as error:
        print(error, file=sys.stderr)
        return 1


def _address(text: str) -> Address:
    try:
        return Address.parse(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def _serve(args: argparse.Namespace) -> int:
    if not ENGINE_ENVIRONMENT.items() <= os.environ.items():
        os.execve(
            sys.executable,
            [sys.executable, "-m", "livekit.plugins.whisper", *sys.argv[1:]],
            {**os.environ, **ENGINE_ENVIRONMENT},
        )
    from .engine.loading import load
    from .engine.serve import serve

    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(message)s")
    models = load(
        args.model,
        device=args.device,
        compute_type=args.compute_type,
        workers=args.workers,
        cpu_threads=args.cpu_threads,
        local_files_only=not args.download,
    )
    asyncio.run(
        serve(
            models,
            args.address,
            token=os.environ.get(TOKEN_VARIABLE),
            linger_s=args.linger,
            announce=partial(print, flush=True),
        )
    )
    return 0


def _download(model: str) -> int:
    """Fetches the model while telling how much has arrived. The hub does not say beforehand how much it will be."""
    from huggingface_hub.constants import HF_HUB_CACHE

    cache = Path(HF_HUB_CACHE)
    before = _size(cache)
    with ThreadPoolExecutor(1) as executor:
        fetching = executor.submit(download, model)
        reported = time.monotonic()
        while not fetching.done():
            time.sleep(0.1)
            if time.monotonic() - reported >= _REPORT_S:
                reported = time.monotonic()
                print(f"fetching {model}: {(_size(cache) - before) / 1e6:.0f} MB", file=sys.stderr)
        print(fetching.result())
    return 0


def _size(folder: Path) -> int:
    """Bytes in the files of a folder, of which some may vanish while they are counted."""
    total = 0
    for path in folder.rglob("*"):
        try:
            total += 0 if path.is_symlink() or not path.is_file() else path.stat().st_size
        except OSError:
            continue
    return total


if __name__ == "__main__":
    sys.exit(main())
