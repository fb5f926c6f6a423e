"""Chấm Điểm's paper room: forms are typeset here, and scans of them are read here.

A library and a command (`python -m ocr`); it knows neither people, nor web, nor database.
"""
