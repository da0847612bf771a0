"""Resolve a requirements file to exact versions with pip alone: python lock.py base.in > base.lock

Nothing is installed. Run it with the oldest Python that contrique supports, so that the versions suit all newer ones.
"""

import json
import re
import subprocess
import sys
from pathlib import Path


def lock(source: Path) -> str:
    """The lock file for one ``.in`` file: ``name==version`` lines in alphabetical order."""
    command = [sys.executable, "-m", "pip", "install", "--dry-run", "--ignore-installed", "--quiet", "--report", "-"]
    report = subprocess.run([*command, "-r", str(source)], stdout=subprocess.PIPE, check=True).stdout
    pins = set()
    for package in json.loads(report)["install"]:
        name = re.sub(r"[-_.]+", "-", package["metadata"]["name"]).lower()
        version = package["metadata"]["version"].partition("+")[0]  # 2.13.0+cpu is this machine's build of 2.13.0
        pins.add(f"{name}=={version}")
    python = f"{sys.version_info.major}.{sys.version_info.minor}"
    head = f"# Exact versions for {source.name}, resolved on Python {python} by `make lock`; do not edit."
    return "\n".join([head, *sorted(pins)]) + "\n"


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    print(lock(Path(sys.argv[1])), end="")
