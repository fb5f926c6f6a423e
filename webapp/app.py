"""The composition root of the web process: settings and clock in, a Flask app out."""

from flask import Flask
from jinja2 import StrictUndefined

from ocr.template import FormLibrary
from webapp.blueprints.accounts.own_views import blueprint as own_account
from webapp.blueprints.accounts.views import blueprint as accounts
from webapp.blueprints.answer_audit.views import blueprint as answer_audit
from webapp.blueprints.appraisal.views import blueprint as appraisal
from webapp.blueprints.backups.views import blueprint as backups
from webapp.blueprints.campaigns.views import blueprint as campaigns
from webapp.blueprints.complaints.views import blueprint as complaints
from webapp.blueprints.documents.views import blueprint as documents
from webapp.blueprints.explanations.views import blueprint as explanations
from webapp.blueprints.hand_over.views import blueprint as hand_over
from webapp.blueprints.home.views import blueprint as home
from webapp.blueprints.intake.page_views import blueprint as scan_pages
from webapp.blueprints.intake.phone_views import blueprint as phone
from webapp.blueprints.intake.trash_views import blueprint as trash
from webapp.blueprints.intake.views import blueprint as intake
from webapp.blueprints.learning.views import blueprint as learning
from webapp.blueprints.log.views import blueprint as log
from webapp.blueprints.operation.views import blueprint as operation
from webapp.blueprints.payments.paper_views import blueprint as payment_papers
from webapp.blueprints.payments.setting_views import blueprint as payment_settings
from webapp.blueprints.payments.views import blueprint as payments
from webapp.blueprints.printing.views import blueprint as printing
from webapp.blueprints.provenance.views import blueprint as provenance
from webapp.blueprints.results.comments import blueprint as comments
from webapp.blueprints.results.views import blueprint as results
from webapp.blueprints.schemes.edit_views import blueprint as scheme_editor
from webapp.blueprints.schemes.import_views import blueprint as scheme_import
from webapp.blueprints.schemes.views import blueprint as schemes
from webapp.blueprints.self_scoring.views import blueprint as self_scoring
from webapp.blueprints.trial.views import blueprint as trial
from webapp.blueprints.users.views import blueprint as users
from webapp.blueprints.verification.arbitration import blueprint as arbitration
from webapp.blueprints.verification.grid_views import blueprint as group_grid
from webapp.blueprints.verification.overlay_views import blueprint as overlay
from webapp.blueprints.verification.reviewer_views import blueprint as reviewers
from webapp.blueprints.verification.rule_views import blueprint as second_key_rule
from webapp.blueprints.verification.views import blueprint as verification
from webapp.blueprints.version_checks.views import blueprint as version_checks
from webapp.blueprints.what_if.views import blueprint as what_if
from webapp.http import access
from webapp.http.context import EXTENSION, AppContext
from webapp.http.csrf import install_csrf
from webapp.http.errors import install_errors
from webapp.http.htmx import install_htmx
from webapp.http.locale import install_locale
from webapp.http.moments import Moments
from webapp.http.places import install_places
from webapp.http.security import install_security
from webapp.http.shell import install_shell
from webapp.http.transaction import install_transactions
from webapp.persistence.base import Clock, make_engine, make_session_factory, utc_now
from webapp.persistence.data_version import DataVersion
from webapp.settings import Settings
from webapp.storage import ScanStore

BLUEPRINTS = (
    accounts,
    own_account,
    campaigns,
    schemes,
    scheme_editor,
    scheme_import,
    home,
    printing,
    hand_over,
    trial,
    intake,
    scan_pages,
    phone,
    trash,
    verification,
    arbitration,
    group_grid,
    overlay,
    reviewers,
    second_key_rule,
    learning,
    answer_audit,
    users,
    self_scoring,
    appraisal,
    explanations,
    payments,
    payment_papers,
    payment_settings,
    results,
    comments,
    documents,
    complaints,
    provenance,
    log,
    backups,
    operation,
    version_checks,
    what_if,
)


def create_app(settings: Settings, clock: Clock = utc_now) -> Flask:
    """Put the web process together.

    Raises:
        RuntimeError: an endpoint does not say who may use it.
    """
    app = Flask("webapp")
    app.extensions[EXTENSION] = _make_context(settings, clock)
    app.jinja_env.undefined = StrictUndefined
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    install_htmx(app)
    install_places(app)
    install_security(app, settings)
    install_csrf(app)
    install_transactions(app)
    install_locale(app)
    install_errors(app)
    install_shell(app)
    for blueprint in BLUEPRINTS:
        app.register_blueprint(blueprint)
    access.require_policies(app)
    return app


def _make_context(settings: Settings, clock: Clock) -> AppContext:
    """Open the database and the scan store."""
    engine = make_engine(settings.database_url)
    return AppContext(
        settings=settings,
        engine=engine,
        clock=clock,
        write_sessions=make_session_factory(engine),
        read_sessions=make_session_factory(engine, read_only=True),
        scan_store=ScanStore(settings.scans_dir),
        form_library=FormLibrary(settings.forms_dir),
        moments=Moments(DataVersion(engine)),
    )
