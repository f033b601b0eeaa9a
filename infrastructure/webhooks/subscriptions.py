"""Who is told of what, and where: the webhooks, each of which its owner alone looks after."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Any, Final
from uuid import UUID, uuid4, uuid5

from psycopg import Connection, sql
from psycopg.rows import BaseRowFactory, DictRow, kwargs_row

from application.access import Owner
from audit.envelope import TYPES
from domain.text import composed, fault
from domain.vocabulary import Role
from infrastructure.database import Pool
from infrastructure.webhooks.addresses import AddressRefused, require_url
from infrastructure.webhooks.deliveries import Deliveries
from infrastructure.webhooks.faults import (
    AlreadyAdded,
    NoSuchWebhook,
    SecretReplaced,
    TooManyWebhooks,
    UnsuitableWebhook,
)
from infrastructure.webhooks.signatures import new_secret

MOST_OF_ONE_OWNER = 20

ROTATION_HOURS = 24
"""How long the secret before signs along."""

KEPT_DAYS = 30
"""How long deliveries are kept, and how far back a webhook goes that was disabled for a while."""

LONGEST_DESCRIPTION = 300

DISABLED_BY_OWNER = "Its owner disabled it."


class Unchanged(Enum):
    """What a change leaves as it is."""

    UNCHANGED = "unchanged"


UNCHANGED: Final = Unchanged.UNCHANGED


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscription:
    """A webhook, without its secret. `event_types` are stored type names; None wants them all.

    `position` is how far in the ledger it was told of, `failing_since` when the first attempt failed that no success
    followed, `former_secret_until` how long the secret before the last rotation signs along. `secret_fingerprint` tells
    one secret from another without telling what it is.
    """

    id: UUID
    owner: Owner
    url: str
    event_types: tuple[str, ...] | None
    description: str | None
    position: int
    created_at: datetime
    created_by: UUID | None
    disabled_at: datetime | None
    disabled_reason: str | None
    failing_since: datetime | None
    former_secret_until: datetime | None
    secret_fingerprint: str

    @property
    def enabled(self) -> bool:
        """Whether messages are sent to it."""
        return self.disabled_at is None


_COLUMNS = sql.SQL(
    "id, owner_role, organisation_id, url, event_types, description, position, created_at, created_by, disabled_at,"
    " disabled_reason, failing_since,"
    " CASE WHEN former_secret_until > clock_timestamp() THEN former_secret_until END AS former_secret_until,"
    " left(encode(sha256(convert_to(secret, 'UTF8')), 'hex'), 16) AS secret_fingerprint"
)

_OF_OWNER = sql.SQL("owner_role = %(role)s AND organisation_id IS NOT DISTINCT FROM %(organisation)s")

_ADD = sql.SQL("""
INSERT INTO ledger.webhooks
    (id, owner_role, organisation_id, url, event_types, description, secret, position, created_by)
SELECT %(id)s, %(role)s, %(organisation)s, %(url)s, %(event_types)s, %(description)s, %(secret)s,
       (SELECT coalesce(max(notification_id), 0) FROM ledger.events), %(created_by)s
WHERE (SELECT count(*) FROM ledger.webhooks WHERE {of_owner}) < %(most)s
ON CONFLICT (id) DO NOTHING
RETURNING {columns}
""").format(of_owner=_OF_OWNER, columns=_COLUMNS)

_LIST = sql.SQL("SELECT {columns} FROM ledger.webhooks WHERE {of_owner} ORDER BY created_at, id").format(
    columns=_COLUMNS, of_owner=_OF_OWNER
)

_ALL = sql.SQL("SELECT {} FROM ledger.webhooks ORDER BY owner_role, organisation_id, created_at, id").format(_COLUMNS)

_ONE = sql.SQL("""
SELECT {columns} FROM ledger.webhooks WHERE id = %(id)s AND (%(role)s::text IS NULL OR {of_owner})
""").format(columns=_COLUMNS, of_owner=_OF_OWNER)

_DESCRIBE = """
UPDATE ledger.webhooks
SET url = %(url)s, event_types = %(event_types)s, description = %(description)s,
    failing_since = CASE WHEN url = %(url)s THEN failing_since END,
    last_failed_at = CASE WHEN url = %(url)s THEN last_failed_at END
