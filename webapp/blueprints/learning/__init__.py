"""Hiệu chuẩn: how true the reader's probabilities are, what goes to people, and the limits to set."""
