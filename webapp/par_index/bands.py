"""Rank bands: which ranks the data cannot tell apart, as sampling and reading leave them in doubt.

The official figures are exact; these are statistics of them, of binary numbers, and change nothing.
`python -m webapp.par_index.bands bands.json` computes them again from their file, bit by bit the same.

Each replicate draws, in every group that was not asked in full, one sheet less than there are, with
replacement, and stretches what they say by n/(n−1) × √(unseen share) (Rao & Wu 1988: without bias, also for
few sheets and small groups). The interval of a unit is its index ± c × its standard error, where c is the one
number with which, in 95 % of replicates, *all* units of the level lie within theirs at once. Unit A may be
above unit B unless its whole interval lies below B's: so the band of each rank follows, and all bands of a
level hold together with that confidence (Klein, Wright & Wieczorek 2020, J. R. Stat. Soc. C 69, 589–606).
"""

import argparse
import json
import math
import sys
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from random import Random
from typing import Any

from webapp.par_index.errors import AppraisalError, SnapshotInvalid
from webapp.par_index.exact import as_plain, from_plain, round_half_up, sha256_of, vietnamese
from webapp.par_index.sampling import SCALE, Stratum
from webapp.par_index.snapshot import unchanged_inputs

SCHEMA = "chamdiem-bands/1"
REPLICATES = 1000
CONFIDENCE = Fraction(19, 20)
_UNIFORMS = 12  # the sum of so many numbers in [0, 1) has variance 1, and nearly the shape of the bell


@dataclass(frozen=True, slots=True)
class UnitSample:
    """A ranked unit: its published index in percent, and the sheets behind it."""

    code: str
    name: str
    level: str
    index_percent: Decimal
    strata: tuple[Stratum, ...] = ()


@dataclass(frozen=True, slots=True)
class BandInputs:
    """Everything that bands are computed from.

    `seed`: the hash of the version's inputs. `wrong_rate`: the share of answers (0–1) that the audit
    `audit` leaves in doubt; None: reading errors are not in the bands, for nothing was audited (`audit` is
    None too), or that audit was of other answers.
    """

    seed: str
    units: tuple[UnitSample, ...]
    replicates: int = REPLICATES
    confidence: Fraction = CONFIDENCE
    wrong_rate: Decimal | None = None
    audit: int | None = None


@dataclass(frozen=True, slots=True)
class RankBand:
    """The ranks `best`–`worst` (1 is the first) that cannot be told apart from the unit's own `rank`.

    `margin_percent`: the unit's index is known to ± so much, two decimals, points of 100.
    """

    code: str
    name: str
    level: str
    index_percent: Decimal
    margin_percent: Decimal
    rank: int
    best: int
    worst: int

    @property
    def is_certain(self) -> bool:
        """Whether no other rank is possible."""
        return self.best == self.worst

    @property
    def lowest_percent(self) -> Decimal:
        """The lower end of the interval, not below 0."""
        return max(self.index_percent - self.margin_percent, Decimal("0.00"))

    @property
    def highest_percent(self) -> Decimal:
        """The upper end of the interval, not above 100."""
        return min(self.index_percent + self.margin_percent, Decimal("100.00"))


def rank_bands(inputs: BandInputs) -> tuple[RankBand, ...]:
    """The bands of all units, level by level, by rank; the order of units and sheets does not matter."""
    levels = sorted({unit.level for unit in inputs.units})
    return tuple(
        band
        for level in levels
        for band in _level_bands(inputs, [u for u in inputs.units if u.level == level])
    )


def separated_runs(bands: Sequence[RankBand]) -> list[tuple[int, int]]:
    """The ranks of one level cut wherever all above are told apart from all below.

    Returns:
        First and last rank of each run, the best first; one run where nothing can be cut.
    """
    runs: list[tuple[int, int]] = []
    for band in sorted(bands, key=lambda band: (band.best, band.worst)):
        if runs and band.best <= runs[-1][1]:
            runs[-1] = (runs[-1][0], max(runs[-1][1], band.worst))
        else:
            runs.append((band.best, band.worst))
    return runs


def _level_bands(inputs: BandInputs, units: Sequence[UnitSample]) -> list[RankBand]:
    deviations = [_deviations(inputs, unit) for unit in units]
    errors = [math.sqrt(sum(moved * moved for moved in drawn) / inputs.replicates) for drawn in deviations]
    factor = _joint_factor(inputs, deviations, errors)
    margins = [round(factor * error) for error in errors]
    lows = [_scaled(unit) - margin for unit, margin in zip(units, margins, strict=True)]
    highs = [_scaled(unit) + margin for unit, margin in zip(units, margins, strict=True)]
    sorted_lows, sorted_highs = sorted(lows), sorted(highs)
    indexes = sorted(map(_scaled, units))
    bands = [
        RankBand(
            code=unit.code,
            name=unit.name,
            level=unit.level,
            index_percent=unit.index_percent,
            margin_percent=round_half_up(Fraction(margin, SCALE)),
            rank=1 + _above(indexes, _scaled(unit)),
            best=1 + _above(sorted_lows, high),
            worst=1 + _above(sorted_highs, low) - (margin > 0),  # less itself
        )
        for unit, margin, low, high in zip(units, margins, lows, highs, strict=True)
    ]
    return sorted(bands, key=lambda band: (band.rank, band.code))


def _scaled(unit: UnitSample) -> int:
    return int(unit.index_percent * SCALE)


def _above(ascending: Sequence[int], value: int) -> int:
    """How many are larger."""
    return len(ascending) - bisect_right(ascending, value)


