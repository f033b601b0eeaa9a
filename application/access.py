"""Who may do what, decided in one place: what each role may do at all, and with whose pledges.

A role has permissions, and a token may be scoped to some of them. What does not depend on anybody's pledge is refused
before one is looked up; of a pledge that somebody may not know of, nothing is said but that there is none.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import assert_never
from uuid import UUID

from domain.commands import (
    Amend,
    Announce,
    Contribute,
    Correct,
    Decline,
    Fulfil,
    PledgeCommand,
    QueryContribution,
    Report,
    ScaleDown,
    ScaleUp,
    Validate,
    VerifyContribution,
    Withdraw,
)
from domain.ladder import is_published
from domain.pledge import Pledge
from domain.refusals import UnknownPledge
from domain.values import Actor
from domain.vocabulary import Role


class Permission(StrEnum):
    """What somebody may do; a token's scopes are permissions of its role."""

    READ = "read"
    """See what the role may see beyond what is public."""
    PLEDGES_WRITE = "pledges:write"
    """Speak for a pledger: announce, scale, contribute, report, fulfil, correct, amend, withdraw."""
    PLEDGES_REVIEW = "pledges:review"
    """Speak for BDT: validate, decline, verify, query, correct."""
    ORGANISATIONS_WRITE = "organisations:write"
    CONTACTS = "contacts"
    """Read and keep contact persons."""
    RATES_WRITE = "exchange-rates:write"
    SNAPSHOTS_PUBLISH = "snapshots:publish"
    TOKENS_READ = "tokens:read"
    TOKENS_WRITE = "tokens:write"
    WEBHOOKS = "webhooks"
    """Look after the webhooks of one's organisation or role, which tell what it may read: `read` is needed too."""


GRANTS: Mapping[Role, frozenset[Permission]] = MappingProxyType(
    {
        Role.PUBLIC: frozenset(),
        Role.STAKEHOLDER: frozenset(
            {Permission.READ, Permission.PLEDGES_WRITE, Permission.CONTACTS, Permission.WEBHOOKS}
        ),
        Role.BDT: frozenset(
            {
                Permission.READ,
                Permission.PLEDGES_REVIEW,
                Permission.ORGANISATIONS_WRITE,
                Permission.CONTACTS,
                Permission.RATES_WRITE,
                Permission.SNAPSHOTS_PUBLISH,
                Permission.WEBHOOKS,
            }
        ),
        Role.AUDITOR: frozenset({Permission.READ, Permission.TOKENS_READ, Permission.WEBHOOKS}),
        Role.ADMIN: frozenset({Permission.TOKENS_READ, Permission.TOKENS_WRITE}),
    }
)
"""What each role may do. Whoever checks what was delivered is not who says that it was."""

SEE_EVERYTHING = frozenset({Role.BDT, Role.AUDITOR})
"""The roles that may know of pledges that BDT has not admitted, whosever they are."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Principal:
    """Who asks, and the permissions that their token is scoped to; None where it has all of its role's."""

    actor: Actor
    scopes: frozenset[Permission] | None = None

    @property
    def permissions(self) -> frozenset[Permission]:
        """What this principal may do."""
        granted = GRANTS[self.actor.role]
        return granted if self.scopes is None else granted & self.scopes

    @property
    def is_anonymous(self) -> bool:
        """Whether nobody knows who this is."""
        return self.actor.role is Role.PUBLIC


ANONYMOUS = Principal(actor=Actor(role=Role.PUBLIC))
"""Whoever sends no token."""


class NotPermitted(Exception):
    """The principal may not do this; the message says who may."""


