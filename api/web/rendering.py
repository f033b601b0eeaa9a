"""From what a page shows to HTML, with the headers that let it load our own files and nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from fastapi import Response
from fastapi.responses import HTMLResponse
from jinja2 import Environment, PackageLoader, StrictUndefined

from api.http.security_headers import CONTENT_SECURITY_POLICY
from api.web.assets import address_of
from api.web.visits import Visit
from audit.signed_note import in_base64
from infrastructure.version import p2c_version

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; "
    "frame-ancestors 'none'; base-uri 'none'"
)
"""What a page may do: load our own files, ask us, and send its forms to us."""


def page(
    visit: Visit,
    template: str,
    *,
    status: int = 200,
    headers: Mapping[str, str] | None = None,
    **shown: object,
) -> Response:
    """The page of a visit."""
    spoken = visit.texts
    content = (
        environment()
        .get_template(template)
        .render(visit=visit, place=visit.place, texts=spoken, say=spoken.say, count=spoken.count, **shown)
    )
    caching = "no-store" if visit.visitor.is_known else "no-cache"
    told = {
        "Cache-Control": caching,
        "Ledger-Position": str(visit.moment.position),
        "Content-Language": spoken.language,
        "Vary": "Accept-Language, Cookie",
    }
    return secure_page(content, status=status, headers={**told, **(headers or {})})


def secure_page(content: str, *, status: int = 200, headers: Mapping[str, str]) -> Response:
    """HTML under the policy of pages."""
    return HTMLResponse(content, status_code=status, headers={CONTENT_SECURITY_POLICY: POLICY, **headers})


@cache
def environment() -> Environment:
    """The templates; whatever texts have in them, they are shown as text."""
    found = Environment(
        loader=PackageLoader("api.web"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    found.globals |= {"asset": address_of, "version": p2c_version()}
    found.filters["base64"] = in_base64
    return found
