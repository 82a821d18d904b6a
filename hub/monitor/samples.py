"""From samples to flips: pure, with a hysteresis of two samples.

One sample that differs from the state waits; the next one, if it differs too and is as good or as
bad, makes the flip, dated at the first.  One that agrees with the state forgets it.  So a single
lost packet is no outage, and an outage is known within two probe intervals.
"""

from dataclasses import dataclass, replace

from hub.monitor.words import Source, State

LONGEST_CODE, LONGEST_DETAIL = 60, 200


@dataclass(frozen=True, slots=True)
class Sample:
    """What was seen at an instant.  ``code`` is a stable word for why, ``detail`` for people."""

    at_us: int
    state: State
    code: str = ""
    detail: str = ""
    source: Source = Source.PROBE


@dataclass(frozen=True, slots=True)
class Flip:
    """From ``at_us`` on the interface is in ``state``; known since ``made_us``."""

    at_us: int
    state: State
    code: str = ""
    detail: str = ""
    source: Source = Source.PROBE
    made_us: int = 0


@dataclass(frozen=True, slots=True)
class Standing:
    """An interface's state since ``since_us``, its last sample, and one that waits for another."""

    state: State
    since_us: int
    code: str = ""
    detail: str = ""
    sample_us: int = 0
    pending: Sample | None = None


def take(
    standing: Standing | None, sample: Sample, *, late_us: int
) -> tuple[Standing | None, Flip | None]:
    """The standing after a sample, and the flip it made.

    A sample up to ``late_us`` older than the last one (a probe that hung while traffic went on)
    counts as of the last one's instant; an older one comes from a clock that was set back, and is
    left out: that time has been counted already.
    """
    if standing is None:
        first = Flip(
            sample.at_us, sample.state, sample.code, sample.detail, sample.source, sample.at_us
        )
        return _flipped(first, sample.at_us), first
    if sample.at_us < standing.sample_us - late_us:
        return standing, None
    sample = replace(sample, at_us=max(sample.at_us, standing.sample_us))
    if sample.state is standing.state:
        return replace(standing, sample_us=sample.at_us, pending=None), None
    before = standing.pending
    gap = before is None or sample.at_us - before.at_us > late_us
    if before is None or gap or before.state.good is not sample.state.good:
        # One good sample is no recovery, one bad one no outage; and what was seen once before a
        # gap is no second sample of what is seen after it.
        return replace(standing, sample_us=sample.at_us, pending=sample), None
    flip = Flip(before.at_us, before.state, before.code, before.detail, before.source, sample.at_us)
    after = _flipped(flip, sample.at_us)
    if sample.state is not before.state:  # another kind of trouble already: it needs a second too
        after = replace(after, pending=sample)
    return after, flip


def _flipped(flip: Flip, sample_us: int) -> Standing:
    return Standing(flip.state, flip.at_us, flip.code, flip.detail, sample_us)
