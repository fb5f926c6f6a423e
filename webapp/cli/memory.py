"""How much memory a process and its children use (Linux)."""

from collections import defaultdict
from pathlib import Path

_KB_PER_MB = 1024


def tree_memory_mb(root_pid: int) -> float:
    """Memory of a process and all its descendants in MB; pages that they share are counted once."""
    children: defaultdict[int, list[int]] = defaultdict(list)
    for stat in Path("/proc").glob("[0-9]*/stat"):
        parent = _parent_of(stat)
        if parent is not None:
            children[parent].append(int(stat.parent.name))
    total_kb, waiting = 0, [root_pid]
    while waiting:
        pid = waiting.pop()
        total_kb += _proportional_kb(pid)
        waiting += children[pid]
    return total_kb / _KB_PER_MB


def _parent_of(stat: Path) -> int | None:
    """The parent's id; None for a process that has just ended."""
    try:
        # the name in brackets may hold anything, so the fields are counted from behind it
        return int(stat.read_text().rpartition(")")[2].split()[1])
    except OSError:
        return None


def _proportional_kb(pid: int) -> int:
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith("Pss:")), 0)
