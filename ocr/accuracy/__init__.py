"""The accuracy run: how often the reader is wrong in silence, on fresh decks that nobody could choose.

Forms stand in the proportions of the district's campaign, seeds come from the frozen commit, every run
that is started is logged, and the report gives each rate with its exact bound.
"""
