"""Install the pins and this package with pip, and show how far it is: ``python envs/install.py``."""

import re
import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).parent
PIP = [sys.executable, "-m", "pip", "--disable-pip-version-check", "install"]
ABOUT = """set-up: {count} packages with their exact versions into {folder}
  2.3 GB on the disk with the CPU build of torch, several times that with CUDA (README: CPU or CUDA)
  took 4.5 minutes on two cores of a server with a fast connection, most of it unpacking
"""


def install(arguments: list[str], count: int) -> None:
    """Run pip; one line for each package that it takes up, and pip's own words where it fails."""
    started, found, said = time.monotonic(), 0, []
    with subprocess.Popen(
        [*PIP, *arguments], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, bufsize=1
    ) as pip:
        for line in pip.stdout:
            said.append(line)
            size = re.search(r"Downloading (\S+).* \((.+ [kMG]B)\)", line)
            if line.startswith("Collecting "):
                found += 1
                show(f"{found}/{count} {line.split()[1]}", started)
            elif size and not size[2].endswith("kB"):
                show(f"{found}/{count} downloading {size[1].rsplit('/')[-1]} ({size[2]})", started)
            elif line.startswith("Installing collected packages"):
                show(f"{count}/{count} packages are here; unpacking them (minutes)", started)
    if pip.returncode:
        sys.stderr.writelines(said[-40:])
        raise SystemExit(f"error: pip ended with {pip.returncode}; its last words stand above")


def show(text: str, started: float) -> None:
    """Write a line with the time since the start; a terminal gets one that is rewritten."""
    minutes, seconds = divmod(int(time.monotonic() - started), 60)
    start, end = ("\r\x1b[K", "") if sys.stdout.isatty() else ("", "\n")
    sys.stdout.write(f"{start}  {minutes}:{seconds:02d}  {text}{end}")
    sys.stdout.flush()


if __name__ == "__main__":
    pins = HERE / "requirements.txt"
    count = len(pins.read_text(encoding="utf-8").split())
    print(ABOUT.format(count=count, folder=sys.prefix), flush=True)
    install(["-r", str(pins)], count)
    install(["--no-deps", "--editable", str(HERE.parent)], 1)
    print("\nset-up: done", flush=True)