WHERE id = %(id)s
"""

_DISABLE = """
UPDATE ledger.webhooks SET disabled_at = clock_timestamp(), disabled_reason = %(reason)s
WHERE id = %(id)s AND disabled_at IS NULL
"""

# What happened meanwhile is told too, unless it is older than what is kept.
_ENABLE = """
UPDATE ledger.webhooks
SET disabled_at = NULL, disabled_reason = NULL, failing_since = NULL, last_failed_at = NULL,
    position = greatest(position, (SELECT coalesce(max(notification_id), 0) FROM ledger.events
                                   WHERE recorded_at < clock_timestamp() - make_interval(days => %(kept)s)))
WHERE id = %(id)s AND disabled_at IS NOT NULL
"""

_ROTATE = """
UPDATE ledger.webhooks
SET former_secret = secret, former_secret_until = clock_timestamp() + make_interval(hours => %(hours)s),
    secret = %(secret)s
WHERE id = %(id)s
"""


class Webhooks:
    """The webhooks of everybody.

    Where an `owner` is given, only theirs are there; None is for whoever runs the machine. With `private`, they may
    lead to this machine and into closed networks. A webhook that is not there raises NoSuchWebhook.
    """

    def __init__(self, pool: Pool, *, private: bool = False) -> None:
        self._pool = pool
        self._private = private
        self.deliveries = Deliveries(pool, self.get)

    def add(
        self,
        owner: Owner,
        url: str,
        *,
        event_types: Iterable[str] | None = None,
        description: str | None = None,
        created_by: UUID | None = None,
        key: UUID | None = None,
    ) -> tuple[Subscription, str]:
        """A new webhook, which is told of everything from now on, and its secret, which is shown this once.

        `key` names who asks for it: asked twice with the same one, it is made once, and AlreadyAdded is raised. Raises
        UnsuitableWebhook and TooManyWebhooks.
        """
        secret = new_secret()
        id = _id_for(owner, key) if key else uuid4()
        values = {
            "id": id,
            **_values(owner),
            "url": self._suitable_url(url),
            "event_types": _suitable_types(event_types),
            "description": _suitable_text(description),
            "secret": secret,
            "created_by": created_by,
            "most": MOST_OF_ONE_OWNER,
        }
        with self._pool.connection() as connection, connection.cursor(row_factory=_SUBSCRIPTION) as cursor:
            added = cursor.execute(_ADD, values).fetchone()
        if added is None:
            raise AlreadyAdded(id) if self._is_there(owner, id) else TooManyWebhooks(MOST_OF_ONE_OWNER)
        return added, secret

    def of(self, owner: Owner) -> Sequence[Subscription]:
        """Those of an owner, the oldest first."""
        with self._pool.connection() as connection, connection.cursor(row_factory=_SUBSCRIPTION) as cursor:
            return cursor.execute(_LIST, _values(owner)).fetchall()

    def all(self) -> Sequence[Subscription]:
        """Those of everybody, by owner."""
        with self._pool.connection() as connection, connection.cursor(row_factory=_SUBSCRIPTION) as cursor:
            return cursor.execute(_ALL).fetchall()

    def get(self, owner: Owner | None, id: UUID) -> Subscription:
        """The webhook."""
        with self._pool.connection() as connection:
            return _get(connection, owner, id)

    def change(
        self,
        owner: Owner | None,
        id: UUID,
        *,
        url: str | Unchanged = UNCHANGED,
        event_types: Iterable[str] | Unchanged | None = UNCHANGED,
        description: str | Unchanged | None = UNCHANGED,
        enabled: bool | Unchanged = UNCHANGED,
    ) -> Subscription:
        """The webhook as it is from now on. One that is enabled again is told of the last thirty days it missed.

        Raises UnsuitableWebhook.
        """
        with self._known(owner, id) as (connection, known):
            types = known.event_types if event_types is UNCHANGED else event_types
            text = known.description if description is UNCHANGED else description
            described = {
                "url": known.url if url is UNCHANGED else self._suitable_url(url),
                "event_types": _suitable_types(types),
                "description": _suitable_text(text),
            }
            connection.execute(_DESCRIBE, {"id": id, **described})
            if enabled is True:
                connection.execute(_ENABLE, {"id": id, "kept": KEPT_DAYS})
            elif enabled is False:
                connection.execute(_DISABLE, {"id": id, "reason": DISABLED_BY_OWNER})
            return _get(connection, owner, id)

    def remove(self, owner: Owner | None, id: UUID) -> None:
        """Forget the webhook, its secret, and what was to be delivered to it."""
        with self._known(owner, id) as (connection, _):
            connection.execute("DELETE FROM ledger.webhooks WHERE id = %s", (id,))

    def rotate_secret(
        self, owner: Owner | None, id: UUID, *, instead_of: str | None = None
    ) -> tuple[Subscription, str]:
        """The webhook and its new secret, which is shown this once; the one before signs along for a day.

        Rotating again within the day takes the one before that out of use at once. Where `instead_of` is given, the
        fingerprint of the secret that is to be replaced, and the present one is another, SecretReplaced is raised.
        """
        secret = new_secret()
        with self._known(owner, id) as (connection, known):
            if instead_of not in (None, known.secret_fingerprint):
                raise SecretReplaced
            connection.execute(_ROTATE, {"id": id, "secret": secret, "hours": ROTATION_HOURS})
            return _get(connection, owner, id), secret

    @contextmanager
    def _known(self, owner: Owner | None, id: UUID) -> Iterator[tuple[Connection[DictRow], Subscription]]:
        """The webhook, in a transaction in which nobody else changes it."""
        with self._pool.connection() as connection, connection.transaction():
            yield connection, _get(connection, owner, id, for_update=True)

    def _is_there(self, owner: Owner, id: UUID) -> bool:
        try:
            self.get(owner, id)
        except NoSuchWebhook:
            return False
        return True

    def _suitable_url(self, url: str) -> str:
        try:
            require_url(url, private=self._private)
        except AddressRefused as refused:
            raise UnsuitableWebhook("url", str(refused)) from refused
        return url


def _get(connection: Connection[DictRow], owner: Owner | None, id: UUID, *, for_update: bool = False) -> Subscription:
    query = sql.SQL("{} FOR UPDATE").format(_ONE) if for_update else _ONE
    with connection.cursor(row_factory=_SUBSCRIPTION) as cursor:
        found = cursor.execute(query, {"id": id, **_values(owner)}).fetchone()
    if found is None:
        raise NoSuchWebhook(str(id))
    return found


def _id_for(owner: Owner, key: UUID) -> UUID:
    """The id of the webhook that somebody asks for with a key: nobody else's, whatever key they choose."""
    return uuid5(key, f"{owner.role} {owner.organisation}")


