"""Why a token of the issuer's does not let anybody in, and why nobody was signed in."""

from __future__ import annotations


class InvalidToken(Exception):
    """A token that stands for nobody; the message says why, and repeats nothing that the token says."""


class SignInRefused(Exception):
    """Nobody was signed in; the message says why, in sentences for whoever wanted to, and repeats nothing sent."""


class IssuerAway(Exception):
    """The issuer does not answer, so that nobody can be let in and nobody refused."""

    def __init__(self, retry_after: int) -> None:
        super().__init__("the issuer of the token does not answer")
        self.retry_after = retry_after
        """Seconds until the issuer is asked again."""
