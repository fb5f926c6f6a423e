"""The composition root of the web process: settings and clock in, a Flask app out."""

from importlib import import_module

from flask import Flask
from jinja2 import StrictUndefined

from webapp.http import access
from webapp.http.context import EXTENSION, AppContext
from webapp.http.csrf import install_csrf
from webapp.http.errors import install_errors
from webapp.http.htmx import install_htmx
from webapp.http.locale import install_locale
from webapp.http.security import install_security
from webapp.http.shell import install_shell
from webapp.http.transaction import install_transactions
from webapp.persistence.base import Clock, make_engine, make_session_factory, utc_now
from webapp.settings import Settings
from webapp.storage import ScanStore

FEATURES = (
    "accounts",
    "home",
    "printing",
    "intake",
    "verification",
    "users",
    "self_scoring",
    "appraisal",
    "results",
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
    install_security(app, settings)
    install_csrf(app)
    install_transactions(app)
    install_locale(app)
    install_errors(app)
    install_shell(app)
    for feature in FEATURES:
        app.register_blueprint(import_module(f"webapp.blueprints.{feature}.views").blueprint)
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
    )
