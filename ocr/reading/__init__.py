"""`python -m ocr read`: scan files become lines of `chamdiem-reading/1`."""
