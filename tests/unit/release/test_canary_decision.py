"""When a canary goes on, is promoted or goes back; the numbers can be checked with a calculator.

With the default rules and no errors of the stable revision: good 0.5 %, bad 2.5 %. An answer
without error weighs ln(0.975 / 0.995) = -0.0203, an error ln(0.025 / 0.005) = 1.609, and the
decision falls at ln(0.95 / 0.05) = 2.944.
"""

from __future__ import annotations

import pytest

from deploy.canary.decision import Rules, Seen, decide

pytestmark = pytest.mark.unit

RULES = Rules()
QUIET = Seen(requests=1000, errors=0)


def verdict(canary: Seen, stable: Seen = QUIET, elapsed_s: float = 60.0) -> str:
    return decide(canary, stable, RULES, elapsed_s).verdict


def test_a_canary_without_errors_is_promoted_after_146_requests_and_not_before() -> None:
    assert verdict(Seen(requests=145, errors=0)) == "wait"
    assert verdict(Seen(requests=146, errors=0)) == "promote"


def test_two_errors_among_the_first_fifteen_requests_send_it_back() -> None:
    assert verdict(Seen(requests=15, errors=2)) == "roll back"
    assert verdict(Seen(requests=16, errors=2)) == "wait"


def test_one_error_never_decides() -> None:
    assert verdict(Seen(requests=1, errors=1)) == "wait"


def test_one_error_is_made_up_for_by_eighty_answers() -> None:
    # 2.944 + 1.609 = 4.553 = 224.6 x 0.0203
    assert verdict(Seen(requests=225, errors=1)) == "wait"
    assert verdict(Seen(requests=226, errors=1)) == "promote"


def test_errors_that_the_stable_revision_has_as_well_are_no_fault_of_the_canary() -> None:
    # Good is 10 %, bad 12 %: 50 in 500 is what the stable one has.
    stable = Seen(requests=1000, errors=100)
    assert verdict(Seen(requests=500, errors=50), stable) == "wait"
    assert verdict(Seen(requests=500, errors=50)) == "roll back"


def test_a_canary_that_is_slower_goes_back_however_right_its_answers_are() -> None:
    stable = Seen(requests=1000, errors=0, p95_s=0.5)  # at most 1.5 x 0.5 + 0.25 = 1 s
    assert verdict(Seen(requests=500, errors=0, p95_s=1.0), stable) == "promote"
    assert verdict(Seen(requests=500, errors=0, p95_s=1.01), stable) == "roll back"


def test_times_of_too_few_requests_decide_nothing() -> None:
    stable = Seen(requests=20, errors=0, p95_s=None)
    assert verdict(Seen(requests=500, errors=0, p95_s=9.0), stable) == "promote"


def test_silence_until_the_time_out_sends_it_back() -> None:
    assert verdict(Seen(requests=0, errors=0), elapsed_s=1799.0) == "wait"
    decision = decide(Seen(requests=12, errors=0), QUIET, RULES, 1800.0)
    assert decision.verdict == "roll back"
    assert "0 errors in 12 requests" in decision.reason
    assert "too few" in decision.reason


def test_enough_answers_promote_also_at_the_time_out() -> None:
    assert verdict(Seen(requests=146, errors=0), elapsed_s=1800.0) == "promote"


def test_one_error_in_few_requests_of_the_stable_revision_does_not_excuse_the_canary() -> None:
    assert verdict(Seen(requests=60, errors=12), Seen(requests=49, errors=10)) == "roll back"
    assert verdict(Seen(requests=60, errors=12), Seen(requests=50, errors=10)) == "wait"


def test_what_always_fails_is_replaced_by_what_does_not() -> None:
    broken = Seen(requests=100, errors=100)
    assert verdict(Seen(requests=100, errors=0), broken) == "promote"
    assert verdict(Seen(requests=100, errors=100), broken) == "wait"  # no worse than that
