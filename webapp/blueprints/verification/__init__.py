"""Rà soát: people settle what the machine would not."""
