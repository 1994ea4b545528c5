"""Relax the molecules of an SDF into another SDF."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import NamedTuple

from rdkit import Chem

from groundstate.errors import GroundstateError
from groundstate.files import rejected_file
from groundstate.ground_states.relax import relax_geometries
from groundstate.molecular_potentials.interface import KCAL, MolecularPotential
from groundstate.molecular_potentials.settings import RelaxMolecules
from groundstate.molecules.mols import RecordError, check_positions, has_geometry, set_positions
from groundstate.molecules.sdf import SdfBlock, parse_block, read_sdf_blocks, write_sdf
from groundstate.names import line_fault
from groundstate.processes import chunked, map_chunks
from groundstate.progress import Progress
from groundstate.records import Rejection, write_rejected

CHUNK = 64  # structures that a worker relaxes at one time


class Result(NamedTuple):
    """A relaxed record of the SDF, or the reason why there is none."""

    id: str
    mol: Chem.Mol | None
    properties: Mapping[str, object]
    flagged: bool


def relax_sdf(
    input: str | Path,
    output: str | Path,
    potential: MolecularPotential,
    settings: RelaxMolecules,
    workers: int,
) -> dict[str, int]:
    """Relax every record of ``input`` into ``output``, in its order; the rest to ``rejected_file(output)``.

    Data fields are kept; ``method``, ``energy_ev``, ``energy_drop_kcal``, ``largest_force`` and, where
    something is wrong with the minimum, ``flag`` are added. A record of several conformers of one molecule is
    as many records. Stereo is read from the geometry. Raises ``GroundstateError`` for a name that is not
    ``.sdf``.

    Returns
    -------
    dict
        Numbers of records ``read``, ``relaxed``, ``flagged`` and ``rejected``.
    """
    output = Path(output)
    if output.suffix.lower() != ".sdf":
        raise GroundstateError(f"--output {output}: an SDF is written; give it a name that ends in .sdf")
    rejections: list[Rejection] = []
    total = sum(1 for _ in read_sdf_blocks(input))
    progress = Progress(f"relax molecules ({potential.title})", total, "structures")
    counts = {"read": total, "relaxed": 0, "flagged": 0, "rejected": 0}
    work = partial(_relax, potential=potential, settings=settings)

    def entries() -> Iterator[tuple[str, Chem.Mol, Mapping[str, object]]]:
        for results in map_chunks(work, chunked(read_sdf_blocks(input), CHUNK), workers):
            for result in results:
                progress.update()
                if result.mol is None:
                    rejections.append(Rejection(result.id, "relax", str(result.properties["reason"])))
                    continue
                counts["relaxed"] += not result.flagged
                counts["flagged"] += result.flagged
                yield result.id, result.mol, result.properties

    write_sdf(output, entries())
    counts["rejected"] = len(rejections)
    write_rejected(rejected_file(output), rejections)
    return counts


def _relax(blocks: list[SdfBlock], potential: MolecularPotential, settings: RelaxMolecules) -> list[Result]:
    inputs = [(block.id, _molecule(block), block.properties) for block in blocks]
    return relax_named(inputs, potential, settings)


def relax_named(
    inputs: Sequence[tuple[str, Chem.Mol | RecordError, Mapping[str, object]]],
    potential: MolecularPotential,
    settings: RelaxMolecules,
    tick: Callable[[], None] = lambda: None,
) -> list[Result]:
    """Relax molecules with a geometry, in order; what cannot be has its reason.

    Parameters
    ----------
    inputs
        (id, molecule or why there is none, properties that are kept).
    tick
        Called when a structure is done.
    """
    results: dict[int, Result] = {}
    ready: list[tuple[int, Chem.Mol]] = []
    for place, (name, mol, _) in enumerate(inputs):
        try:
            ready.append((place, _checked(mol, potential)))
        except RecordError as error:
            results[place] = Result(name, None, {"reason": str(error)}, False)
    mols = [mol for _, mol in ready]
    starts = [mol.GetConformer().GetPositions() for mol in mols]
    relaxed = relax_geometries(potential, mols, starts, settings, tick)
    for (place, mol), one in zip(ready, relaxed, strict=True):
        name, _, properties = inputs[place]
        flag = one.fault
        if flag is None and not one.converged:
            flag = f"not converged after {one.calls} energies"
        kept = {key: value for key, value in properties.items() if key != "id"}
        own = {
            "method": f"{potential.title} minimum" if one.fault is None else "none",
            "energy_ev": f"{one.energy:.6f}",
            "energy_kcal": f"{one.energy * KCAL:.4f}",
            "energy_drop_kcal": f"{one.drop:.4f}",
            "largest_force": f"{one.force:.4f}",
        }
        if flag:
            own["flag"] = flag
        moved = set_positions(mol, one.positions)
        results[place] = Result(name, moved, kept | own, flag is not None)
    return [results[place] for place in range(len(inputs))]


def _molecule(block: SdfBlock) -> Chem.Mol | RecordError:
    if fault := line_fault(block.id):
        return RecordError(fault)
    try:
        return parse_block(block)
    except RecordError as error:
        return error


def _checked(mol: Chem.Mol | RecordError, potential: MolecularPotential) -> Chem.Mol:
    if isinstance(mol, RecordError):
        raise mol
    if not has_geometry(mol):
        raise RecordError("it has no geometry: a flat drawing cannot be relaxed; use `predict geometry`")
    check_positions(mol.GetConformer().GetPositions())
    if (refusal := potential.refusal(mol)) is not None:
        raise RecordError(refusal)
    mol = Chem.Mol(mol)
    Chem.AssignStereochemistryFrom3D(mol, replaceExistingTags=True)
    return mol
