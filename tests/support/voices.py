"""Voices of a test's own, and settings that know them."""

from pathlib import Path

import yaml

from malbeot.settings import Settings

NOBODY = "http://127.0.0.1:1"
JUNE = {
    "id": "june",
    "languages": ["en"],
    "ref_audio_path": "voices/june.wav",
    "prompt_text": "Hello, how are you?",
    "prompt_lang": "en",
}
DASOM = {
    "id": "dasom",
    "languages": ["ko"],
    "ref_audio_path": "voices/dasom.wav",
    "prompt_text": "안녕하세요, 어르신.",
    "prompt_lang": "ko",
}
WEIGHTS = {"gpt_weights": "a.ckpt", "sovits_weights": "a.pth"}


def settings(prompts: Path | None, *urls: str, **chosen: object) -> Settings:
    given: dict[str, object] = {"malbeot_prompts": prompts, "gpt_sovits_urls": urls, "stand_in_url": urls[0], **chosen}
    return Settings(_env_file=None, **given)  # type: ignore[arg-type, call-arg]


def prompts_with(folder: Path, *voices: dict[str, object]) -> Path:
    (folder / "voices").mkdir(exist_ok=True)
    for voice in voices:
        path = folder / "voices" / f"{voice['id']}.yaml"
        path.write_text(yaml.safe_dump(voice, allow_unicode=True), encoding="utf-8")
    return folder
