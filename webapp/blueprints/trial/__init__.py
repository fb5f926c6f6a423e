"""Phiếu thử máy: printer and scanner are tried before thousands of sheets are printed."""
