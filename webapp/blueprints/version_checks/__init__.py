"""What one asks of a kept version: is it still what the data say, how was answered, what looks odd."""
