"""Forms that we did not print: a template says where their bubbles stand, and their scans are read by it.

A template (`chamdiem-template/1`) is found on a blank scan, or imported from another program's own file.
"""
