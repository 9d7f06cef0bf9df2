"""The price file: what Google Cloud asks for, with the source and the date of each figure."""

from __future__ import annotations

import datetime
from pathlib import Path
from typing import Annotated, Literal

import msgspec

from dropsight.domain.errors import PlanInvalid
from dropsight.planning.files import PlanRecord, parse_yaml, read_yaml, shipped

SHIPPED = "prices.yaml"

UNITS: dict[str, float] = {
    "vCPU-second": 1.0,
    "GiB-second": 1.0,
    "GPU-second": 1.0,
    "million requests": 1e6,
    "100,000 documents": 1e5,
    "1,000 operations": 1e3,
    "GiB": 2.0**30,
    "GiB-month": 2.0**30,
    "TiB": 2.0**40,
}
"""Unit of a price to how many requests, documents, operations, bytes or byte-months it holds."""


class Price(PlanRecord, kw_only=True, frozen=True):
    amount: Annotated[float, msgspec.Meta(ge=0.0)] | None
    """Null: unknown."""
    unit: str
    source: str
    date: datetime.date
    free_per_month: Annotated[float, msgspec.Meta(ge=0.0)] = 0.0
    """In `unit`."""

    def of(self, quantity: float) -> float | None:
        """What `quantity` (in the basic unit: bytes, documents, seconds) costs."""
        return None if self.amount is None else quantity / UNITS[self.unit] * self.amount

    @property
    def free(self) -> float:
        """A month's free quantity in the basic unit."""
        return self.free_per_month * UNITS[self.unit]


ITEMS: dict[str, str] = {
    "cloudRunInstanceCpu": "vCPU-second",
    "cloudRunInstanceMemory": "GiB-second",
    "cloudRunGpuL4": "GPU-second",
    "cloudRunRequestCpu": "vCPU-second",
    "cloudRunRequestMemory": "GiB-second",
    "cloudRunRequests": "million requests",
    "cloudRunIdleCpu": "vCPU-second",
    "cloudRunIdleMemory": "GiB-second",
    "pubsubThroughput": "TiB",
    "firestoreReads": "100,000 documents",
    "firestoreWrites": "100,000 documents",
    "firestoreDeletes": "100,000 documents",
    "firestoreStorage": "GiB-month",
    "storageClassA": "1,000 operations",
    "storageClassB": "1,000 operations",
    "storageStandard": "GiB-month",
    "internetTransfer": "GiB",
    "logging": "GiB",
}
"""Every price that the planner asks for, with its unit."""


class Prices(PlanRecord, kw_only=True, frozen=True):
    schema_version: Literal[1] = 1
    currency: str
    region: str
    prices: dict[str, Price]

    @property
    def missing(self) -> list[str]:
        """Prices that are unknown."""
        return [
            name for name in ITEMS if name not in self.prices or self.prices[name].amount is None
        ]

    @property
    def oldest(self) -> datetime.date:
        """The date of the oldest figure."""
        return min(one.date for one in self.prices.values())


def load_prices(path: Path | None = None) -> Prices:
    """A file of the user, or the one that comes with dropsight. Raises PlanInvalid."""
    where = str(path or SHIPPED)
    prices = (
        parse_yaml(shipped(SHIPPED), Prices, where) if path is None else read_yaml(path, Prices)
    )
    for name, price in prices.prices.items():
        if name not in ITEMS:
            raise PlanInvalid(f"{where}: prices.{name}: legal are {', '.join(sorted(ITEMS))}")
        if price.unit != ITEMS[name]:
            raise PlanInvalid(
                f"{where}: prices.{name}.unit: found {price.unit!r}, legal is {ITEMS[name]!r}"
            )
    if not prices.prices:
        raise PlanInvalid(f"{where}: prices: found none")
    return prices
