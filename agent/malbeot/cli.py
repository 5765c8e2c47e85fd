"""The command `malbeot`. Each command imports what it needs when it is called."""

import asyncio
import os
import sys
import traceback
from pathlib import Path
from typing import NoReturn

import click

from malbeot import __version__
from malbeot.errors import MalbeotError
from malbeot.settings import EMBEDDED_SETTINGS, Settings, default_state, engine_address, load


def _use_embedded(_: click.Context, __: click.Parameter, chosen: bool) -> None:
    if chosen:
        os.environ.update(EMBEDDED_SETTINGS)


def _engine_address(_: click.Context, __: click.Parameter, address: str | None) -> str | None:
    try:
        return engine_address(address) if address else None
    except ValueError as error:
        raise click.BadParameter(str(error)) from None


_embedded = click.option(
    "--embedded",
    is_flag=True,
    expose_value=False,
    callback=_use_embedded,
    help="Use the small models that packages carry: no GPU, account or model hub.",
)


@click.group()
@click.version_option(__version__, message="malbeot %(version)s")
def app() -> None:
    """Malbeot, a voice companion that people call."""


@app.command()
@_embedded
@click.option("--logs", is_flag=True, help="Show the servers' logs here instead of keeping them in files.")
def up(logs: bool) -> None:
    """Start everything on this machine; Ctrl-C stops it all."""
    from malbeot.up import run

    asyncio.run(run(load(), os.environ, show_logs=logs))


@app.command()
@_embedded
@click.option("--ready-dir", type=click.Path(path_type=Path), hidden=True)
def start(ready_dir: Path | None) -> None:
    """Answer calls: the worker, for production."""
    _serve(load(), ready_dir=ready_dir)


@app.command()
@_embedded
def dev() -> None:
    """Answer calls, and begin anew whenever the code or a prompt changes."""
    from malbeot.dev import watch

    watch(load())


@app.command()
@_embedded
@click.option(
    "--address",
    callback=_engine_address,
    help="unix:/PATH, or tcp://HOST:PORT for other machines, which takes EARS_TOKEN.",
)
def ears(address: str | None) -> None:
    """Hear for all calls of this machine, or of others: the recognition engine alone."""
    from malbeot.ears import become_engine

    become_engine(load(**({"ears_url": address} if address else {})), os.environ)


@app.command()
@_embedded
@click.option("--text", is_flag=True, help="Type instead of speaking.")
@click.option("--wav", type=click.Path(path_type=Path), help="Speak this WAV file instead of a microphone.")
@click.option("--out", type=click.Path(path_type=Path), help="Write the reply to this WAV file instead of speakers.")
@click.option("--persona", default="", help="Who answers; see `malbeot prompts`.")
@click.option("--name", default="", help="The caller's name.")
def console(text: bool, wav: Path | None, out: Path | None, persona: str, name: str) -> None:
    """Talk with the companion here, without LiveKit server."""
    from malbeot.console import talk

    if text and (wav or out):
        raise click.UsageError("--text excludes --wav and --out: type, or give files")
    if (wav is None) != (out is None):
        raise click.UsageError("--wav and --out belong together: give both or neither")
    talk(load(), text=text, files=(wav, out) if wav and out else None, persona=persona, name=name)


@app.command()
def web() -> None:
    """Serve the caller page."""
    from malbeot.web import serve

    settings = load()
    _log_to_stderr(settings)
    asyncio.run(serve(settings))


@app.command()
@click.option("--for", "name", required=True, help="Whom it invites: the companion calls them so.")
@click.option("--days", type=click.IntRange(1, 365), default=7, show_default=True, help="How long it is good.")
def invite(name: str, days: int) -> None:
    """Print a link with which somebody may call from elsewhere."""
    from malbeot.invite_command import write_invitation

    write_invitation(load(), name, days=days)


@app.command()
@_embedded
def doctor() -> None:
    """Check everything a call needs, and say what to do about what is missing."""
    from malbeot.doctor import examine

    sys.exit(asyncio.run(examine(load())))


@app.command()
@click.option("--persona", default="", help="Only this one.")
@click.option("--scenario", default="", help="With this one of prompts/scenarios.")
def prompts(persona: str, scenario: str) -> None:
    """Check every persona and scenario, and print each prompt as the language model gets it."""
    from malbeot.prompts_command import show

    show(load(), persona, scenario)


@app.group()
def voices() -> None:
    """The voices of prompts/voices on the servers of GPT_SOVITS_URLS."""


@voices.command("list")
def list_voices() -> None:
    """Show every voice, and which server is up, holds it and is warm."""
    from malbeot.voices.listing import show

    sys.exit(asyncio.run(show(load())))


@voices.command("check")
@click.option("--load", "load_weights", is_flag=True, help="Load weights that a server does not hold: callers hear it.")
def check_voices(load_weights: bool) -> None:
    """Have every server say a word with every voice, and say what to do where it cannot."""
    from malbeot.voices.checking import check

    sys.exit(asyncio.run(check(load(), load=load_weights)))


@voices.command()
@click.argument("voice")
@click.argument("text")
@click.option("--out", type=click.Path(path_type=Path), help="The WAV file to write; VOICE.wav without it.")
@click.option("--language", default="", help="One that the voice speaks; its first without it.")
def say(voice: str, text: str, out: Path | None, language: str) -> None:
    """Speak TEXT into a WAV file, as callers hear it. TEXT - is read from standard input."""
    from malbeot.voices.saying import say as speak

    text = sys.stdin.read() if text == "-" else text
    asyncio.run(speak(load(), voice, text, out=out, language=language))


def _serve(settings: Settings, *, ready_dir: Path | None = None) -> None:
    from malbeot.worker import serve

    _log_to_stderr(settings)
    asyncio.run(serve(settings, ready_dir=ready_dir))


def _log_to_stderr(settings: Settings) -> None:
    from malbeot.logs import setup

    setup(settings)


def main() -> None:
    """Runs the command line. Every failure is one line on standard error and a non-zero exit."""
    from malbeot_local.errors import LocalError

    # ONNX Runtime reports to its maker unless told not to. Every process that we start inherits this.
    os.environ["ORT_DISABLE_TELEMETRY"] = "1"
    try:
        app(prog_name="malbeot", standalone_mode=False)
    except MalbeotError as error:
        _fail(str(error), error.exit_code)
    except LocalError as error:
        _fail(str(error), 1)
    except click.UsageError as error:
        _fail_usage(error)
    except (KeyboardInterrupt, click.Abort):
        sys.exit(130)
    except BrokenPipeError:
        sys.exit(141)
    except Exception as error:
        _fail(f"an error in Malbeot itself: {type(error).__name__}: {error}; details are in {_keep_traceback()}", 70)


def _fail_usage(error: click.UsageError) -> NoReturn:
    if error.ctx and error.message == error.ctx.get_help():
        # A group without a command: click's complaint is the help itself.
        click.echo(error.message, err=True)
        sys.exit(error.exit_code)
    command = error.ctx.command_path if error.ctx else "malbeot"
    _fail(f"{error.format_message().rstrip('.')}; see `{command} --help`", error.exit_code)


def _fail(message: str, status: int) -> NoReturn:
    print(f"malbeot: {message}", file=sys.stderr)
    sys.exit(status)


def _keep_traceback() -> str:
    path = default_state(os.environ) / "error.log"
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        path.touch(mode=0o600)
        path.write_text(traceback.format_exc(), encoding="utf-8")
    except OSError as error:
        return f"nowhere, because {path} cannot be written ({error.strerror})"
    return str(path)
