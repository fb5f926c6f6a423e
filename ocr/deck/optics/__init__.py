"""Scanners that see: each module is its own code for blur and noise, for one part of a measurement."""
