"""`python -m malbeot_local.standin`: the stand-in voice server; `… say`: one text into a WAV file."""

import argparse
import os
import sys
from pathlib import Path

from ..errors import LocalError
from .versions import BY_RATE_HZ, DEFAULT, VERSIONS


def main(arguments: list[str] | None = None) -> int:
    """Exit status: 0, 1 with one line on standard error, 2 for wrong usage, 130 when interrupted."""
    arguments = sys.argv[1:] if arguments is None else arguments
    os.environ["ORT_DISABLE_TELEMETRY"] = "1"  # ONNX Runtime, which Piper runs on, reports to its maker otherwise
    try:
        if arguments[:1] == ["say"]:
            _say(arguments[1:])
        else:
            _serve(arguments)
    except LocalError as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


def _serve(arguments: list[str]) -> None:
    parser = argparse.ArgumentParser(
        prog="python -m malbeot_local.standin",
        description="Speaks in place of GPT-SoVITS, over its api_v2 interface; `say` speaks into a file.",
    )
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=9880, help="0 takes a free one")
    parser.add_argument("--piper-voice", type=Path, metavar="PATH", help="ONNX file; without it eSpeak NG speaks all")
    parser.add_argument(
        "--references",
        type=Path,
        metavar="DIR",
        help="where relative reference paths begin; without it a folder in the cache with the personas' two",
    )
    version = parser.add_mutually_exclusive_group()
    version.add_argument(
        "--model-version", choices=tuple(VERSIONS), default=DEFAULT, help=f"the model to stand in for ({DEFAULT})"
    )
    version.add_argument("--rate", type=int, choices=tuple(BY_RATE_HZ), help="the same by its rate: v3, v2 or v4")
    parser.add_argument(
        "--weights",
        action="append",
        default=[],
        type=_weights,
        metavar="PATH[=VERSION]",
        help="weights to accept although no such file is there; SoVITS weights may change the model version",
    )
    parser.add_argument("--config", type=Path, metavar="FILE", help="keeps the paths of the weights over restarts")
    parser.add_argument("--load-s", type=_seconds, default=0.0, metavar="S", help="how long loading weights takes")
    parser.add_argument(
        "--cold-s", type=_seconds, default=0.0, metavar="S", help="what the first request in a language takes longer"
    )
    parser.add_argument("--faults", action="store_true", help="lets tests plan faults at /stand-in/faults")
    options = parser.parse_args(arguments)
    from .serve import Settings, serve  # after the arguments are known to be good: it imports the web server

    serve(
        Settings(
            host=options.host,
            port=options.port,
            piper_voice=options.piper_voice,
            version=BY_RATE_HZ[options.rate] if options.rate else options.model_version,
            weights=dict(options.weights),
            config=options.config,
            references=options.references,
            load_s=options.load_s,
            cold_s=options.cold_s,
            faults=options.faults,
        )
    )


def _weights(text: str) -> tuple[str, str | None]:
    path, _, version = text.rpartition("=")  # a path may have the sign too
    return (path, version) if version in VERSIONS else (text, None)


def _seconds(text: str) -> float:
    seconds = float(text)
    if not 0 <= seconds < 3600:
        raise ValueError
    return seconds


def _say(arguments: list[str]) -> None:
    parser = argparse.ArgumentParser(prog="python -m malbeot_local.standin say", description="Speaks into a WAV file.")
    parser.add_argument("--lang", choices=("en", "ko", "ja", "zh", "yue"), required=True)
    parser.add_argument(
        "--piper-voice", type=Path, metavar="PATH", help="ONNX file for its language; without it eSpeak NG"
    )
    parser.add_argument("--speed", type=float, default=1.0, help="1.0 is the voice's own")
    parser.add_argument("--out", type=Path, required=True, metavar="FILE.wav")
    parser.add_argument("text", help='"-" reads standard input')
    options = parser.parse_args(arguments)
    if options.speed <= 0:
        parser.error("--speed must be above 0")
    from .say import say

    say(options.text, language=options.lang, piper_voice=options.piper_voice, speed=options.speed, out=options.out)


if __name__ == "__main__":
    sys.exit(main())
