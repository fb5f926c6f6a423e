"""Hands that draw: each module is its own code for movement and ink, for one part of a measurement."""
