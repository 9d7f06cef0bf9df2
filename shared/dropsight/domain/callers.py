"""Who asks, and what they may see and do."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Caller:
    """As their token says, or the user of the machine that answers."""

    uid: str
    name: str = ""
    projects: frozenset[str] | None = frozenset()
    """What may be read, uploaded to and given feedback in; None: everything."""
    admin: bool = False
    """May delete results of these projects as well."""

    def sees(self, project: str) -> bool:
        return self.projects is None or project in self.projects


MACHINES_USER = Caller("laptop", "laptop", projects=None, admin=True)
"""At the loopback interface of a laptop, where whoever asks owns the files anyway."""
