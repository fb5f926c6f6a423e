"""The arithmetic of the administrative-reform (PAR) index: standard library only.

No web, no database, no clock, no environment: everything comes in as values and goes out as values, so that
an auditor can run it in a bare Python. Points are `Decimal`, ratios and means `Fraction`, never `float`.
`python -m webapp.par_index.compute snapshot.json` computes a published table again from its inputs.
"""
