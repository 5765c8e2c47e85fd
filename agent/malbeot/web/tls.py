"""The page's certificate: tried when the service starts, so that callers' browsers are not the first to refuse it."""

import ssl
from pathlib import Path

from malbeot.errors import MalbeotError
from malbeot.settings import Settings

# Codes of x509_vfy.h in OpenSSL; the module ssl has no names for them.
_NOT_YET_VALID = 9
_HAS_EXPIRED = 10


def tls_context(settings: Settings) -> ssl.SSLContext | None:
    """What the service speaks TLS with; None where it does not.

    Raises `MalbeotError` for files that cannot be read, are no PEM, do not belong together or are not valid today.
    """
    certificate, key = settings.web_tls_cert, settings.web_tls_key
    if certificate is None or key is None:
        return None
    for path, name in ((certificate, "WEB_TLS_CERT"), (key, "WEB_TLS_KEY")):
        _require_readable(path, name)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    try:
        context.load_cert_chain(certificate, key, password=_no_passphrase)
    except _Encrypted:
        raise MalbeotError(
            f"WEB_TLS_KEY: {key} asks for a passphrase, and nobody is there to type it: write the key without one, "
            "readable by its owner alone"
        ) from None
    except ssl.SSLError as error:
        if error.reason == "KEY_VALUES_MISMATCH":
            reason = "do not belong together: give the certificate's own key, and in a chain its own certificate first"
        else:
            reason = "are not a PEM certificate (-----BEGIN CERTIFICATE-----) and a PEM private key: check both files"
        raise MalbeotError(f"WEB_TLS_CERT and WEB_TLS_KEY: {certificate} and {key} {reason}") from None
    _require_valid(context, certificate)
    return context


class _Encrypted(Exception):
    pass


def _no_passphrase() -> str:
    # Without this OpenSSL would ask on the terminal and wait.
    raise _Encrypted


def _require_readable(path: Path, name: str) -> None:
    try:
        path.open("rb").close()
    except OSError as error:
        raise MalbeotError(
            f"{name}: cannot read {path}: {error.strerror}; check the path, and that the user who runs `malbeot web` "
            "may read it"
        ) from None


def _require_valid(server: ssl.SSLContext, certificate: Path) -> None:
    """A handshake with ourselves, in memory: OpenSSL judges the certificate's days, whoever has signed it."""
    client = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    client.check_hostname = False
    client.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    client.load_verify_locations(certificate)
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    ends = [
        client.wrap_bio(to_client, to_server, server_side=False),
        server.wrap_bio(to_server, to_client, server_side=True),
    ]
    try:
        while ends:
            ends = [end for end in ends if not _has_shaken(end)]
    except ssl.SSLCertVerificationError as error:
        if error.verify_code == _HAS_EXPIRED:
            reason = "has expired: renew it"
        elif error.verify_code == _NOT_YET_VALID:
            reason = "is not valid yet: check this machine's clock"
        else:
            reason = f"would be refused by browsers ({error.verify_message}): get another one"
        raise MalbeotError(f"WEB_TLS_CERT: the certificate in {certificate} {reason}, then start again") from None


def _has_shaken(end: ssl.SSLObject) -> bool:
    try:
        end.do_handshake()
    except ssl.SSLWantReadError:
        return False
    return True
