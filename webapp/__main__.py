"""`python -m webapp` is the `chamdiem` command."""

import sys

from webapp.cli import main

sys.exit(main())
