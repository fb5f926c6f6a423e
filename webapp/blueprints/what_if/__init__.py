"""Trying weights on a version of the index."""
