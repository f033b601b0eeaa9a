"""A sample portfolio: invented organisations and pledges that show everything that can happen to a pledge.

The story stands in the TOML files beside this module and is loaded through the same commands that everybody uses.
Whatever is loaded says that it is a sample: the labels are added here, once, so that no line of the story can lack
them.
"""

from __future__ import annotations

REGISTER = "sample"
"""The register that a sample pledge says it comes from."""

KEY_PREFIX = "sample/"
"""What the idempotency key of every sample command begins with."""

RATE_SOURCE = "sample rate"
"""Where the sample's exchange rates come from: nowhere."""


def labelled_name(name: str) -> str:
    """The name of a sample organisation."""
    return f"{name} (sample)"


def labelled_title(title: str) -> str:
    """The title of a sample pledge."""
    return f"Sample: {title}"


def labelled_description(description: str) -> str:
    """The description of a sample pledge."""
    return f"{description}\n\nThis pledge is a sample: organisations, promises and figures are invented."
