"""Write predicted molecules, and beside them what was rejected."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from rdkit import Chem

from groundstate.molecules.models.predict import PredictedMolecule
from groundstate.molecules.sdf import write_sdf
from groundstate.progress import Progress
from groundstate.records import Rejection, write_rejected


def write_predictions(
    predictions: Iterable[Sequence[PredictedMolecule]],
    output: str | Path,
    rejections: list[Rejection],
    total: int,
    keep_failed: bool,
) -> int:
    """Write the SDF and, beside it, ``rejected.csv``; the number of molecules written.

    ``keep_failed`` writes failed molecules with their start geometry and the property ``failed``, so that a
    score counts them; without it they are rejected: what is in the file then has the stereo of the input.
    """
    output = Path(output)
    progress = Progress("predict geometry", total, "molecules")
    written = 0

    def entries() -> Iterator[tuple[str, Chem.Mol, Mapping[str, object]]]:
        nonlocal written
        for ranked in predictions:
            progress.update()
            first = ranked[0]
            if first.failed and not keep_failed:
                rejections.append(Rejection(first.id, "predict", first.failed))
                continue
            written += 1
            for prediction in ranked:
                yield prediction.id, prediction.mol, prediction.properties

    write_sdf(output, entries())
    write_rejected(output.parent / "rejected.csv", rejections)
    return written
