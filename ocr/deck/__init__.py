"""Test decks: scans whose true answers are known, and the score of a reading against them.

Ballot systems call this a logic-and-accuracy test: people's marks of many kinds on real printed
sheets, an office scanner's faults, and a truth that the reader never sees. An office can run it.
"""
