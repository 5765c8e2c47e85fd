"""Does what GPT-SoVITS does when a language is first spoken: fetches the detector's model, builds dictionaries.

Its service may neither write there nor reach a network, so this runs once at installation, with GPT-SoVITS' own
Python and in its folder. It is a check as well: each language's text frontend turns a greeting into phonemes.
"""

import importlib
import sys
from pathlib import Path

GREETINGS = {"en": "Hello.", "ko": "안녕하세요.", "ja": "こんにちは。", "zh": "你好。", "yue": "你好。"}


def main() -> int:
    folder = Path.cwd()
    sys.path[:0] = [str(folder), str(folder / "GPT_SoVITS")]
    # The detector's model is fetched only into a folder that is there.
    (folder / "GPT_SoVITS" / "pretrained_models" / "fast_langdetect").mkdir(parents=True, exist_ok=True)
    failed = []
    for language, greeting in GREETINGS.items():
        try:
            phonemes, _, _ = importlib.import_module("text.cleaner").clean_text(greeting, language, "v2")
            if not phonemes:
                raise ValueError("no phonemes")
        except Exception as error:  # whatever the packages below raise: the next language may still work
            failed.append(language)
            report(language, error)
    try:
        importlib.import_module("text.LangSegmenter").LangSegmenter.getTexts("Hello, 안녕하세요.")
    except Exception as error:
        failed.append("language detection")
        report("language detection", error)
    if failed:
        print(f"does not work: {', '.join(failed)}", file=sys.stderr)
    return 1 if failed else 0


def report(what: str, error: Exception) -> None:
    """One line; NLTK frames its own with asterisks."""
    print(f"{what}: {type(error).__name__}: {' '.join(str(error).split()).strip('* ')[:200]}", file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
