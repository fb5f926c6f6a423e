"""Phát và thu: sign packs and sheets out and in, and say what is missing."""
