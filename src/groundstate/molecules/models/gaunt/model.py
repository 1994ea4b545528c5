"""The ``gaunt`` model: rank the candidate geometries of a molecule, refine the best."""

from collections.abc import Iterator, Sequence
from typing import Any, cast

import numpy as np
import torch
from rdkit import Chem
from torch import Tensor

from groundstate.molecules.conformers.candidates import Candidates, candidates_of, centred
from groundstate.molecules.conformers.hydrogen_numbering import NO_RULES, numbering_rules
from groundstate.molecules.models.base import GeometryModel, Prediction, moved
from groundstate.molecules.models.calibration import Evidence, calibrations, evidence_of
from groundstate.molecules.models.distogram.model import DistogramModel
from groundstate.molecules.models.examples import Molecule, TrainingPart
from groundstate.molecules.models.gaunt.batches import (
    GauntBatch,
    GauntExample,
    batch_of,
    joined,
    parts_of,
    potential_energies,
)
from groundstate.molecules.models.gaunt.choice import (
    CHOICES,
    Choice,
    RankedCandidate,
    candidate_errors,
    ranked,
    usual_choices,
)
from groundstate.molecules.models.gaunt.ranker import Ranker, collate_candidates
from groundstate.molecules.models.gaunt.ranking_loss import energy_loss, log_softmax_within, ranking_loss
from groundstate.molecules.models.gaunt.refinement_loss import refinement_loss
from groundstate.molecules.models.gaunt.refiner import Refiner
from groundstate.molecules.models.gaunt.unrefined import unrefined
from groundstate.molecules.models.gaunt.validation import validated
from groundstate.molecules.models.graphs.graph import (
    ATOM_FEATURES,
    MoleculeGraph,
    collate,
    graph_of,
    padded,
)
from groundstate.molecules.models.settings import TrainGeometry

RANKING_WEIGHT = 0.1  # of the ranking loss, beside distances in angstrom
ENERGY_WEIGHT = 0.1  # of the error of relative energies in kcal/mol, the same


