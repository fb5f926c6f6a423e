"""What a WSGI server loads: `gunicorn wsgi:app`."""

from webapp.app import create_app
from webapp.logs import install_logs
from webapp.settings import Settings

settings = Settings.from_env()
install_logs("web", settings.logs_dir, json_on_terminal=settings.log_json)
app = create_app(settings)
