"""Nguồn gốc: from a published figure to the answer, the decision, the picture, the file and the paper."""
