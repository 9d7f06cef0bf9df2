"""Whether a canary goes on, takes all traffic or goes back: a function of what was counted."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

Verdict = Literal["wait", "promote", "roll back"]


@dataclass(frozen=True)
class Seen:
    """What one revision answered since the canary began."""

    requests: int
    errors: int
    p95_s: float | None = None
    """95th percentile of the time of a prediction; None while there are too few to say."""

    @property
    def rate(self) -> float:
        return self.errors / self.requests if self.requests else 0.0


@dataclass(frozen=True)
class Rules:
    least_stable: int = 50
    """Requests from which the stable revision's own error rate is taken for true."""
    margin: float = 0.02
    """A canary whose error rate is this much above the stable one's is bad."""
    floor: float = 0.005
    """Error rate that a good revision may have, however few errors the stable one shows."""
    risk: float = 0.05
    """Chance to send a good revision back, and chance to promote one that is bad by `margin`."""
    slower: float = 1.5
    slack_s: float = 0.25
    """A canary is slow where its p95 is over `slower` times the stable one's plus `slack_s`."""
    timeout_s: float = 1800.0
    """Without a decision by then the canary goes back."""


@dataclass(frozen=True)
class Decision:
    verdict: Verdict
    reason: str


def decide(canary: Seen, stable: Seen, rules: Rules, elapsed_s: float) -> Decision:
    """Wald's sequential probability ratio test of the canary's error rate, looked at as often as
    wanted (Wald, Sequential Tests of Statistical Hypotheses, 1945), and a bound on its p95.

    With the default rules and a stable revision without errors, a canary without errors is promoted
    after 146 requests, and two errors among its first 15 send it back.
    """
    known = stable.rate if stable.requests >= rules.least_stable else 0.0
    good = min(max(rules.floor, known), 1.0 - 2 * rules.margin)
    bad = good + rules.margin
    bound = math.log((1 - rules.risk) / rules.risk)
    ratio = canary.errors * math.log(bad / good) + (canary.requests - canary.errors) * math.log(
        (1 - bad) / (1 - good)
    )
    counted = (
        f"{canary.errors} errors in {canary.requests} requests, stable {stable.errors} in "
        f"{stable.requests}"
    )
    if ratio >= bound:
        return Decision(
            "roll back", f"{counted}: an error rate of {bad:.1%} is likelier than {good:.1%}"
        )
    if canary.p95_s is not None and stable.p95_s is not None:
        slowest = rules.slower * stable.p95_s + rules.slack_s
        if canary.p95_s > slowest:
            return Decision(
                "roll back",
                f"p95 of a prediction is {canary.p95_s:.2f} s, stable {stable.p95_s:.2f} s; "
                f"accepted is at most {slowest:.2f} s",
            )
    if ratio <= -bound:
        return Decision("promote", counted)
    if elapsed_s >= rules.timeout_s:
        return Decision("roll back", f"{counted}: too few to decide within {rules.timeout_s:.0f} s")
    return Decision("wait", counted)
