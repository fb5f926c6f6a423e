"""What people's decisions teach about the reader: how true its probabilities are, and which limits they bear.

Pure: no web, no rows, no clock.

answers      one answer as the machine stated it, and what people said of it
calibration  stated probability against what people said, band by band
rates        how much goes to people, by template, print and scanner
advice       which limits of certainty the office may set, and why
"""
