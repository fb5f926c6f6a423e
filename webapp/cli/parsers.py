"""The one name that every command's `add_parser` needs and argparse keeps to itself."""

import argparse

Groups = argparse._SubParsersAction  # noqa: SLF001 - argparse has no public name for it
