"""The stock library behind FastAPI: `python -m benchmarks.peers.stock_service PORT`, its database in the environment.

Handlers are plain functions, as in the library's documentation, so that FastAPI runs them in its threads. There are no
tokens, no idempotency keys and no log lines: whatever it does not do counts for it.
"""

from __future__ import annotations

import sys
from decimal import Decimal

import uvicorn
from fastapi import FastAPI
from pydantic import BaseModel

from benchmarks.peers.stock_library import StockPledges


class Contribution(BaseModel):
    """What was delivered of a target."""

    target: str
    quantity: Decimal
    effective_on: str


class Contributions(BaseModel):
    """The body of a request."""

    contributions: list[Contribution]


class Answer(BaseModel):
    """The pledge after it, and the position of what was recorded."""

    reference: str
    title: str
    version: int
    delivered: Decimal
    position: int


def application() -> FastAPI:
    """The service, on the database that the environment names."""
    pledges, app = StockPledges(), FastAPI()

    @app.get("/alive")
    def alive() -> bool:
        return True

    @app.post("/pledges/{reference}/contributions", status_code=201)
    def contribute(reference: str, body: Contributions) -> Answer:
        (given,) = body.contributions
        pledge, position = pledges.contribute(reference, given.target, given.quantity, given.effective_on)
        return Answer(
            reference=pledge.reference,
            title=pledge.title,
            version=pledge.version,
            delivered=pledge.delivered,
            position=position,
        )

    return app


if __name__ == "__main__":
    uvicorn.run(application(), port=int(sys.argv[1]), log_level="warning", access_log=False)