class NotAuthenticated(Exception):
    """This is not for everybody, and nobody said who asks."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sight:
    """Which pledges somebody may know of: all, or the published ones and those an organisation is a party to."""

    everything: bool = False
    organisation: UUID | None = None

    def includes(self, pledge: Pledge) -> bool:
        """Whether the pledge is one of them."""
        return self.everything or is_published(pledge) or is_party(self.organisation, pledge)


def sight_of(by: Principal) -> Sight:
    """Which pledges the principal may know of."""
    if Permission.READ not in by.permissions:
        return Sight()
    return Sight(everything=by.actor.role in SEE_EVERYTHING, organisation=by.actor.organisation)


@dataclass(frozen=True, slots=True, kw_only=True)
class Owner:
    """Whose a webhook is: a stakeholder organisation's, or a role's as a whole."""

    role: Role
    organisation: UUID | None = None

    @property
    def sight(self) -> Sight:
        """Which pledges its webhooks may tell of."""
        return sight_of(Principal(actor=Actor(role=self.role, organisation=self.organisation)))


def webhook_owner(by: Principal) -> Owner:
    """Whose webhooks the principal looks after. Raises NotAuthenticated and NotPermitted."""
    require(by, Permission.WEBHOOKS)
    # Else a token that may read nothing could have everything sent to an address of its choice.
    require(by, Permission.READ)
    return Owner(role=by.actor.role, organisation=by.actor.organisation)


def is_party(organisation: UUID | None, pledge: Pledge) -> bool:
    """Whether an organisation leads the pledge or is a partner in it."""
    return organisation is not None and organisation in (party.organisation for party in pledge.parties)


def require(by: Principal, *any_of: Permission) -> None:
    """Refuse a principal that has none of these permissions. Raises NotAuthenticated and NotPermitted."""
    if by.permissions.intersection(any_of):
        return
    if by.is_anonymous:
        raise NotAuthenticated
    allowed = ", ".join(sorted(role for role, granted in GRANTS.items() if granted.intersection(any_of)))
    if GRANTS[by.actor.role].intersection(any_of):
        wanted = " or ".join(sorted(any_of))
        raise NotPermitted(f"The token is not scoped to {wanted}.")
    raise NotPermitted(f"The role {by.actor.role} may not do this; a token with this role may: {allowed}.")


def require_insight(by: Principal) -> None:
    """Refuse a principal that may not know of every pledge. Raises NotAuthenticated and NotPermitted."""
    if sight_of(by).everything:
        return
    if by.is_anonymous:
        raise NotAuthenticated
    allowed = ", ".join(sorted(SEE_EVERYTHING))
    raise NotPermitted(f"This tells of pledges that BDT has not admitted; it is for these roles: {allowed}.")


def require_contact_keeper(by: Principal, organisation: UUID) -> None:
    """Refuse a principal that has no business with an organisation's contact persons."""
    require(by, Permission.CONTACTS)
    if by.actor.role is Role.STAKEHOLDER and by.actor.organisation != organisation:
        raise NotPermitted("Contact persons are for BDT and the organisation itself.")


def require_command(by: Principal, command: PledgeCommand) -> None:
    """Refuse a command that the principal may give about no pledge, or to announce one for somebody else.

    Raises NotAuthenticated and NotPermitted.
    """
    require(by, *_permissions_for(command))
    if by.actor.role is Role.STAKEHOLDER and isinstance(command, Announce) and command.lead != by.actor.organisation:
        raise NotPermitted("A stakeholder announces pledges that its own organisation leads.")


def require_command_on(
    by: Principal, command: PledgeCommand, pledge: Pledge, recorded_by: Callable[[str], UUID | None]
) -> None:
    """Refuse a command about a pledge that is not the principal's to give.

    `recorded_by` tells which organisation recorded a contribution. Raises UnknownPledge where the principal may not
    know of the pledge, and NotPermitted.
    """
    if not sight_of(by).includes(pledge):
        raise UnknownPledge(pledge.reference)
    if by.actor.role is Role.STAKEHOLDER and not _is_own(by.actor.organisation, command, pledge, recorded_by):
        raise NotPermitted(
            "A stakeholder acts only for its own organisation: the lead may do this, and a partner may contribute and"
            " correct what it contributed."
        )


def _is_own(
    organisation: UUID | None, command: PledgeCommand, pledge: Pledge, recorded_by: Callable[[str], UUID | None]
) -> bool:
    if organisation == pledge.lead.organisation:
        return True
    if not is_party(organisation, pledge):
        return False
    match command:
        case Contribute():
            return True
        case Correct(contribution=contribution):
            return recorded_by(contribution) == organisation
        case _:
            return False


def _permissions_for(command: PledgeCommand) -> tuple[Permission, ...]:
    """The permissions of which a command needs one."""
    match command:
        case Validate() | Decline() | VerifyContribution() | QueryContribution():
            return (Permission.PLEDGES_REVIEW,)
        case Announce() | ScaleUp() | ScaleDown() | Contribute() | Report() | Fulfil() | Amend() | Withdraw():
            return (Permission.PLEDGES_WRITE,)
        case Correct():
            return (Permission.PLEDGES_WRITE, Permission.PLEDGES_REVIEW)
        case _:
            assert_never(command)
