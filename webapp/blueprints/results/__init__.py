"""Computing, publishing and showing the index."""
