"""`chamdiem demo`: build the sample campaign once, then serve it."""

import argparse
import datetime as dt
import hashlib
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from sqlalchemy import Engine, func, select
from sqlalchemy.orm import Session

from ocr.deck.build import build_deck
from ocr.template import FormLibrary
from webapp.cli.parsers import Groups
from webapp.cli.serve import ADDRESS_TAKEN, is_taken
from webapp.persistence.base import make_engine, make_session_factory, utc_now
from webapp.persistence.campaign import Campaign
from webapp.persistence.scans import BatchFile, Page
from webapp.persistence.schema import MIGRATIONS_DIR, upgrade_database
from webapp.services import sample_campaign
from webapp.services.campaigns import BO_TRACH, SAMPLE_DIR, current_campaign
from webapp.services.print_files import unit_runs
from webapp.services.rehearsal import deck_of
from webapp.services.sample_former_year import Calendar, former_plan, former_steps, open_former_year
from webapp.settings import Settings
from webapp.storage import ScanStore

SEED = 2020
FORMS_DIR = MIGRATIONS_DIR.parent / "forms_templates"
_BUSY = ("waiting", "splitting", "reading")
_READING_LIMIT_S = 900


def add_parser(groups: "Groups[argparse.ArgumentParser]") -> None:
    """Add `demo`."""
    parser = groups.add_parser("demo", help="build the sample campaign (once) and serve it")
    parser.add_argument("--build-only", action="store_true", help="build, but do not serve")
    parser.add_argument("--bind", default="127.0.0.1:8000")
    parser.add_argument("--sample", choices=sample_campaign.SAMPLES, default=BO_TRACH.name)
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace) -> int:
    os.umask(0o077)  # the children keep it
    settings = demo_settings(arguments.sample)
    if not arguments.build_only and is_taken(arguments.bind):
        sys.stderr.write(
            f"Something else already answers on {arguments.bind}: perhaps a demo in another window. "
            "End it, then run the same command again.\n"
        )
        return ADDRESS_TAKEN
    built = settings.data_dir / "built"
    if built.exists() and built.read_text() == _recipe(arguments.sample):
        _say(f"The sample campaign is there already ({settings.data_dir}; `make clean` removes it)")
    else:
        build_demo(settings, SAMPLE_DIR / arguments.sample)
    if arguments.build_only:
        return 0
    _say(f"Serving on http://{arguments.bind} – the sign-in page shows one login per role; Ctrl+C ends")
    return _serve(settings, arguments.bind)


def demo_settings(sample: str = BO_TRACH.name) -> Settings:
    """Each sample's demo has a data folder of its own, beside a real one."""
    settings = Settings.from_env()
    data_dir = settings.data_dir / ("demo" if sample == BO_TRACH.name else f"demo-{sample}")
    return replace(
        settings, data_dir=data_dir, database_url=f"sqlite:///{data_dir / 'chamdiem.sqlite3'}", demo=True
    )


@dataclass(frozen=True, slots=True)
class _Builder:
    """What every step of the building needs."""

    settings: Settings
    engine: Engine
    store: ScanStore
    now: dt.datetime

    def commit(self, step: Callable[[Session, Campaign], None]) -> None:
        """Run one step in a transaction of its own."""
        with make_session_factory(self.engine).begin() as session:
            campaign = current_campaign(session)
            if campaign is None:
                raise RuntimeError("the sample campaign was not opened")
            step(session, campaign)


def build_demo(settings: Settings, folder: Path = BO_TRACH) -> None:
    """Build it step by step, saying which; a build that was broken off starts afresh."""
    settings.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    for left_over in settings.data_dir.glob("chamdiem.sqlite3*"):
        left_over.unlink()
    upgrade_database(settings.database_url)
    engine = make_engine(settings.database_url)
    builder = _Builder(settings, engine, ScanStore(settings.scans_dir), utc_now())
    demo = sample_campaign.demo_plan(folder)
    library = FormLibrary(settings.forms_dir)
    _build_former_year(builder, folder, demo.former_year, library)
    _say("1/5 Campaign, schemes and accounts")
    with make_session_factory(engine).begin() as session:
        campaign = sample_campaign.open_sample_campaign(session, folder, builder.now)
        units = sorted(campaign.units, key=lambda unit: unit.code != demo.featured_unit)
        sample_campaign.add_unit_accounts(session, units, builder.now)
    _say("2/5 Print orders for every sheet of the plan, and their packs handed out")
    builder.commit(lambda s, campaign: sample_campaign.print_quota(s, library, campaign, builder.now))
    builder.commit(lambda s, campaign: sample_campaign.hand_out(s, campaign, builder.now))
    _say("3/5 Sheets are filled in and scanned")
    with tempfile.TemporaryDirectory(prefix="chamdiem-demo-") as scratch:
        for number, stack in enumerate(demo.stacks, 1):
            if number == len(demo.stacks):
                _say("4/5 Reading the first stacks; the last one waits for the demo's worker")
                read_everything(settings, engine)
            builder.commit(partial(_scan, builder, stack, Path(scratch)))
    _say("5/5 Units score themselves, and the first are appraised")
    _score_units(builder, demo.featured_unit)
    engine.dispose()
    (settings.data_dir / "built").write_text(_recipe(folder.name))


