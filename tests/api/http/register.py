"""What tests do to a register over HTTP, in its own words."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx

Json = dict[str, Any]

TODAY = datetime.now(UTC).date()


def days_ago(days: int) -> str:
    """A day in the past, as it is written."""
    return (TODAY - timedelta(days=days)).isoformat()


def usd(amount: str) -> Json:
    """US dollars, as they are written."""
    return {"amount": amount, "currency": "USD"}


def insisting(ask: Callable[[], httpx.Response]) -> httpx.Response:
    """The answer of a service that has a turn for it: a client comes again as long as it is told to."""
    while (answer := ask()).status_code == 503:
        time.sleep(float(answer.headers["Retry-After"]))
    return answer


class Client(httpx.Client):
    """A client that knows the commands."""

    def register(self, name: str = "Hirondelle Telecom", **more: Any) -> str:
        """Register an organisation; its id."""
        body = {"name": name, "sector": "private_sector", "country": "SEN", **more}
        answer = self.post("/v1/organisations", json=body)
        assert answer.status_code == 201, answer.text
        return str(answer.json()["organisation"]["id"])

    def announce(self, **more: Any) -> str:
        """Announce a pledge of 120 schools and a million dollars; its reference."""
        answer = self.post("/v1/pledges", json=self.announcement(**more))
        assert answer.status_code == 201, answer.text
        return str(answer.json()["pledge"]["reference"])

    def announcement(self, **more: Any) -> Json:
        """What is said when that pledge is announced."""
        return {
            "lead": more.pop("lead", None) or self.register(),
            "title": "Connect 120 schools",
            "description": "Fibre and solar power.",
            "type": "financial",
            "focus_area": "access",
            "targets": [
                {"id": "money", "measure": "money", "value": usd("1000000.00")},
                {"id": "schools", "measure": "schools_connected", "value": "120"},
            ],
            "countries": ["SEN"],
            "announced_on": days_ago(400),
            **more,
        }

    def on(self, reference: str, command: str, body: Json, **headers: str) -> httpx.Response:
        """Ask something of a pledge."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.post(f"/v1/pledges/{reference}/{command}", json=body, headers=named)

    def read(self, address: str, position: str | int | None = None, **parameters: Any) -> Json:
        """Read something, as of a position at least."""
        headers = {} if position is None else {"Ledger-Position": str(position)}
        answer = self.get(address, headers=headers, params=parameters)
        assert answer.status_code == 200, answer.text
        return dict(answer.json())
