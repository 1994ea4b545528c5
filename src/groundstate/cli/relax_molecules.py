"""Command ``groundstate relax molecules``."""

from pathlib import Path
from typing import Annotated

import typer

from groundstate.cli.ending import ending
from groundstate.errors import GroundstateError
from groundstate.files import rejected_file
from groundstate.ground_states.relax_file import relax_sdf
from groundstate.molecular_potentials.interface import find_molecular_potential
from groundstate.molecular_potentials.settings import RelaxMolecules
from groundstate.plugins import MOLECULAR_POTENTIALS


def command(
    input: Annotated[Path, typer.Option(help="SDF of geometries with all hydrogens")],
    output: Annotated[Path, typer.Option(help="SDF to write, name.sdf; name.rejected.csv goes beside it")],
    method: Annotated[
        str,
        typer.Option(
            "--method",
            "--potential",
            help=f"{', '.join(MOLECULAR_POTENTIALS)}, best.ckpt of a trained potential, or "
            "package.module:Class of your own",
        ),
    ] = "aimnet2",
    fmax: Annotated[
        float, typer.Option(min=1e-4, help="Largest force on an atom of a minimum, eV/angstrom")
    ] = RelaxMolecules().fmax,
    max_calls: Annotated[
        int, typer.Option(min=1, help="Energies per structure after which it counts as not converged")
    ] = RelaxMolecules().max_calls,
    workers: Annotated[int, typer.Option(min=1, help="Worker processes")] = 1,
    device: Annotated[str, typer.Option(help="cpu or cuda; aimnet2 alone knows the latter")] = "cpu",
) -> None:
    """Relax molecules to the nearest minimum; one that changed bonds or stereo is flagged and not moved.

    Example: groundstate relax molecules --input my.sdf --output relaxed.sdf --method aimnet2
    """
    potential = find_molecular_potential(method, device)
    counts = relax_sdf(input, output, potential, RelaxMolecules(fmax=fmax, max_calls=max_calls), workers)
    written, flagged = counts["relaxed"] + counts["flagged"], counts["flagged"]
    if not written:
        raise GroundstateError(f"{input}: no record could be relaxed; see {rejected_file(output)}")
    said = ending(written, counts["read"], "molecules", output, rejected_file(output))
    typer.echo(said + (f"; {flagged} flagged (property flag says why)" if flagged else ""))