def _build_former_year(builder: _Builder, folder: Path, year: int | None, library: FormLibrary) -> None:
    """Everybody's accounts, and the finished year before, where the sample has one."""
    sessions = make_session_factory(builder.engine)
    if year is None:
        with sessions.begin() as session:
            sample_campaign.add_people(session, builder.now)
        return
    plan = former_plan(folder, year)
    _say(f"0/5 The year {year}, finished and published, without paper")
    with sessions.begin() as session:
        sample_campaign.add_people(session, Calendar(plan.self_score_due_at).opened_at)
        steps = list(former_steps(open_former_year(session, plan, folder), library, builder.store))
    for step in steps:
        with sessions.begin() as session:
            step(session)


def _recipe(sample: str) -> str:
    """What a sample is built from: where its data, tables or forms have changed, it is built anew."""
    digest = hashlib.sha256()
    sources = (
        (MIGRATIONS_DIR, "versions/*.py"),
        (FORMS_DIR, "*/v*/form.toml"),
        (SAMPLE_DIR / sample, "*.yaml"),
    )
    for folder, pattern in sources:
        for path in sorted(folder.glob(pattern)):
            digest.update(path.read_bytes())
    return digest.hexdigest()


def _scan(
    builder: _Builder,
    stack: Iterable[tuple[str, str, str]],
    folder: Path,
    session: Session,
    campaign: Campaign,
) -> None:
    files: list[Path] = []
    sheets = 0
    by_pack = {(run.form, run.group, run.unit): run for run in unit_runs(session, campaign)}
    for pack in stack:
        run = by_pack[pack]
        order = deck_of(run, builder.settings.forms_dir, SEED)
        deck = build_deck(order, folder / "-".join(pack), os.cpu_count() or 1)
        files.extend(deck.files)
        sheets += order.sheets
    sample_campaign.scan_batch(session, builder.store, files, sheets, builder.now)


def read_everything(settings: Settings, engine: Engine) -> None:
    """Let a real worker read until nothing waits."""
    worker = subprocess.Popen(
        [sys.executable, "-m", "webapp", "worker"],
        env={**os.environ, **environment(settings)},
        stderr=subprocess.DEVNULL,
    )
    try:
        deadline = time.monotonic() + _READING_LIMIT_S
        while _is_busy(engine):
            if worker.poll() is not None:
                raise RuntimeError("the worker stopped; `python -m webapp worker` shows why")
            if time.monotonic() > deadline:
                raise RuntimeError("the worker did not finish reading in time")
            time.sleep(0.5)
    finally:
        worker.terminate()
        worker.wait(timeout=60)


def _is_busy(engine: Engine) -> bool:
    with make_session_factory(engine, read_only=True)() as session:
        files = session.scalar(select(func.count()).where(BatchFile.state.in_(_BUSY)))
        pages = session.scalar(select(func.count()).where(Page.state.in_(_BUSY)))
    return bool(files or pages)


def _score_units(builder: _Builder, featured_unit: str) -> None:
    with make_session_factory(builder.engine, read_only=True)() as session:
        campaign = current_campaign(session)
        codes = [unit.code for unit in campaign.units] if campaign is not None else []
    for position, code in enumerate(codes):

        def score(session: Session, campaign: Campaign, code: str = code, position: int = position) -> None:
            unit = next(unit for unit in campaign.units if unit.code == code)
            plan = sample_campaign.score_plan(unit, featured_unit, position, len(codes))
            sample_campaign.score_unit(session, builder.store, unit, plan, seed=SEED, now=builder.now)

        builder.commit(score)


def environment(settings: Settings) -> dict[str, str]:
    """The settings as the environment of a child process."""
    return {
        "CHAMDIEM_DATA": str(settings.data_dir),
        "CHAMDIEM_DATABASE": settings.database_url,
        "CHAMDIEM_FORMS": str(settings.forms_dir),
        "CHAMDIEM_DEMO": "1" if settings.demo else "0",
    }


def _serve(settings: Settings, bind: str) -> int:
    """Become the server, so that whoever ends this ends that."""
    command = [sys.executable, "-m", "webapp", "serve", "--with-worker", "--bind", bind]
    return os.execve(sys.executable, command, {**os.environ, **environment(settings)})  # noqa: S606 - our own


def _say(text: str) -> None:
    sys.stdout.write(f"== {text}\n")
    sys.stdout.flush()
