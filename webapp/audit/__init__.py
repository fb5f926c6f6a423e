"""The proof: what was committed to, which answers are looked at, and what the looks prove.

Pure: no web, no rows, no clock.

manifest, draw   standard library only: anyone redoes the draw from two published things
looks            how many looks an answer needs, and what they settle
bounds           how many wrong answers may be left: exact for a fixed plan, and at any time
sensitivity      what auditors overlook
escalation       what to do next
effect           what wrong answers could do to the index
"""
