"""What a WSGI server loads: `gunicorn wsgi:app`."""

from webapp.app import create_app
from webapp.settings import Settings

app = create_app(Settings.from_env())
