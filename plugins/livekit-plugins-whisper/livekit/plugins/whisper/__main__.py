"""python -m livekit.plugins.whisper download MODEL"""

import argparse
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from faster_whisper.utils import available_models
from huggingface_hub.constants import HF_HUB_CACHE

from .download import download
from .errors import ModelError

_REPORT_S = 2.0


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m livekit.plugins.whisper")
    commands = parser.add_subparsers(dest="command", required=True)
    fetch = commands.add_parser("download", help="fetch a model from the Hugging Face hub")
    fetch.add_argument("model", metavar="MODEL", help=f"owner/name, or one of {', '.join(available_models())}")
    model = parser.parse_args().model
    try:
        path = _download_with_progress(model)
    except ModelError as error:
        print(error, file=sys.stderr)
        return 1
    print(path)
    return 0


def _download_with_progress(model: str) -> Path:
    """Fetches the model while telling how much has arrived. The hub does not say beforehand how much it will be."""
    before = _size(Path(HF_HUB_CACHE))
    with ThreadPoolExecutor(1) as executor:
        fetching = executor.submit(download, model)
        reported = time.monotonic()
        while not fetching.done():
            time.sleep(0.1)
            if time.monotonic() - reported >= _REPORT_S:
                reported = time.monotonic()
                print(f"fetching {model}: {(_size(Path(HF_HUB_CACHE)) - before) / 1e6:.0f} MB", file=sys.stderr)
        return fetching.result()


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
