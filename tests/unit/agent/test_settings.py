"""Settings: every variable documented, every mistake told in one line."""

import re
from pathlib import Path

import pytest

from malbeot.errors import SettingsError
from malbeot.settings import Settings, load

ROOT = Path(__file__).parents[3]


@pytest.fixture(autouse=True)
def bare_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def documented() -> dict[str, str]:
    lines = (ROOT / ".env.example").read_text(encoding="utf-8").splitlines()
    return dict(match.groups() for line in lines if (match := re.fullmatch(r"# ([A-Z_]+)=(.*)", line)))


def test_env_example_documents_every_setting_and_no_other() -> None:
    assert set(documented()) == {name.upper() for name in Settings.model_fields}


def test_env_example_shows_the_defaults(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("".join(f"{name}={value}\n" for name, value in documented().items() if value))
    assert load() == Settings(_env_file=None)


def test_environment_comes_before_env_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("WEB_PORT=1111\nMAX_CALLS=3\n")
    monkeypatch.setenv("WEB_PORT", "2222")
    settings = load()
    assert (settings.web_port, settings.max_calls) == (2222, 3)


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("LIVEKIT_URL", "localhost:7880", "ws://127.0.0.1"),
        ("OLLAMA_URL", "ftp://host", "http://127.0.0.1"),
        ("OLLAMA_URL", "http://127.0.0.1:99999", "ort"),
        ("WEB_PORT", "eighty", "integer"),
        ("WEB_PORT", "70000", "65535"),
        ("LLM_PROVIDER", "chatgpt", "'ollama', 'bedrock' or 'openai'"),
        ("LOG_LEVEL", "LOUD", "'DEBUG'"),
        ("MAX_CALLS", "0", "greater than or equal to 1"),
    ],
)
def test_wrong_value_is_one_line_naming_it(monkeypatch: pytest.MonkeyPatch, name: str, value: str, said: str) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError) as caught:
        load()
    message = str(caught.value)
    assert message.startswith(f"{name}={value} is wrong: ")
    assert said in message
    assert "\n" not in message
    assert caught.value.exit_code == 2


def test_all_wrong_values_are_told_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WEB_PORT", "x")
    monkeypatch.setenv("LLM_PROVIDER", "y")
    with pytest.raises(SettingsError, match=r"LLM_PROVIDER=y .*WEB_PORT=x "):
        load()


def test_openai_needs_a_model(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LLM_PROVIDER", "openai")
    with pytest.raises(SettingsError, match="OPENAI_MODEL is missing"):
        load()


def test_key_and_secret_belong_together(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LIVEKIT_API_KEY", "key")
    with pytest.raises(SettingsError, match="set both or neither"):
        load()


def test_secrets_show_nowhere(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LIVEKIT_API_KEY", "key")
    monkeypatch.setenv("LIVEKIT_API_SECRET", "hush" * 10)
    settings = load()
    assert "hush" not in f"{settings!r} {settings} {settings.model_dump()}"
    assert settings.livekit_keys == ("key", "hush" * 10)


def test_missing_keys_say_what_to_do(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("MALBEOT_STATE", str(tmp_path / "none"))
    with pytest.raises(SettingsError, match="run `malbeot up` once"):
        _ = load().livekit_keys


def test_home_is_expanded(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    assert load().malbeot_cache == tmp_path / ".cache" / "malbeot"