class GauntModel(GeometryModel):
    """A ranker and a refiner, trained together on the same molecules; they share no weights.

    Trained on several data sets, it knows the convention of each, one of which a prediction chooses: level of
    theory, which conformer is called the ground state, how hydrogens are numbered.

    A distogram that ``join`` adds tells the ranker which distances a data set has; how far it is to be
    trusted stands in ``config["trust"]``, by convention ("" of one data set).
    """

    choices = CHOICES

    def __init__(self, config: dict[str, Any]) -> None:
        super().__init__(config)
        atom_features = len(config["elements"]) + ATOM_FEATURES + len(self.conventions)
        self.refiner = Refiner(atom_features, **config["refiner"])
        self.ranker = Ranker(atom_features, **config["ranker"])
        self.distogram = DistogramModel(config["distogram"]) if "distogram" in config else None

    @classmethod
    def own_config(cls, molecules: TrainingPart, settings: TrainGeometry) -> dict[str, Any]:
        """Give the sizes of the networks, and how the training part (each of several) numbers hydrogens."""
        sizes = settings.gaunt.model_dump()
        config = {"ranker": sizes.pop("ranker"), "refiner": sizes}

        def rules(part: TrainingPart) -> dict[str, dict[str, int]]:
            return numbering_rules(part.records) if settings.hydrogen_numbering else NO_RULES

        if not molecules.parts:
            return {"hydrogen_numbering": rules(molecules)} | config
        conventions = {name: _of_a_hand(rules(part)) for name, part in molecules.parts.items()}
        return {"conventions": conventions} | config

    def example(self, molecule: Molecule, reference: np.ndarray) -> GauntExample | None:
        """Make graph, candidates and their errors; None for a molecule without a sound start geometry."""
        molecule = molecule.with_hydrogens()
        if super().example(molecule, reference) is None:
            return None
        candidates = self._candidates(molecule)
        if candidates.failed is not None:
            return None
        lacking = np.full((molecule.mol.GetNumAtoms() - len(reference), 3), np.nan)
        reference = np.concatenate([centred(reference), lacking])
        rules = self.rules(molecule.convention)
        by_number = not self.conventions or bool(rules["hand"])
        errors = candidate_errors(molecule.mol, candidates.positions, reference, by_number)
        graph = self._graph(molecule)
        energies = potential_energies(candidates)
        return GauntExample(molecule.mol, graph, candidates, reference, errors, energies, molecule.convention)

    def batch(self, examples: Sequence[GauntExample], generator: torch.Generator | None) -> GauntBatch:
        """Join examples; one candidate of each, drawn or (in validation) the first, is to be refined."""
        return batch_of(examples, generator)

    def loss(self, batch: GauntBatch, generator: torch.Generator) -> tuple[Tensor, dict[str, Tensor]]:
        """Add the distance loss of the refiner and both losses of the ranker; draws nothing."""
        geometries = self.refiner(batch.graph, batch.start)
        total, parts = refinement_loss([padded(one, batch.graph) for one in geometries], batch.target)
        scores, energies = self.ranker(batch.graph, batch.candidates)
        owner, molecules = batch.candidates.molecule, batch.candidates.molecules
        ranking, chosen = ranking_loss(scores, batch.errors, owner, molecules)
        energy = energy_loss(energies, batch.energies, owner, molecules)
        parts |= {"ranking": ranking.detach(), "chosen_mae": chosen, "energy_mae": energy.detach()}
        return total + RANKING_WEIGHT * ranking + ENERGY_WEIGHT * energy, parts

    def calibrate(self, examples: Sequence[GauntExample]) -> dict[str, Any]:
        """Fit the RMSDs of heavy atoms to what is seen of a molecule; see ``calibration``.

        Of several data sets, also decide how a conformer is chosen in each convention that numbers no
        hydrogens: by energy, unless the ranker is nearer to the references of the validation part.
        """
        results = validated(self, examples)
        errors = {choose: [error for _, error in pairs] for choose, pairs in results.items()}
        names = [name for name in self.conventions if not self.rules(name)["hand"]]
        usual = usual_choices(names, [one.convention for one in examples], errors)
        chosen = [
            results[usual.get(one.convention or "", "distances")][index] for index, one in enumerate(examples)
        ]
        return calibrations(chosen, [one.convention for one in examples]) | {"choices": usual}

    def predict(self, molecules: Sequence[Molecule], keep: int) -> list[list[Prediction]]:
        """Rank the candidates of each molecule, refine the first ``keep``; mirror images count once.

        A model of several data sets gives the conformers of lowest energy, as they are, of a molecule with an
        element that none of them has.
        """
        whole = [
            one._replace(convention=one.convention or self.convention).with_hydrogens() for one in molecules
        ]
        elements = {*self.config["elements"]}
        known = [{atom.GetAtomicNum() for atom in one.mol.GetAtoms()} <= elements for one in whole]
        ranked = [one for one, learned in zip(whole, known, strict=True) if learned]
        made = iter(
            self._predict(
                [one.mol for one in ranked],
                [self._graph(one) for one in ranked],
                [self._candidates(one) for one in ranked],
                keep,
                [cast(Choice, self.choose) or self._usual_choice(one.convention) for one in ranked],
            )
            if ranked
            else []
        )
        predictions = [
            next(made) if learned else unrefined(one, keep, self.config.get("domain"))
            for one, learned in zip(whole, known, strict=True)
        ]
        return [
            [one.of_atoms(molecule.mol.GetNumAtoms()) for one in some]
            for molecule, some in zip(molecules, predictions, strict=True)
        ]

    def _predict(
        self,
        mols: Sequence[Chem.Mol],
        graphs: Sequence[MoleculeGraph],
        candidates: Sequence[Candidates],
        keep: int,
        choices: Sequence[Choice] | None = None,
    ) -> list[list[Prediction]]:
        chosen: list[tuple[int, RankedCandidate]] = []
        for number, order in enumerate(self.rank(mols, graphs, candidates, choices)):
            different: dict[int, RankedCandidate] = {}
            for one in order:
                different.setdefault(candidates[number].rows[one.number]["conformer"], one)
            chosen += [(number, one) for one in list(different.values())[:keep]]
        predictions: list[list[Prediction]] = [[] for _ in graphs]
        made = self.predictions_of(mols, graphs, candidates, chosen)
        for (number, _), prediction in zip(chosen, made, strict=True):
            predictions[number].append(prediction)
        return predictions

    def predictions_of(
        self,
        mols: Sequence[Chem.Mol],
        graphs: Sequence[MoleculeGraph],
        candidates: Sequence[Candidates],
        chosen: Sequence[tuple[int, RankedCandidate]],
    ) -> Iterator[Prediction]:
        """Refine the ``chosen`` candidates, each with the number of its molecule."""
        starts = [candidates[number].positions[one.number] for number, one in chosen]
        refined = self.refine([graphs[number] for number, _ in chosen], starts)
        known: dict[int, Evidence] = {}  # what does not depend on the candidate
        for (number, one), start, positions in zip(chosen, starts, refined, strict=True):
            some = candidates[number]
            properties = {
                "origin": some.rows[one.number]["origin"],
                "candidate_probability": f"{one.probability:.3f}",
            }
            failed = some.failed and f"the start geometry is not sound: {some.failed}"
            if number not in known:
                known[number] = evidence_of(mols[number], 0.0, 0.0, one.spread, self.config.get("domain"))
            evidence = known[number]._replace(expected_rmsd=one.expected_rmsd, thermal_rmsd=one.thermal_rmsd)
            yield Prediction(start if failed else positions, properties, failed, start, evidence)

    @property
    def takes_any_element(self) -> bool:
        """Whether molecules of other elements get a start geometry: with a model of several data sets."""
        return bool(self.conventions)

    def rules(self, convention: str | None) -> dict[str, dict[str, int]]:
        """Give the rules by which a convention numbers hydrogens."""
        if not self.conventions:
            return self.config["hydrogen_numbering"]
        return self.config["conventions"][convention or self.convention]

    def _usual_choice(self, convention: str | None) -> Choice:
        """By distances where atoms are numbered by a rule, else as the validation part decided."""
        if not self.conventions or self.rules(convention)["hand"]:
            return "distances"
        return cast(Choice, self.config.get("choices", {}).get(convention, "rmsd"))

    def _candidates(self, molecule: Molecule) -> Candidates:
        return candidates_of(molecule.mol, molecule.starts, self.rules(molecule.convention))

    def _graph(self, molecule: Molecule) -> MoleculeGraph:
        """Make the graph; every atom carries the convention."""
        graph = graph_of(molecule.mol, self.config["elements"])
        if not self.conventions:
            return graph
        name = molecule.convention or self.convention
        marks = np.array([[float(one == name) for one in self.conventions]], np.float32)
        marks = marks.repeat(len(graph.atoms), 0)
        return graph._replace(atoms=np.concatenate([graph.atoms, marks], axis=1))

    def rank(
        self,
        mols: Sequence[Chem.Mol],
        graphs: Sequence[MoleculeGraph],
        candidates: Sequence[Candidates],
        choices: Sequence[Choice] | None = None,
    ) -> list[list[RankedCandidate]]:
        """Order the candidates of each molecule by the error that is to be expected of them (``choice``)."""
        orders = []
        for part in parts_of(graphs, candidates):
            geometries = [one.positions for one in candidates[part]]
            graph = collate(graphs[part])
            data = collate_candidates(
                graphs[part], graph, geometries, [one.hints for one in candidates[part]]
            )
            with torch.no_grad():
                graph, data = moved(graph, self.device), moved(data, self.device)
                scores, energies = self.ranker(graph, data)
                scores = scores + self._from_distances(mols[part], graphs[part], candidates[part])
                logarithms = log_softmax_within(scores, data.molecule, data.molecules)
            sizes = [len(one) for one in geometries]
            shares = logarithms.exp().double().cpu().split(sizes)
            heights = energies.double().cpu().split(sizes)
            some = choices[part] if choices else ["distances"] * len(geometries)
            own = zip(mols[part], candidates[part], shares, heights, some, strict=True)
            for mol, one, share, height, choose in own:
                orders.append(ranked(mol, one, share.numpy(), height.numpy(), cast(Choice, choose)))
        return orders

    def _from_distances(
        self, mols: Sequence[Chem.Mol], graphs: Sequence[MoleculeGraph], candidates: Sequence[Candidates]
    ) -> Tensor:
        """Give what the distogram adds to the scores of all candidates (C,); zero without one.

        It has learned references, so it judges refined geometries; those of one shape alike.
        """
        names, trusts = [*self.conventions], self.config.get("trust", {})
        added = [np.zeros(len(some.positions)) for some in candidates]
        for row, (mol, graph, some) in enumerate(zip(mols, graphs, candidates, strict=True)):
            if self.distogram is not None:
                name = names[int(graph.atoms[0, -len(names) :].argmax())] if names else ""
                if trust := trusts.get(name, 0.0):
                    _, first, shape = np.unique(some.shapes, return_index=True, return_inverse=True)
                    refined = self.refine([graph] * len(first), [some.positions[k] for k in first])
                    added[row] = trust * self.distogram.log_likelihoods(mol, name, refined)[shape]
        return torch.from_numpy(np.concatenate(added)).float().to(self.device)

    def refine(self, graphs: Sequence[MoleculeGraph], starts: Sequence[np.ndarray]) -> list[np.ndarray]:
        """Refine one geometry (n, 3) of each molecule, in angstrom."""
        graph = moved(collate(graphs), self.device)
        with torch.no_grad():
            refined = self.refiner(graph, joined(starts).to(self.device))[-1]
        return [part.double().cpu().numpy() for part in refined.split([len(start) for start in starts])]


def _of_a_hand(rules: dict[str, dict[str, int]]) -> dict[str, dict[str, int]]:
    """Give the rules of a data set that numbers hydrogens by one at all: a count alone always finds some."""
    return rules if rules["hand"] else NO_RULES
