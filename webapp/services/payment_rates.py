"""The campaign's rates: loaded with a campaign's folder, changed by head or treasurer, always logged."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import yaml
from sqlalchemy import select
from sqlalchemy.orm import Session

from webapp.errors import InvalidInput
from webapp.payments.sums import Basis, Payee, Rate
from webapp.persistence.audit import write_log
from webapp.persistence.campaign import Campaign, RespondentGroup
from webapp.persistence.payments import PaymentBasis, PaymentRate, list_rates, newest_basis

MAX_DONG = 100_000_000
CHOSEN_BASES = (Basis.RETURNED, Basis.VALID)


def load_rates(session: Session, actor: str, campaign: Campaign, folder: Path, now: dt.datetime) -> None:
    """Take over `payments.yaml` of a campaign's folder; a folder without it leaves everything unpaid.

    Raises:
        InvalidInput: the file is not sound; the sentence says what.
    """
    path = folder / "payments.yaml"
    if not path.exists():
        return
    try:
        raw = yaml.safe_load(path.read_text(encoding="utf-8"))
        groups = {f"{group.form_code}.{group.code}": group.id for group in _groups(session, campaign)}
        rates = [_read_rate(line, groups) for line in raw["rates"]]
        basis = Basis(raw["basis"])
    except (OSError, KeyError, TypeError, ValueError, yaml.YAMLError) as problem:
        raise InvalidInput(
            "Không đọc được mức chi trong %(path)s: %(problem)s.", path=path, problem=problem
        ) from problem
    change_rates(session, actor, campaign, rates, now)
    choose_basis(session, actor, campaign, basis, now)


def current_rates(session: Session, campaign: Campaign) -> list[Rate]:
    """The rates as the arithmetic takes them."""
    return [
        Rate(Payee(row.payee), row.dong, row.level, row.group_id, row.is_paid)
        for row in list_rates(session, campaign.id)
    ]


def current_basis(session: Session, campaign: Campaign) -> Basis:
    """Which forms are paid; those that came back, before anybody chose."""
    return Basis(newest_basis(session, campaign.id) or Basis.RETURNED)


def change_rates(
    session: Session, actor: str, campaign: Campaign, rates: Sequence[Rate], now: dt.datetime
) -> None:
    """Set each of these rates; those not named stay. The log keeps what stood before.

    Raises:
        InvalidInput: a rate is negative or beyond all measure.
    """
    kept = {(row.payee, row.level, row.group_id): row for row in list_rates(session, campaign.id)}
    for rate in rates:
        if not 0 <= rate.dong <= MAX_DONG:
            raise InvalidInput("Mức chi là số đồng từ 0 đến %(most)s.", most=MAX_DONG)
        row = kept.get((rate.payee.value, rate.level, rate.group_id))
        if row is None:
            row = PaymentRate(
                campaign_id=campaign.id, payee=rate.payee.value, level=rate.level, group_id=rate.group_id,
                dong=-1, is_paid=True,
            )  # fmt: skip
            session.add(row)
        if (row.dong, row.is_paid) != (rate.dong, rate.is_paid):
            before = None if row.dong < 0 else {"dong": row.dong, "is_paid": row.is_paid}
            row.dong, row.is_paid = rate.dong, rate.is_paid
            subject = f"campaign/{campaign.year}"
            write_log(
                session, now, actor, "payment_rate_changed", subject,
                payee=rate.payee.value, level=rate.level, group_id=rate.group_id, before=before,
                dong=rate.dong, is_paid=rate.is_paid,
            )  # fmt: skip
    session.flush()


def copy_rates(session: Session, actor: str, former: Campaign, made: Campaign, now: dt.datetime) -> int:
    """Take over another year's rates for the same levels and groups, and which forms are paid.

    Returns:
        How many rates; those of a level or group that the new year lacks stay behind.
    """
    groups = {(group.form_code, group.code): group.id for group in _groups(session, made)}
    same = {group.id: groups.get((group.form_code, group.code)) for group in _groups(session, former)}
    levels = {level.code for level in made.levels}
    kept = [
        replace(rate, group_id=None if rate.group_id is None else same[rate.group_id])
        for rate in current_rates(session, former)
        if (rate.level in levels if rate.group_id is None else same[rate.group_id] is not None)
    ]
    change_rates(session, actor, made, kept, now)
    if kept:
        choose_basis(session, actor, made, current_basis(session, former), now)
    return len(kept)


def choose_basis(session: Session, actor: str, campaign: Campaign, basis: Basis, now: dt.datetime) -> None:
    """Pay the forms that came back, or those that count; the choice is added, not overwritten.

    Raises:
        InvalidInput: not one of the two.
    """
    if basis not in CHOSEN_BASES:
        raise InvalidInput("Chọn trả theo phiếu thu về hoặc theo phiếu hợp lệ.")
    if basis.value == newest_basis(session, campaign.id):
        return
    session.add(PaymentBasis(campaign_id=campaign.id, basis=basis.value, chosen_by=actor, chosen_at=now))
    write_log(session, now, actor, "payment_basis_chosen", f"campaign/{campaign.year}", basis=basis.value)
    session.flush()


def _groups(session: Session, campaign: Campaign) -> Sequence[RespondentGroup]:
    return session.scalars(select(RespondentGroup).where(RespondentGroup.campaign_id == campaign.id)).all()


def _read_rate(line: Mapping[str, Any], groups: Mapping[str, int]) -> Rate:
    """One line of the file; `group` is written form.group, as CX3.CH."""
    dong = line["dong"]
    if isinstance(dong, bool) or not isinstance(dong, int):
        raise TypeError(f"dong: {dong!r}")
    group = line.get("group")
    if (group is None) == (line.get("level") is None):
        raise ValueError("a rate names a level or a group")
    return Rate(Payee(line["payee"]), dong, line.get("level"), None if group is None else groups[group])
