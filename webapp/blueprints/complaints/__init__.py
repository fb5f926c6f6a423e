"""Complaints after publication, and their answers."""
