"""What the routes are given to work with."""

from __future__ import annotations

from datetime import date
from typing import Annotated, cast

from fastapi import Depends, Request

from infrastructure.bootstrap import Service


async def service_of(request: Request) -> Service:
    """The service the application was made for."""
    return cast("Service", request.app.state.service)


async def today_of(request: Request) -> date:
    """The day it is in UTC."""
    return cast("date", request.app.state.today())


Services = Annotated[Service, Depends(service_of)]
TodayInUtc = Annotated[date, Depends(today_of)]
