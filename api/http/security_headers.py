"""The headers that let a browser do no more with an answer than it is for, on every answer there is."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable

from starlette.types import ASGIApp, Message, Receive, Scope, Send

CONTENT_SECURITY_POLICY = "Content-Security-Policy"

POLICY = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
"""What data may do in a browser: nothing."""

_NO_FEATURES = (
    "accelerometer",
    "autoplay",
    "camera",
    "clipboard-read",
    "clipboard-write",
    "display-capture",
    "fullscreen",
    "geolocation",
    "gyroscope",
    "hid",
    "idle-detection",
    "magnetometer",
    "microphone",
    "midi",
    "payment",
    "picture-in-picture",
    "publickey-credentials-get",
    "screen-wake-lock",
    "serial",
    "usb",
    "xr-spatial-tracking",
)

ALWAYS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",  # with none at all, a browser calls the origin of our own forms "null"
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": ", ".join(f"{feature}=()" for feature in _NO_FEATURES),
}
"""What every answer says."""

STRICT_TRANSPORT_SECURITY = "max-age=63072000"
"""What it says besides where it came by HTTPS: stay with it, for two years."""


def policy_with_styles(styles: Iterable[str]) -> str:
    """The policy of a page that has these style sheets in it, and no others: each is known by its hash."""
    hashes = (base64.b64encode(hashlib.sha256(style.encode()).digest()).decode() for style in styles)
    sources = " ".join(f"'sha256-{hash}'" for hash in hashes)
    return f"{POLICY}; style-src {sources}"


class SecurityHeaders:
    """Adds the headers to every answer, whoever gives it; a page states the policy it needs itself."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_secured(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = secured(message.get("headers", ()), scope["scheme"])
            await send(message)

        await self._app(scope, receive, send_secured)


RawHeaders = list[tuple[bytes, bytes]]


def secured(headers: Iterable[tuple[bytes, bytes]], scheme: str) -> RawHeaders:
    """The headers of an answer with those that every answer has."""
    given = list(headers)
    added = _ALWAYS_BY_HTTPS if scheme == "https" else _ALWAYS
    return given + added + ([] if any(name == _POLICY[0] for name, _ in given) else [_POLICY])


def _raw(headers: dict[str, str]) -> RawHeaders:
    return [(name.lower().encode(), value.encode()) for name, value in headers.items()]


_POLICY = _raw({CONTENT_SECURITY_POLICY: POLICY})[0]
_ALWAYS = _raw(ALWAYS)
_ALWAYS_BY_HTTPS = _raw({**ALWAYS, "Strict-Transport-Security": STRICT_TRANSPORT_SECURITY})
