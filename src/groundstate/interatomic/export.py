"""A trained potential as a program of its own, which runs where this package is not."""

import json
import shutil
import tempfile
from pathlib import Path

import torch
from ase.data import chemical_symbols
from torch import Tensor, nn
from torch.fx.experimental.proxy_tensor import make_fx

from groundstate.errors import GroundstateError
from groundstate.files import atomic_path
from groundstate.interatomic.calculator import load_network
from groundstate.interatomic.density import by_torch
from groundstate.interatomic.graph import GraphBatch
from groundstate.interatomic.network import DTYPES, GauntPotential

FORMS = ("package", "program")


class PairProgram(nn.Module):
    """Energies, forces and virial from the vectors of the edges.

    Inputs: ``vectors`` (e, 3) from receiver to sender, angstrom; ``species`` (n,) indices of the elements;
    ``senders`` and ``receivers`` (e,); int64. Outputs: energies per atom (n,), eV, with those of the isolated
    atoms; forces (n, 3), eV/angstrom; the derivatives of the energy by the vectors (e, 3); the virial (3, 3),
    eV, sum of vector times derivative, which is stress times volume.
    """

    network: GauntPotential
    numbers: Tensor

    def __init__(self, network: GauntPotential) -> None:
        super().__init__()
        self.network = network
        self.register_buffer("numbers", torch.tensor(network.elements))

    def forward(
        self, vectors: Tensor, species: Tensor, senders: Tensor, receivers: Tensor
    ) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Return energies, forces, pair derivatives and virial."""
        vectors = vectors.detach().requires_grad_()
        empty = vectors.new_zeros(0)
        batch = GraphBatch(
            species=species,
            numbers=self.numbers.index_select(0, species),
            positions=empty,
            cells=empty,
            sources=senders,
            targets=receivers,
            first=empty,
            shifts=empty,
            structure=empty,
            energies=empty,
            forces=empty,
            stresses=empty,
        )
        interaction = self.network.atomic_energy(batch, vectors)
        (pairs,) = torch.autograd.grad(interaction.sum(), vectors)
        energies = interaction.double() + self.network.atomic_energies.index_select(0, species)
        forces = pairs.new_zeros(species.shape[0], 3).index_add(0, receivers, pairs)
        forces = forces.index_add(0, senders, -pairs)
        return energies.detach(), forces, pairs, vectors.detach().t() @ pairs


def exported_program(network: GauntPotential) -> torch.export.ExportedProgram:
    """Return the program for any number of atoms and edges (at least two of each).

    The derivative by the vectors is traced into plain operations of torch: nothing of this package is left.
    """
    program = PairProgram(network.requires_grad_(False).eval())
    like = next(network.parameters())
    generator = torch.Generator().manual_seed(0)
    vectors = 0.5 * network.settings.cutoff * torch.randn(12, 3, generator=generator).to(like)
    places = torch.arange(12, device=like.device)
    given = (vectors, places[:5] % len(network.elements), places % 5, (places + 1) % 5)
    atoms, edges = torch.export.Dim("atoms", min=2), torch.export.Dim("edges", min=2)
    shapes = ({0: edges}, {0: atoms}, {0: edges}, {0: edges})
    with by_torch():
        traced = make_fx(program, tracing_mode="symbolic", _allow_non_fake_inputs=True)(*given)
        return torch.export.export(traced, given, dynamic_shapes=shapes)


def export(checkpoint: Path, output: Path, form: str = "package", precision: str = "float64") -> None:
    """Write a potential as a file that needs torch and nothing of this package.

    Parameters
    ----------
    checkpoint
        ``best.ckpt``.
    output
        The file, ``.pt2``.
    form
        ``package``: compiled ahead of time for this processor (AOTInductor; a C++ compiler is needed), for
        ``torch._inductor.aoti_load_package`` or ``AOTIModelPackageLoader`` in C++; ``program``: for
        ``torch.export.load`` on any machine.
    precision
        ``float32`` or ``float64``, also that of the vectors handed in.

    Raises ``GroundstateError`` where the checkpoint is none, a word is unknown, or the package cannot be
    compiled.
    """
    if form not in FORMS or precision not in DTYPES:
        raise GroundstateError(
            f"export: form {form!r} of {', '.join(FORMS)}; precision one of {', '.join(DTYPES)}"
        )
    network = load_network(checkpoint, "cpu", DTYPES[precision])
    program = exported_program(network)
    about = {
        "elements": " ".join(chemical_symbols[z] for z in network.elements),
        "cutoff": str(network.settings.cutoff),
        "precision": precision,
    }
    with atomic_path(output) as temporary:
        if form == "program":
            torch.export.save(program, temporary, extra_files={"groundstate.json": json.dumps(about)})
            return
        with tempfile.TemporaryDirectory() as folder:  # Inductor wants a name that ends in .pt2
            path = str(Path(folder) / "potential.pt2")
            try:
                torch._inductor.aoti_compile_and_package(
                    program, package_path=path, inductor_configs={"aot_inductor.metadata": about}
                )
            except (RuntimeError, OSError) as error:
                reason = str(error).strip().splitlines()[0]
                raise GroundstateError(
                    f"{output}: not compiled ({reason}); it needs g++ or clang++, or take `--form program`"
                ) from None
            shutil.copyfile(path, temporary)
