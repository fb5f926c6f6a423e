"""What an accuracy run reads: fixed, published proportions, and seeds that follow from the frozen commit."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import Final

from ocr.deck.order import DeckOrder
from ocr.template import FormLibrary

SHEETS_PER_CHUNK = 25
PART: Final = "test"
"""Hands and optics that no model was trained or set on."""
SEED_BYTES = 6
_CELLS = 5000


@dataclass(frozen=True, slots=True)
class Quota:
    """Sheets that the district printed of one form for one respondent group, and a unit they are about."""

    form: str
    group: str
    sheets: int
    unit: str
    unit_name: str


# Plan of huyện Bố Trạch for the evaluated year 2020, II.2.2: 3,108 sheets.
QUOTAS = (
    Quota("CH1", "LD", 39, "VP", "Văn phòng HĐND và UBND huyện"),
    Quota("CH2", "CC", 195, "NV", "Phòng Nội vụ"),
    Quota("CH3", "CX", 728, "TNMT", "Phòng Tài nguyên và Môi trường"),
    Quota("CH4", "DN", 130, "GDDT", "Phòng Giáo dục và Đào tạo"),
    Quota("CX1", "DB", 420, "19111", "thị trấn Hoàn Lão"),
    Quota("CX1", "LD", 56, "19165", "thị trấn Phong Nha"),
    Quota("CX2", "CC", 336, "19126", "xã Bắc Trạch"),
    Quota("CX3", "CH", 364, "19141", "xã Cự Nẫm"),
    Quota("CX4", "DN", 840, "19186", "xã Đại Trạch"),
)
DPI_SHARES: Mapping[int, float] = MappingProxyType({200: 0.85, 300: 0.15})

# Accepted positions wanted of each profile. With 1,497,865 and no error the 95 % bound is 1 in 500,000.
WANTED: Mapping[str, int] = MappingProxyType(
    {"office": 1_497_865, "rough": 200_000, "photo": 200_000, "odd": 100_000}
)


@dataclass(frozen=True, slots=True)
class Chunk:
    """Some sheets of one form, made and read together; `index` counts from 0 within its profile."""

    profile: str
    index: int
    quota: Quota
    dpi: int
    seed: int
    sheets: int = SHEETS_PER_CHUNK


def run_seed(commit: str, run: str) -> str:
    """The seed of a whole run: 16 hexadecimal digits from the commit's hash and the run's name."""
    return hashlib.sha256(f"{commit} {run}".encode()).hexdigest()[:16]


def chunk_of(seed: str, profile: str, index: int, sheets: int = SHEETS_PER_CHUNK) -> Chunk:
    """The chunk at a place of a run, whenever and wherever it is made."""
    quota, dpi = _cells()[index % _CELLS]
    digest = hashlib.sha256(f"{seed} {profile} {index}".encode()).digest()
    return Chunk(profile, index, quota, dpi, int.from_bytes(digest[:SEED_BYTES], "big"), sheets)


@lru_cache(maxsize=1)
def _cells() -> list[tuple[Quota, int]]:
    """Forms and resolutions in turn: after every chunk as near to their shares as whole chunks can be."""
    printed = sum(quota.sheets for quota in QUOTAS)
    shares = {
        (quota, dpi): quota.sheets / printed * share for quota in QUOTAS for dpi, share in DPI_SHARES.items()
    }
    taken = dict.fromkeys(shares, 0)
    cells = []
    for length in range(1, _CELLS + 1):
        lacking = {each: share * length - taken[each] for each, share in shares.items()}
        cell = max(lacking, key=lacking.__getitem__)
        taken[cell] += 1
        cells.append(cell)
    return cells


def deck_order(chunk: Chunk, forms_dir: Path) -> DeckOrder:
    """The order for a chunk's deck."""
    return DeckOrder(
        forms_dir=forms_dir,
        form=chunk.quota.form,
        version=FormLibrary(forms_dir).latest(chunk.quota.form).version,
        group=chunk.quota.group,
        unit=chunk.quota.unit,
        unit_name=chunk.quota.unit_name,
        sheets=chunk.sheets,
        seed=chunk.seed,
        profile=chunk.profile,
        dpi=chunk.dpi,
        part=PART,
    )


def deck_command(chunk: Chunk) -> str:
    """The command that makes a chunk's deck again."""
    quota = chunk.quota
    return (
        f"python -m ocr deck --form {quota.form} --group {quota.group} --unit {quota.unit}"
        f' --unit-name "{quota.unit_name}" --sheets {chunk.sheets} --seed {chunk.seed}'
        f" --profile {chunk.profile} --dpi {chunk.dpi} --part {PART} --out deck"
    )
