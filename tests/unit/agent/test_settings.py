"""Settings: every variable documented, every mistake told in one line."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from livekit.plugins.whisper import Address
from malbeot.errors import SettingsError
from malbeot.settings import Settings, engine_address, load

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
        ("REDIS_URL", "unix://localhost/run/redis.sock", "redis://127.0.0.1"),
        ("EARS_URL", "http://127.0.0.1:9870", "auto, unix:/PATH or tcp://HOST:PORT"),
        ("EARS_URL", "unix:/" + "deep/" * 30, "107 bytes"),
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


@pytest.mark.parametrize(("name", "meant"), [("ACESS_CODE", "ACCESS_CODE"), ("max_call", "MAX_CALLS")])
def test_a_name_in_the_file_that_is_almost_a_settings_is_refused(tmp_path: Path, name: str, meant: str) -> None:
    (tmp_path / ".env").write_text(f"{name}=12345678\n")
    with pytest.raises(SettingsError) as caught:
        load()
    assert str(caught.value) == f"{name.upper()} in .env is no setting: did you mean {meant}?"
    assert caught.value.exit_code == 2


def test_other_programs_names_may_stand_in_the_file(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("OLLAMA_MODELS=/srv/models\nCOMPOSE_PROFILES=gpu\nMAX_CALLS=3\n")
    assert load().max_calls == 3


def test_voice_servers_are_listed_with_commas(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GPT_SOVITS_URLS", " http://10.0.0.5:9880/, http://10.0.0.6:9880,")
    assert load().gpt_sovits_urls == ("http://10.0.0.5:9880", "http://10.0.0.6:9880")


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (
            "http://10.0.0.5:9880,10.0.0.6:9880",
            "GPT_SOVITS_URLS=10.0.0.6:9880 is wrong: must be an address such as http",
        ),
        (",", "GPT_SOVITS_URLS=, is wrong: must be at least one address"),
    ],
)
def test_a_wrong_voice_server_is_named(monkeypatch: pytest.MonkeyPatch, value: str, said: str) -> None:
    monkeypatch.setenv("GPT_SOVITS_URLS", value)
    with pytest.raises(SettingsError) as caught:
        load()
    assert str(caught.value).startswith(said)


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


@pytest.mark.parametrize(
    "address",
    [
        *(
            "unix:/run/ears.sock",
            "unix:///run/ears.sock",
            "tcp://10.0.0.5:9870",
            "tcp://[::1]:1",
            "tcp://ears.lan:65535",
        ),
        *(
            "",
            "auto",
            "unix:ears.sock",
            "unix:/" + "x" * 107,
            "tcp://10.0.0.5",
            "tcp://:1",
            "tcp://h:99999",
            "http://h:1",
        ),
    ],
)
def test_an_engines_address_is_one_for_the_engine_too(address: str) -> None:
    def refusal(parse: Callable[[str], object]) -> str:
        try:
            parse(address)
        except ValueError as error:
            return str(error)
        return ""

    told = refusal(engine_address)
    assert bool(told) == (bool(refusal(Address.parse)) and address != "auto")
    assert "\n" not in told


def test_an_engine_elsewhere_needs_a_token(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EARS_URL", "tcp://10.0.0.5:9870")
    with pytest.raises(SettingsError, match="EARS_TOKEN is missing"):
        load()
    monkeypatch.setenv("EARS_TOKEN", "hush" * 10)
    assert load().ears_url == "tcp://10.0.0.5:9870"


def test_secrets_show_nowhere(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LIVEKIT_API_KEY", "key")
    monkeypatch.setenv("LIVEKIT_API_SECRET", "hush" * 10)
    monkeypatch.setenv("EARS_TOKEN", "hush" * 9)
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
