"""Put the workflow into the wheel, for ``groundstate init``; everything else is in pyproject.toml."""

import shutil
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py

HERE = Path(__file__).parent
PARTS = ("Snakefile", "workflow", "config", "profiles", "envs/groundstate.yaml")


class BuildWithWorkflow(build_py):
    """Copy the workflow to ``groundstate/project``; an editable install takes it from the clone."""

    def run(self) -> None:
        """Build as ever, then copy."""
        super().run()
        if self.editable_mode:
            return
        target = Path(self.build_lib) / "groundstate" / "project"
        shutil.rmtree(target, ignore_errors=True)
        for part in PARTS:
            source = HERE / part
            files = [source] if source.is_file() else sorted(p for p in source.rglob("*") if p.is_file())
            for path in files:
                if path != HERE / "config" / "test.yaml" and "__pycache__" not in path.parts:
                    (target / path.relative_to(HERE)).parent.mkdir(parents=True, exist_ok=True)
                    shutil.copy2(path, target / path.relative_to(HERE))


setup(cmdclass={"build_py": BuildWithWorkflow})
