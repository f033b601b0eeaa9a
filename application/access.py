"""Who may do what, decided in one place.

Until the register is opened to the network the rule is simple: no token, no writes, and auditors only read.
"""

from __future__ import annotations

from uuid import UUID

from domain.values import Actor
from domain.vocabulary import Role

WRITERS = frozenset({Role.STAKEHOLDER, Role.BDT, Role.ADMIN})
PUBLISHERS = frozenset({Role.BDT, Role.ADMIN})


class NotPermitted(Exception):
    """The actor may not do this; the message says who may."""


def require_writer(actor: Actor) -> None:
    """Refuse an actor that may not change anything."""
    if actor.role not in WRITERS:
        allowed = ", ".join(sorted(WRITERS))
        raise NotPermitted(f"The role {actor.role} does not write; a token with one of these roles does: {allowed}.")


def require_publisher(actor: Actor) -> None:
    """Refuse an actor that may not publish a snapshot in the register's name."""
    if actor.role not in PUBLISHERS:
        allowed = ", ".join(sorted(PUBLISHERS))
        raise NotPermitted(f"The role {actor.role} does not publish; a token with one of these roles does: {allowed}.")


def require_contact_keeper(actor: Actor, organisation: UUID) -> None:
    """Refuse an actor that has no business with an organisation's contact persons."""
    if actor.role not in PUBLISHERS and not (actor.role is Role.STAKEHOLDER and actor.organisation == organisation):
        raise NotPermitted("Contact persons are for BDT, administrators and the organisation itself.")


def require_insight(actor: Actor | None) -> None:
    """Refuse somebody who may not know of pledges that BDT has not admitted."""
    if not may_see_unpublished(actor):
        raise NotPermitted("What BDT has not admitted is not public; send a token to be told of it.")


def may_see_unpublished(actor: Actor | None) -> bool:
    """Whether somebody may know of pledges that BDT has not admitted: the public may not."""
    return actor is not None and actor.role is not Role.PUBLIC
