"""Plain HTML pages, complete in themselves: no script, nothing loaded from anywhere."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from fastapi.responses import HTMLResponse

from api.http.security_headers import CONTENT_SECURITY_POLICY, policy_with_styles

_STYLE = """
:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif }
body { max-width: 60rem; margin: 2rem auto; padding: 0 1rem }
pre { overflow-x: auto; padding: .75rem; border: 1px solid #8886; border-radius: .25rem }
code { font-size: .9em } h2 { margin-top: 2.5rem } h3 { margin-top: 2rem }
table { border-collapse: collapse } th, td { text-align: start; vertical-align: top; padding: .25rem 1rem .25rem 0 }
"""

_HEADERS = {CONTENT_SECURITY_POLICY: policy_with_styles([_STYLE]), "Cache-Control": "no-cache"}


def page(title: str, content: str) -> HTMLResponse:
    """A page with this content, which is HTML already."""
    document = (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title>'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<style>{_STYLE}</style></head><body><main><h1>{escape(title)}</h1>{content}</main></body></html>"
    )
    return HTMLResponse(document, headers=_HEADERS)


def element(name: str, text: str) -> str:
    """An element that holds a text."""
    return f"<{name}>{escape(text)}</{name}>"


def link(address: str, text: str) -> str:
    """A link of this service."""
    return f'<a href="{escape(address)}">{escape(text)}</a>'


def table(headings: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    """A table of cells that are HTML already."""
    head = "".join(f'<th scope="col">{escape(heading)}</th>' for heading in headings)
    body = "".join(f"<tr>{''.join(f'<td>{cell}</td>' for cell in row)}</tr>" for row in rows)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
