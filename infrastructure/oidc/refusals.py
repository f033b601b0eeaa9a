"""Why a token of the issuer's does not let anybody in."""

from __future__ import annotations


class InvalidToken(Exception):
    """A token that stands for nobody; the message says why, and repeats nothing that the token says."""


class IssuerAway(Exception):
    """The issuer's keys cannot be had, so that a token can be neither accepted nor refused."""

    def __init__(self, retry_after: int) -> None:
        super().__init__("the issuer of the token does not answer")
        self.retry_after = retry_after
        """Seconds until the issuer is asked again."""
