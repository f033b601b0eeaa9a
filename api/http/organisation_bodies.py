"""What clients may say of organisations."""

from __future__ import annotations

from api.http.statements import Body, CountryCode
from domain.organisation import Deactivate, Register, Rename
from domain.vocabulary import Region, Sector


class Registration(Body):
    """A stakeholder that joins."""

    name: str
    sector: Sector
    country: CountryCode | None = None
    region: Region | None = None
    website: str | None = None

    def command(self) -> Register:
        """What is asked."""
        return Register(
            name=self.name, sector=self.sector, country=self.country, region=self.region, website=self.website
        )


class Renaming(Body):
    """Another name for a stakeholder."""

    name: str

    def command(self) -> Rename:
        """What is asked."""
        return Rename(name=self.name)


class Deactivation(Body):
    """A stakeholder that takes on nothing new."""

    reason: str

    def command(self) -> Deactivate:
        """What is asked."""
        return Deactivate(reason=self.reason)
