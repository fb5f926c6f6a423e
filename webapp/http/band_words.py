"""Runs of ranks as people read them."""

from collections.abc import Iterable


def run_words(runs: Iterable[tuple[int, int]]) -> str:
    """“1 · 2–4 · 5–9”."""
    return " · ".join(str(first) if first == last else f"{first}–{last}" for first, last in runs)
