"""What is wrong with what somebody wants of webhooks; the messages say what to do."""

from __future__ import annotations

from uuid import UUID


class UnsuitableWebhook(ValueError):
    """No webhook can be like this; `field` is what is wrong with it."""

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(reason)
        self.field = field


class NoSuchWebhook(LookupError):
    """Nobody has a webhook with this id, or somebody else has."""

    def __init__(self, id: str) -> None:
        super().__init__(f"You have no webhook with the id {id}.")


class NoSuchDelivery(LookupError):
    """The webhook has no such message, or not any more."""

    def __init__(self, message: str) -> None:
        super().__init__(f"The webhook has no message {message}; those of the last thirty days are kept.")


class TooManyWebhooks(Exception):
    """The owner has as many as one may have."""

    def __init__(self, most: int) -> None:
        super().__init__(f"There are {most} webhooks already, which is the most; remove or change one of them.")


class WebhookDisabled(Exception):
    """Nothing is sent to it."""

    def __init__(self, reason: str | None) -> None:
        super().__init__(f"The webhook is disabled: {reason} Enable it first.")


class AlreadyAdded(Exception):
    """What asks for the webhook has made it before: `webhook` is its id."""

    def __init__(self, webhook: UUID) -> None:
        super().__init__(f"The webhook {webhook} was made before; its secret was shown then.")
        self.webhook = webhook


class SecretReplaced(Exception):
    """The secret that was to be replaced is not the present one any more."""

    def __init__(self) -> None:
        super().__init__("The secret was replaced meanwhile. Look at the webhook, and replace its present one.")
