"""The Chromium of this machine, and a browser that is signed in."""

from __future__ import annotations

import os
import shutil

from playwright.sync_api import BrowserContext

from infrastructure.bootstrap import Service

ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-software-rasterizer"]
"""Tests may run as root, and on machines whose processors would have to draw in a graphics card's place."""

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


def chromium_program() -> str | None:
    """Where it is; the variable CHROMIUM may say so."""
    return os.environ.get("CHROMIUM") or next((path for name in NAMES if (path := shutil.which(name))), None)


def sign_in(context: BrowserContext, service: Service, server: str, token: str) -> None:
    """Give a browser the session of a token, as signing in does."""
    secret = service.sessions.open_with_token(token)
    assert secret, "the token is not good"
    context.add_cookies([{"name": "p2c-session", "value": secret, "url": server}])
