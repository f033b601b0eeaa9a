"""What the routes are given to work with."""

from __future__ import annotations

from datetime import date
from typing import Annotated, cast

from fastapi import Depends, Request

from infrastructure.bootstrap import Service


async def service_of(request: Request) -> Service:
    """The service the application was made for."""
    return cast("Service", request.app.state.service)


Services = Annotated[Service, Depends(service_of)]


async def today_of(service: Services) -> date:
    """The day it is in UTC, by the clock that all servers of the ledger go by."""
    return service.today()


TodayInUtc = Annotated[date, Depends(today_of)]
