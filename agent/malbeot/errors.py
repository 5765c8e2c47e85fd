"""The one error a person reads: what happened, why, and what to do, in one line."""

import re

_USERINFO = re.compile(r"(\w://)[^/@\s]+@")


def without_passwords(text: str) -> str:
    """The same text; addresses in it lose their `user:password@`."""
    return _USERINFO.sub(r"\1", text)


class MalbeotError(Exception):
    """Ends a command with `message` on standard error and `exit_code`.

    `exit_code` is 2 for what the operator has written (settings, arguments, personas) and 1 for
    what the machine or a server could not do.
    """

    def __init__(self, message: str, *, exit_code: int = 1) -> None:
        super().__init__(without_passwords(" ".join(message.split())))
        self.exit_code = exit_code


class SettingsError(MalbeotError):
    """A setting is wrong or missing."""

    def __init__(self, message: str) -> None:
        super().__init__(message, exit_code=2)
