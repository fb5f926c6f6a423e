"""Chu kỳ: the year's campaign as data, entered, imported, copied and chosen."""
