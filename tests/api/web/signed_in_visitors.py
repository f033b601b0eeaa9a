"""Visitors of pages who have signed in."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

from domain.vocabulary import Role
from infrastructure.bootstrap import Service
from tests.api.web.pages import Visitor


@contextmanager
def signed_in(server: str, service: Service, role: Role, organisation: UUID | None = None) -> Iterator[Visitor]:
    """A visitor with a session of a role, of an organisation if one is given."""
    secret = service.sessions.open_with_token(service.credentials.issue(role, organisation)[1])
    assert secret
    with Visitor(base_url=server, timeout=30, cookies={"p2c-session": secret}) as visitor:
        yield visitor
