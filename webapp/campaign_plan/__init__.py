"""A campaign as plain values: what it holds, its rows and cells, its differences, and the plan's arithmetic.

Standard library only: no web, no database, no clock.
"""
