"""How much memory and processor time a process and its children use (Linux)."""

import os
from collections import defaultdict
from pathlib import Path

_KB_PER_MB = 1024
# Places in /proc/<pid>/stat, counted from behind the name: parent; time in the program and in the kernel.
_PARENT = 1
_TICKS = slice(11, 13)


def tree_memory_mb(root_pid: int) -> float:
    """Memory of a process and all its descendants in MB; pages that they share are counted once."""
    return sum(_proportional_kb(pid) for pid in _tree(root_pid)) / _KB_PER_MB


def tree_processor_s(root_pid: int) -> float:
    """Processor time that a process and its living descendants have used so far, in seconds."""
    return sum(_processor_ticks(pid) for pid in _tree(root_pid)) / os.sysconf("SC_CLK_TCK")


def _tree(root_pid: int) -> list[int]:
    """The process and all its descendants."""
    children: defaultdict[int, list[int]] = defaultdict(list)
    for stat in Path("/proc").glob("[0-9]*/stat"):
        fields = _stat_fields(stat)
        if fields:
            children[int(fields[_PARENT])].append(int(stat.parent.name))
    found = [root_pid]
    for pid in found:
        found += children[pid]
    return found


def _stat_fields(stat: Path) -> list[str]:
    """What the kernel says of a process behind its name; nothing for one that has just ended."""
    try:
        # the name in brackets may hold anything, so the fields are counted from behind it
        return stat.read_text().rpartition(")")[2].split()
    except OSError:
        return []


def _processor_ticks(pid: int) -> int:
    fields = _stat_fields(Path(f"/proc/{pid}/stat"))
    return sum(int(ticks) for ticks in fields[_TICKS])


def _proportional_kb(pid: int) -> int:
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith("Pss:")), 0)
