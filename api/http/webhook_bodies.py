"""What clients may say of webhooks."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import AfterValidator, Field, StrictBool, WithJsonSchema
from pydantic_core import PydanticCustomError
from typing_extensions import TypeAliasType

from api.http.cursors import Cursor
from api.http.queries import Asked, CursorText, Limit
from api.http.statements import Body
from audit.envelope import TYPES
from infrastructure.webhooks.subscriptions import LONGEST_DESCRIPTION


def _known(name: str) -> str:
    if name not in TYPES:
        raise PydanticCustomError(
            "unknown_event_type", "{name} is not the type of an event; /openapi.json lists them.", {"name": name}
        )
    return name


EventType = TypeAliasType(
    "EventType",
    Annotated[str, AfterValidator(_known), WithJsonSchema({"type": "string", "enum": sorted(TYPES)})],
)
_Url = Annotated[str, Field(description="Where messages are sent; https, and an address of the internet")]
_EventTypes = Annotated[
    tuple[EventType, ...] | None,
    Field(min_length=1, max_length=len(TYPES), description="What is wanted; without them, or with null, everything"),
]
_Description = Annotated[str, Field(max_length=LONGEST_DESCRIPTION, description="What it is for")]


class WebhookBody(Body):
    """A webhook to be made: where messages are sent, and about what."""

    url: _Url
    event_types: _EventTypes = None
    description: _Description | None = None


class WebhookChange(Body):
    """What is to be different from now on; what is not named stays as it is."""

    # What is not named has no value at all, which only a default that is made says to the description.
    url: _Url = Field(default_factory=str)
    event_types: _EventTypes = Field(default_factory=tuple)
    description: _Description | None = Field(default_factory=str)
    enabled: Annotated[StrictBool, Field(description="Whether messages are sent")] = Field(default_factory=bool)

    def stated(self) -> dict[str, Any]:
        """What was named."""
        return {name: getattr(self, name) for name in self.model_fields_set}


class RotationBody(Body):
    """A secret to be replaced; there is nothing more to say."""


class TestBody(Body):
    """A message to be sent to see whether it arrives; there is nothing more to say."""

    __test__ = False  # it is no test of ours


class RetryBody(Body):
    """A message to be sent again; there is nothing more to say."""


class DeliveryQuery(Asked):
    """Which part of the log."""

    limit: Limit = 50
    cursor: CursorText = None


class DeliveryCursor(Cursor):
    """Before which number the log of a webhook goes on."""

    webhook: str
    before: int
