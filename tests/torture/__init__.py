"""The program under real kills, real load and broken machines: `python -m tests.torture`, `make torture`."""
