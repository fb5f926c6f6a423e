"""What an office hands out with an index: the workbook that computes it again, and open data.

Everything is made of one `Edition` (edition.py), whose figures come from a kept version alone. These are an
office's official papers: they are Vietnamese whatever language the reader's screen has.
"""
