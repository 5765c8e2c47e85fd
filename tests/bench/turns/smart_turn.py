"""Pipecat's Smart Turn on pieces of speech, in the benchmark's own environment:
`python smart_turn.py PIECES.npz`.

Prints one JSON list of {"probability", "took_s"}, in the order of the file.
"""

import json
import sys
import time

import numpy as np
from loguru import logger  # type: ignore[import-not-found]

logger.remove()
from pipecat.audio.turn.smart_turn.local_smart_turn_v3 import (  # type: ignore[import-not-found]  # noqa: E402
    LocalSmartTurnAnalyzerV3,
)

_RATE = 16000


def main(path: str) -> None:
    analyzer = LocalSmartTurnAnalyzerV3(sample_rate=_RATE)
    analyzer.set_sample_rate(_RATE)
    analyzer._predict_endpoint(np.zeros(_RATE, np.float32))  # the first run allocates
    opinions = []
    with np.load(path) as pieces:
        for name in pieces.files:
            began = time.perf_counter()
            said = analyzer._predict_endpoint(pieces[name].astype(np.float32) / 32768)
            opinions.append({"probability": said["probability"], "took_s": time.perf_counter() - began})
    print(json.dumps(opinions))


if __name__ == "__main__":
    main(sys.argv[1])