def _values(owner: Owner | None) -> dict[str, object]:
    return {"role": owner and owner.role, "organisation": owner and owner.organisation}


def _suitable_types(given: Iterable[str] | None) -> list[str] | None:
    if given is None:
        return None
    wanted = sorted(set(given))
    if unknown := [name for name in wanted if name not in TYPES]:
        known = ", ".join(sorted(TYPES))
        raise UnsuitableWebhook("event_types", f"{unknown[0]} is not the type of an event; they are: {known}.")
    if not wanted:
        raise UnsuitableWebhook("event_types", "Name at least one type of event, or none of them for all.")
    return wanted


def _suitable_text(given: str | None) -> str | None:
    if given is None:
        return None
    text = composed(given)
    if reason := fault("description", text):
        raise UnsuitableWebhook("description", f"The description {reason}.")
    if len(text) > LONGEST_DESCRIPTION:
        raise UnsuitableWebhook("description", f"The description has more than {LONGEST_DESCRIPTION} characters.")
    return text


def _subscription(
    *, owner_role: str, organisation_id: UUID | None, event_types: Sequence[str] | None, **columns: Any
) -> Subscription:
    owner = Owner(role=Role(owner_role), organisation=organisation_id)
    return Subscription(owner=owner, event_types=None if event_types is None else tuple(event_types), **columns)


_SUBSCRIPTION: BaseRowFactory[Subscription] = kwargs_row(_subscription)