def _joint_factor(inputs: BandInputs, deviations: Sequence[Sequence[int]], errors: Sequence[float]) -> float:
    """So many standard errors hold all units of a level at once, in so many replicates."""
    moving = [(drawn, error) for drawn, error in zip(deviations, errors, strict=True) if error > 0]
    farthest = sorted(
        max((abs(drawn[turn]) / error for drawn, error in moving), default=0.0)
        for turn in range(inputs.replicates)
    )
    return farthest[math.ceil(inputs.confidence * inputs.replicates) - 1]


def _deviations(inputs: BandInputs, unit: UnitSample) -> list[int]:
    """How far the unit's index moves in each replicate, in 1/SCALE points.

    Each group of each unit has dice of its own, so that nothing else in the year changes what they give.
    """
    total = [0] * inputs.replicates
    for stratum in unit.strata:
        dice = Random(f"{inputs.seed},{unit.code},{stratum.form},{stratum.group}")  # noqa: S311 - a public seed
        total = [a + b for a, b in zip(total, _resampled(stratum, inputs.replicates, dice), strict=True)]
    if inputs.wrong_rate is None:
        return total
    spread = _reading_error(unit.strata, float(inputs.wrong_rate))
    dice = Random(f"{inputs.seed},{unit.code},reading")  # noqa: S311 - a public seed
    return [moved + round(spread * _bell(dice)) for moved in total]


def _resampled(stratum: Stratum, replicates: int, dice: Random) -> list[int]:
    """The total effect of a group's sheets in each replicate, less their own total."""
    sheets, unseen = len(stratum.effects), math.sqrt(stratum.unseen_share)
    if unseen == 0.0:
        return [0] * replicates
    if sheets == 1:  # its spread cannot be seen: the largest there can be is taken
        widest = round(unseen * stratum.reach / 2)
        return [widest if dice.random() < 0.5 else -widest for _ in range(replicates)]  # noqa: PLR2004 - a coin
    drawn, whole = sheets - 1, sum(stratum.effects)
    effects = sorted(stratum.effects)
    picked = [effects[int(dice.random() * sheets)] for _ in range(drawn * replicates)]
    totals = (sum(picked[start : start + drawn]) for start in range(0, drawn * replicates, drawn))
    return [round(unseen * (total * sheets / drawn - whole)) for total in totals]


def _reading_error(strata: Sequence[Stratum], wrong_rate: float) -> float:
    """The standard error that wrong readings leave: as if they came as whole sheets, each by its full reach.

    A misplaced page is wrong in many answers at once, so that wrong answers one by one would be too kind.
    """
    unseen = [stratum for stratum in strata if not stratum.is_checked]
    return math.sqrt(wrong_rate * sum(len(stratum.effects) * stratum.reach**2 for stratum in unseen))


def _bell(dice: Random) -> float:
    """A number with mean 0 and variance 1, from sums alone, which are the same on every machine."""
    total = 0.0
    for _ in range(_UNIFORMS):
        total += dice.random()
    return total - _UNIFORMS / 2


# -- the file ------------------------------------------------------------------------------------------


def bands_file(inputs: BandInputs, bands: Sequence[RankBand]) -> dict[str, Any]:
    """The content of a bands file: inputs, their hash, and the bands that they give."""
    plain = as_plain(inputs)
    return {"schema": SCHEMA, "sha256": sha256_of(plain), "inputs": plain, "bands": as_plain(tuple(bands))}


def read_bands_file(content: object) -> BandInputs:
    """The inputs of a file's content, their hash verified.

    Raises:
        SnapshotInvalid: another format, or the inputs are not those that the hash was made of.
    """
    if not isinstance(content, dict) or content.get("schema") != SCHEMA:
        raise SnapshotInvalid("Tệp không phải số liệu khoảng hạng (%(schema)s).", schema=SCHEMA)
    return inputs_from_plain(unchanged_inputs(content))


def inputs_from_plain(plain: Mapping[str, Any]) -> BandInputs:
    """The inputs that `as_plain` wrote.

    Raises:
        SnapshotInvalid: malformed.
    """
    try:
        inputs: BandInputs = from_plain(BandInputs, dict(plain), "bands")
    except ValueError as problem:
        raise SnapshotInvalid("Tệp số liệu không đúng định dạng: %(problem)s", problem=problem) from problem
    return inputs


def bands_from_plain(plain: Sequence[Any]) -> tuple[RankBand, ...]:
    """The bands that `as_plain` wrote."""
    bands: tuple[RankBand, ...] = from_plain(tuple[RankBand, ...], plain, "bands")
    return bands


def main(arguments: Sequence[str] | None = None) -> int:
    """Recompute a bands file; 0 = recomputed and the same, 1 = they differ, 2 = unusable file."""
    parser = argparse.ArgumentParser(prog="python -m webapp.par_index.bands", description=__doc__)
    parser.add_argument("bands", type=Path)
    chosen = parser.parse_args(arguments)
    try:
        content = json.loads(chosen.bands.read_text(encoding="utf-8"))
        bands = rank_bands(read_bands_file(content))
    except (OSError, ValueError, AppraisalError) as problem:
        sys.stderr.write(f"{chosen.bands}: {problem}\n")
        return 2
    for band in bands:
        percent, margin = vietnamese(band.index_percent, 2), vietnamese(band.margin_percent, 2)
        sys.stdout.write(f"{band.level:<10} {band.rank:>3}  {band.best:>3}–{band.worst:<3}  ")
        sys.stdout.write(f"{band.name:<45} {percent:>6} ± {margin}\n")
    is_same = as_plain(bands) == content.get("bands")
    sys.stderr.write(f"inputs {content['sha256']} – agree\nbands – {'agree' if is_same else 'DIFFER'}\n")
    return 0 if is_same else 1


if __name__ == "__main__":
    sys.exit(main())
