"""Official documents on a fixed version of the index."""
