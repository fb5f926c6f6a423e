"""The trial sheet: one page pair that an office prints and scans before it prints thousands.

It is a real form with serial 0 on which printed marks stand in for a pen's, so that its answers are
known. `sheet` prints it, `measure` reads its scan, `judge` says what to change on printer or scanner.
"""
