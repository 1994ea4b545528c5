"""Known crystals by their content, and the search for those whose elements are most alike."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import chain, groupby, islice, permutations, product

import numpy as np

from groundstate.crystals.crystal import Crystal
from groundstate.crystals.templates.elements import dissimilarity
from groundstate.crystals.templates.prototype import content, prototype

NEAREST = 200  # templates of the same content that are looked at
MOST_PERMUTATIONS = 720  # of elements with equal numbers of atoms

Content = tuple[int, ...]


@dataclass(frozen=True)
class Assignment:
    """A template by its index, and what takes the place of each of its elements.

    ``distance`` is the mean dissimilarity of the exchanged elements, ``kind`` the structure with them.
    """

    index: int
    elements: Mapping[int, int]
    distance: float
    kind: str


class TemplateLibrary:
    """Crystals that lend their structure to other compositions.

    Parameters
    ----------
    crystals
        Any crystals, ids unique.
    prototypes
        ``prototype`` of each where it is known; else found when it is needed.
    """

    def __init__(self, crystals: Sequence[Crystal], prototypes: Sequence[str] | None = None) -> None:
        self.crystals = list(crystals)
        self._prototypes: dict[int, str] = dict(enumerate(prototypes or ()))

    def __len__(self) -> int:
        """Count the crystals."""
        return len(self.crystals)

    def prototype(self, index: int) -> str:
        """Name the kind of structure of a template."""
        if index not in self._prototypes:
            self._prototypes[index] = prototype(self.crystals[index])
        return self._prototypes[index]

    @cached_property
    def by_content(self) -> dict[Content, tuple[np.ndarray, np.ndarray]]:
        """Numbers of atoms of the elements, rising -> indices (m,) and atomic numbers (m, elements)."""
        groups: dict[Content, list[tuple[int, list[int]]]] = {}
        for index, crystal in enumerate(self.crystals):
            items = content(crystal)
            key = tuple(count for _, count in items)
            groups.setdefault(key, []).append((index, [number for number, _ in items]))
        return {
            key: (np.array([index for index, _ in rows]), np.array([numbers for _, numbers in rows]))
            for key, rows in groups.items()
        }

    def assignments(
        self, counts: Mapping[int, int], without: Collection[str] = (), own_formula: bool = True
    ) -> list[Assignment]:
        """Rank the templates with the content of ``counts`` by the mean dissimilarity of exchanged elements.

        Of each kind of structure the nearest comes first; the others of its kind stand behind all kinds.

        Parameters
        ----------
        counts
            Atomic number -> atoms in the cell.
        without
            Ids that lend nothing.
        own_formula
            Whether a crystal of the very same composition may lend its structure.
        """
        near = self._near(counts, without, own_formula)
        if near is None:
            return []
        indices, numbers, placed, distances = near
        first: dict[str, Assignment] = {}
        further: list[Assignment] = []
        for flat in np.argsort(distances, axis=None, kind="stable"):
            row, order = divmod(int(flat), len(placed))
            index, distance = int(indices[row]), float(distances[row, order])
            if not np.isfinite(distance):
                break
            elements = dict(zip(numbers[row].tolist(), placed[order].tolist(), strict=True))
            assignment = Assignment(index, elements, distance, self._kind(index, elements))
            if first.setdefault(assignment.kind, assignment) is not assignment:
                further.append(assignment)
            if len(first) + len(further) == NEAREST:
                break
        return [*first.values(), *further]

    def nearest_distance(
        self, counts: Mapping[int, int], without: Collection[str] = (), own_formula: bool = True
    ) -> float:
        """Give the distance of the first of ``assignments``; infinite where there is none."""
        near = self._near(counts, without, own_formula)
        return float("inf") if near is None else float(near[3].min())

    def _near(
        self, counts: Mapping[int, int], without: Collection[str], own_formula: bool
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray] | None:
        """Find the templates of one content.

        Indices (m,), their elements (m, n), the elements of ``counts`` in every order that fits (orders, n),
        and the distances (m, orders), infinite for what may not lend; None where nothing has this content.
        """
        items = sorted(counts.items(), key=lambda item: (item[1], item[0]))
        key = tuple(count for _, count in items)
        if key not in self.by_content:
            return None
        indices, numbers = self.by_content[key]
        placed = np.array([number for number, _ in items])[equal_orders(key)]
        weights = np.sqrt(key) / np.sqrt(key).sum()
        distances = dissimilarity()[numbers[:, None, :], placed[None]] @ weights
        if not own_formula:
            distances[(distances == 0).any(axis=1)] = np.inf
        hidden = set(without)
        if hidden:
            distances[[self.crystals[index].id in hidden for index in indices]] = np.inf
        return indices, numbers, placed, distances

    def _kind(self, index: int, elements: Mapping[int, int]) -> str:
        """Name the kind of structure with the exchanged elements at their orbits."""
        group, *orbits = self.prototype(index).split(" ")
        own = [number for number, _ in content(self.crystals[index])]
        placed = sorted(f"{elements[z]}:{orbit}" for z, orbit in zip(own, orbits, strict=True))
        return " ".join([group, *placed])


def equal_orders(key: Content) -> np.ndarray:
    """Give every order of the elements that leaves their numbers of atoms in place, (orders, elements)."""
    blocks = [[place for place, _ in run] for _, run in groupby(enumerate(key), key=lambda item: item[1])]
    orders = product(*(permutations(block) for block in blocks))
    return np.array([[*chain.from_iterable(order)] for order in islice(orders, MOST_PERMUTATIONS)])
