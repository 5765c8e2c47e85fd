"""The page over TLS, and certificates that callers' browsers would refuse."""

import asyncio
import signal
import ssl
import subprocess
from pathlib import Path

import httpx
import pytest

from malbeot.errors import MalbeotError
from malbeot.settings import Settings
from malbeot.up import probes
from malbeot.web.tls import tls_context
from support.command import line_with, malbeot, running


def openssl(*arguments: str | Path) -> None:
    subprocess.run(["openssl", *map(str, arguments)], check=True, capture_output=True, timeout=60)


def certificate(folder: Path, name: str = "page", *, begins: str = "", ends: str = "") -> tuple[Path, Path]:
    """A self-signed one for localhost and its key, good for two days or between two moments as 20240101000000Z."""
    cert, key = folder / f"{name}.pem", folder / f"{name}.key"
    made = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", key]
    alternative = "subjectAltName=DNS:localhost,IP:127.0.0.1"
    if not begins:
        openssl("req", "-x509", *made, "-out", cert, "-days", "2", "-subj", "/CN=localhost", "-addext", alternative)
        return cert, key
    request = folder / f"{name}.csr"
    openssl("req", "-new", *made, "-out", request, "-subj", "/CN=localhost")
    (folder / "index.txt").write_text("")
    config = folder / "ca.cnf"
    config.write_text(
        f"[ca]\ndefault_ca=own\n[own]\ndatabase={folder}/index.txt\nnew_certs_dir={folder}\nrand_serial=yes\n"
        "default_md=sha256\npolicy=any\n[any]\ncommonName=supplied\n"
    )
    signed = ["-selfsign", "-keyfile", key, "-in", request, "-out", cert, "-startdate", begins, "-enddate", ends]
    openssl("ca", "-batch", "-notext", "-config", config, *signed)
    return cert, key


def with_files(settings: Settings, cert: Path, key: Path) -> Settings:
    return settings.model_copy(update={"web_tls_cert": cert, "web_tls_key": key})


def environment(state: Path, cert: Path, key: Path) -> dict[str, str]:
    return {
        "LIVEKIT_API_KEY": "key",
        "LIVEKIT_API_SECRET": "s" * 40,
        "LIVEKIT_URL": "ws://127.0.0.1:7880",
        "MALBEOT_STATE": str(state),
        "WEB_HOST": "127.0.0.1",
        "WEB_PORT": "0",
        "WEB_TLS_CERT": str(cert),
        "WEB_TLS_KEY": str(key),
    }


async def test_the_page_over_tls(tmp_path: Path) -> None:
    cert, key = certificate(tmp_path)
    async with running("web", env=environment(tmp_path / "state", cert, key)) as process:
        announced = await line_with(process.stderr, "https://127.0.0.1:", timeout_s=60)
        address = announced.split("is on ")[1].split(";")[0]
        trust = ssl.create_default_context(cafile=str(cert))
        async with httpx.AsyncClient(base_url=address, verify=trust, trust_env=False) as client:
            response = await client.get("/health")
            assert response.status_code == 200
            assert response.headers["strict-transport-security"] == "max-age=31536000"
            assert (await client.post("/api/nothing", headers={"Origin": address})).status_code == 405
            assert (await client.post("/api/nothing", headers={"Origin": "https://localhost"})).status_code == 403
        async with httpx.AsyncClient(trust_env=False) as client:
            with pytest.raises(httpx.HTTPError):
                await client.get(address.replace("https", "http"))
        # `malbeot up` asks the address that it starts the page on, for which the certificate need not be.
        assert await probes.answers(f"{address}/health", verify=False)()
        assert not await probes.answers(f"{address}/health")()
        process.send_signal(signal.SIGTERM)
        _, err = await asyncio.wait_for(process.communicate(), 20)
    assert process.returncode == 0
    assert "Traceback" not in err.decode()


async def test_a_certificate_that_is_not_there_is_one_line(tmp_path: Path) -> None:
    result = await malbeot("web", env=environment(tmp_path, tmp_path / "none.pem", tmp_path / "none.key"))
    assert result.status == 1
    assert "WEB_TLS_CERT: cannot read" in result.complaint


def test_without_files_there_is_no_tls(settings: Settings) -> None:
    assert tls_context(settings) is None


def test_one_that_has_expired(settings: Settings, tmp_path: Path) -> None:
    cert, key = certificate(tmp_path, begins="20240101000000Z", ends="20240201000000Z")
    with pytest.raises(MalbeotError, match=r"page\.pem has expired: renew it"):
        tls_context(with_files(settings, cert, key))


def test_one_that_is_not_valid_yet(settings: Settings, tmp_path: Path) -> None:
    cert, key = certificate(tmp_path, begins="20980101000000Z", ends="20990101000000Z")
    with pytest.raises(MalbeotError, match="not valid yet: check this machine's clock"):
        tls_context(with_files(settings, cert, key))


def test_anothers_key(settings: Settings, tmp_path: Path) -> None:
    cert, _ = certificate(tmp_path)
    _, key = certificate(tmp_path, "other")
    with pytest.raises(MalbeotError, match="do not belong together"):
        tls_context(with_files(settings, cert, key))


def test_what_is_no_certificate(settings: Settings, tmp_path: Path) -> None:
    cert, key = certificate(tmp_path)
    with pytest.raises(MalbeotError, match="are not a PEM certificate"):
        tls_context(with_files(settings, key, key))
    cert.write_bytes(b"\x00\xff")
    with pytest.raises(MalbeotError, match="are not a PEM certificate"):
        tls_context(with_files(settings, cert, key))


def test_a_key_with_a_passphrase_is_not_waited_for(settings: Settings, tmp_path: Path) -> None:
    cert, key = certificate(tmp_path)
    locked = tmp_path / "locked.key"
    openssl("ec", "-in", key, "-aes256", "-passout", "pass:secret", "-out", locked)
    with pytest.raises(MalbeotError, match="asks for a passphrase"):
        tls_context(with_files(settings, cert, locked))


def test_a_folder(settings: Settings, tmp_path: Path) -> None:
    cert, _ = certificate(tmp_path)
    with pytest.raises(MalbeotError, match=r"WEB_TLS_KEY: cannot read .*: Is a directory"):
        tls_context(with_files(settings, cert, tmp_path))
