"""Kiểm toán: commit, throw dice, look blind, and print what it proves."""
