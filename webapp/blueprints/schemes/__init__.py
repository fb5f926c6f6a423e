"""Bộ chỉ số: a level's catalogue shown, tried, edited, brought as a workbook, and its versions."""
