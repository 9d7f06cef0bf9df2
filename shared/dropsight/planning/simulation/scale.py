"""Large loads at a smaller scale: every tenth file, a tenth of the instances.

With hundreds of instances each of them sees the same either way, and a million files take as long
as 250,000. Windows of Pub/Sub and the rate of starts shrink alike. What is rounded shows only where
there are few instances, and there are few only where the load is small.
"""

from __future__ import annotations

import math
from dataclasses import replace

import msgspec

from dropsight.domain.errors import PlanInvalid
from dropsight.planning.scenario import PoolSpec, Scenario
from dropsight.planning.simulation.run import Outcome, PoolCount, Sample, StageCount

LARGEST = 250_000
"""Files that are simulated one by one where nobody says otherwise."""

MOST = 2_000_000
"""Files that are simulated at all: each takes about a kilobyte."""

changed = msgspec.structs.replace


def scale_for(scenario: Scenario) -> int:
    """How many files one simulated file stands for. Raises PlanInvalid."""
    files = scenario.arrivals.files
    scale = scenario.scale or math.ceil(files / LARGEST)
    if files > MOST * scale:
        raise PlanInvalid(
            f"scale: found {scale} for {files:,} files, legal is {math.ceil(files / MOST)} or "
            f"more: {MOST:,} files are simulated one by one at most"
        )
    return scale


def shrunk(scenario: Scenario, scale: int) -> Scenario:
    """The scenario with a `scale`th of everything that there are many of."""
    platform = scenario.platform
    return changed(
        scenario,
        arrivals=changed(scenario.arrivals, files=max(1, round(scenario.arrivals.files / scale))),
        pools={name: _pool(one, scale) for name, one in scenario.pools.items()},
        platform=changed(
            platform,
            first_window=math.ceil(platform.first_window / scale),
            full_window=math.ceil(platform.full_window / scale),
            starts_per_minute=math.ceil(platform.starts_per_minute / scale),
        ),
    )


def _pool(spec: PoolSpec, scale: int) -> PoolSpec:
    return changed(
        spec,
        min_instances=math.ceil(spec.min_instances / scale),
        max_instances=math.ceil(spec.max_instances / scale),
    )


def enlarged_scenario(shrunken: Scenario, original: Scenario, scale: int) -> Scenario:
    """`original` with the instances of `shrunken`, `scale` times."""
    pools = {
        name: changed(
            original.pools[name],
            min_instances=one.min_instances * scale,
            max_instances=one.max_instances * scale,
        )
        for name, one in shrunken.pools.items()
    }
    return changed(original, pools=pools)


def enlarged(outcome: Outcome, scale: int) -> Outcome:
    """The sums and counts `scale` times; the times of files stay, as a sample of them."""
    if scale == 1:
        return outcome
    return replace(
        outcome,
        samples=[_sample(one, scale) for one in outcome.samples],
        stages={
            name: StageCount(
                messages=one.messages * scale,
                pushes=one.pushes * scale,
                refused=one.refused * scale,
                expired=one.expired * scale,
                dead=one.dead * scale,
                most_outstanding=one.most_outstanding * scale,
            )
            for name, one in outcome.stages.items()
        },
        pools={
            name: PoolCount(
                most=one.most * scale,
                alive_s=one.alive_s * scale,
                served_s=one.served_s * scale,
                device_s=one.device_s * scale,
                requests=one.requests * scale,
            )
            for name, one in outcome.pools.items()
        },
        files={name: count * scale for name, count in outcome.files.items()},
        explanations={name: count * scale for name, count in outcome.explanations.items()},
    )


def _sample(sample: Sample, scale: int) -> Sample:
    return replace(
        sample,
        unacked=[one * scale for one in sample.unacked],
        instances=[one * scale for one in sample.instances],
        alive_s=[one * scale for one in sample.alive_s],
        served_s=[one * scale for one in sample.served_s],
        requests=[one * scale for one in sample.requests],
        settled=[one * scale for one in sample.settled],
    )
