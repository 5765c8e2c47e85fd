"""What the service says of itself when it starts: its address, who reaches it, and who may call."""

from malbeot.settings import Settings
from malbeot.web.access.peers import is_loopback


def reach(settings: Settings, port: int) -> str:
    """One line for the operator. `port` is the one it has got."""
    host, secure = settings.web_host, settings.web_tls_cert is not None
    said = [f"{'https' if secure else 'http'}://{f'[{host}]' if ':' in host else host}:{port}"]
    if is_loopback(host):
        said.append("only this machine reaches it")
    else:
        said.append("every machine that reaches this one reaches it")
    if settings.web_public_url:
        said.append(f"callers elsewhere come by {settings.web_public_url}")
    beyond = "the access code or an invitation" if settings.access_code else "an invitation (`malbeot invite`)"
    if settings.web_public_url:
        said.append(
            f"who has {beyond} may call, on this machine too, because whoever comes by that address may seem to"
        )
    else:
        said.append(f"everyone on this machine may call, and from elsewhere who has {beyond}")
    if not secure and not is_loopback(host):
        said.append(
            "it has no https: codes, invitations and conversations travel in the clear, and browsers give a page the "
            "microphone only over https or on localhost; set WEB_TLS_CERT and WEB_TLS_KEY, or an https proxy before it"
        )
    return "; ".join(said)
