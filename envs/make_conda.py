"""Write ``groundstate.yaml`` (conda) from the pins of ``requirements.txt``: one truth, two ways in."""

from pathlib import Path

HERE = Path(__file__).parent


def conda_text(requirements: str) -> str:
    """A conda environment that installs exactly the pins of ``requirements`` with pip."""
    pins = [line.strip() for line in requirements.splitlines() if line.strip() and not line.startswith("#")]
    lines = [
        "name: groundstate",
        "channels:",
        "  - conda-forge",
        "dependencies:",
        "  - python =3.11",
        "  - pip",
        "  - pip:",
        *(f"      - {pin}" for pin in pins),
    ]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    (HERE / "groundstate.yaml").write_text(conda_text((HERE / "requirements.txt").read_text()))
