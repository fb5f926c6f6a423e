# ruff: noqa: INP001 - a script beside others of its kind
"""Ask whether any locked package has a known vulnerability; fails only where one is found.

Whoever has no network, or a mirror that knows packages but not their vulnerabilities, is told so plainly.
"""

import json
import subprocess
import sys

_LIMIT_S = 180
_COMMAND = (
    *(sys.executable, "-m", "pip_audit", "-r", "requirements.lock", "--disable-pip", "--require-hashes"),
    *("--format", "json", "--progress-spinner", "off"),
)


def main() -> int:
    """0, or 1 where a vulnerability is known."""
    try:
        asked = subprocess.run(_COMMAND, capture_output=True, text=True, timeout=_LIMIT_S, check=False)
        packages = json.loads(asked.stdout)["dependencies"]
    except (subprocess.TimeoutExpired, ValueError, KeyError):
        sys.stdout.write("Could not look: no answer from the package index. Nothing is known either way.\n")
        return 0
    known = [(package, hole) for package in packages for hole in package.get("vulns", [])]
    unseen = [package["name"] for package in packages if "skip_reason" in package]
    for package, hole in known:
        fixed = ", ".join(hole["fix_versions"]) or "no version yet"
        sys.stdout.write(f"{package['name']} {package['version']}: {hole['id']}, mended in {fixed}\n")
    if unseen:
        sys.stdout.write(
            f"Could not look at {len(unseen)} of {len(packages)} packages: the index knows nothing of them.\n"
        )
    if len(unseen) < len(packages) and not known:
        sys.stdout.write(f"No known vulnerability in {len(packages) - len(unseen)} packages.\n")
    return 1 if known else 0


if __name__ == "__main__":
    sys.exit(main())
