"""The bench's printing part: the whole sample campaign, ordered at once and printed pack by pack."""

import resource
import time
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ocr.bench.table import Section

_SIDES = 2


def print_campaign(forms_dir: Path, folder: Path) -> "Section":
    """Order every sheet of the sample's plan and write the ZIP that an office downloads."""
    from ocr.bench.table import Section
    from ocr.template import FormLibrary
    from webapp.persistence.all_tables import Base
    from webapp.persistence.base import make_engine, make_session_factory, utc_now
    from webapp.services.print_files import batch_files, stream_zip
    from webapp.services.printing import find_batch, order_missing
    from webapp.services.rehearsal import ACTOR, Size, open_rehearsal

    library = FormLibrary(forms_dir)
    engine = make_engine(f"sqlite:///{folder / 'printing.sqlite3'}")
    Base.metadata.create_all(engine)
    with make_session_factory(engine).begin() as session:
        campaign = open_rehearsal(session, Size(), utc_now()).campaign
        began, used = time.perf_counter(), time.process_time()
        orders = order_missing(
            session, ACTOR, library, campaign=campaign, is_wanted=lambda _need: True, now=utc_now()
        )
        files = batch_files(session, campaign, find_batch(session, campaign, orders[0].id))
        ordered = time.perf_counter()
    engine.dispose()
    archive = folder / "campaign.zip"
    with archive.open("wb") as out:
        out.writelines(stream_zip(library, files))
    printed, used = time.perf_counter(), time.process_time() - used
    figures = (
        str(len(files)),
        str(sum(order.sheet_count for order in orders)),
        str(_SIDES * sum(order.sheet_count for order in orders)),
        f"{ordered - began:.1f}",
        f"{printed - ordered:.1f}",
        f"{used:.1f}",
        f"{archive.stat().st_size / 1e6:.0f}",
        f"{resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f}",
    )
    return Section(
        "Printing the whole campaign, one process",
        "Every sheet of the sample's plan ordered at once, then one PDF a pack with its cover, as the ZIP "
        "that an office downloads. Processor time is of both; memory is the most this process ever held.",
        (
            "packs",
            "sheets",
            "pages of sheets",
            "ordering s",
            "printing s",
            "processor s",
            "ZIP MB",
            "memory MB",
        ),
        (figures,),
    )
