"""Intake: stacks of scanned sheets come in, are read, and are accounted for."""
