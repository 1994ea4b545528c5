"""Train, validation and test parts: random and by scaffold, never one InChI on two sides."""

import csv
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import numpy as np
from rdkit.Chem.Scaffolds import MurckoScaffold
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from groundstate.files import atomic_path
from groundstate.seeds import derive_seed

PARTS = np.array(["train", "validation", "test"])
NAMES = ["", *PARTS.tolist()]  # what a code stands for: no part, or one of them


def murcko_scaffold(smiles: str) -> str:
    """Murcko scaffold as SMILES without chirality; empty for every acyclic molecule."""
    return MurckoScaffold.MurckoScaffoldSmiles(smiles=smiles, includeChirality=False)


def random_group_key(seed: int, inchi: str) -> int:
    """Where the group ``inchi`` stands in the shuffled order of ``random_split``."""
    return derive_seed(seed, "split", inchi)


def random_split(keys: Sequence[int] | np.ndarray, fractions: tuple[float, float]) -> np.ndarray:
    """Cut shuffled groups at ``fractions`` (train, validation) of the molecules.

    Parameters
    ----------
    keys
        ``random_group_key`` of each molecule: equal keys are one group, their order is the shuffle. It
        depends on seed and InChI alone, not on the order of the molecules.

    Returns
    -------
    np.ndarray
        (n,) of ``train``, ``validation``, ``test``. A group goes where its middle falls.
    """
    _, group, sizes = np.unique(np.asarray(keys, np.uint64), return_inverse=True, return_counts=True)
    middle = np.cumsum(sizes) - sizes / 2
    part = np.searchsorted(np.cumsum(fractions) * len(keys), middle, side="right")
    return PARTS[part[group]]


def molecule3d_random_split(count: int, fractions: tuple[float, float], seed: int = 42) -> np.ndarray:
    """Split as Molecule3D at random: indices shuffled as in scikit-learn, cut at int(fraction * count).

    Molecules are not grouped, so one InChI may sit on two sides: for comparison with published figures only.
    With 3,899,647 molecules, 0.6 and 0.2 it gives the published 2,339,788 / 779,929 / 779,930.
    """
    order = np.arange(count)
    np.random.RandomState(seed).shuffle(order)  # the generator that the published split was drawn from
    ends = [int(end * count) for end in (fractions[0], sum(fractions))]
    part = np.empty(count, int)
    part[order] = np.repeat([0, 1, 2], [ends[0], ends[1] - ends[0], count - ends[1]])
    return PARTS[part]


def within_test(parts: np.ndarray, split: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
    """Cut the test part of a split again (the property experiment): empty text for all other molecules.

    ``split`` gets the indices of the test molecules and returns a part for each.
    """
    test = np.flatnonzero(parts == "test")
    inner = np.full(len(parts), "", PARTS.dtype)
    inner[test] = split(test)
    return inner


def scaffold_split(groups: Sequence[int] | np.ndarray, fractions: tuple[float, float]) -> np.ndarray:
    """Split by the greedy rule of Molecule3D: biggest scaffold first.

    It goes into train while it fits, then into validation, then into test. Sets are sorted by (size, index
    of the first member), both descending, and stay whole.

    Parameters
    ----------
    groups
        A number per molecule; those of equal number share a scaffold (see ``merge_groups``).

    Source: Xu et al., arXiv 2110.01717, and the splitter in its repository.
    """
    _, first, group, sizes = np.unique(
        np.asarray(groups), return_index=True, return_inverse=True, return_counts=True
    )
    train_end, validation_end = np.cumsum(fractions) * len(groups)
    part = np.empty(len(sizes), int)
    train = validation = 0
    for index in np.lexsort((first, sizes))[::-1]:
        if train + sizes[index] <= train_end:
            part[index], train = 0, train + sizes[index]
        elif train + validation + sizes[index] <= validation_end:
            part[index], validation = 1, validation + sizes[index]
        else:
            part[index] = 2
    return PARTS[part[group]]


def merge_groups(first: Sequence[int] | np.ndarray, second: Sequence[int] | np.ndarray) -> np.ndarray:
    """Merge two groupings: number the sets of molecules that either grouping joins, directly or in a chain.

    Tautomers share an InChI but may differ in scaffold; joining both keeps each InChI on one side.
    """
    _, rows = np.unique(np.asarray(first), return_inverse=True)
    _, columns = np.unique(np.asarray(second), return_inverse=True)
    if not len(rows):
        return np.zeros(0, int)
    columns = columns + rows.max() + 1
    size = columns.max() + 1
    graph = coo_array((np.ones(len(rows), bool), (rows, columns)), shape=(size, size))
    return connected_components(graph, directed=False)[1][rows]


def codes_of(parts: np.ndarray) -> np.ndarray:
    """Turn parts into places in ``NAMES``: one byte per molecule instead of forty."""
    codes = np.zeros(len(parts), np.uint8)
    for code, name in enumerate(NAMES):
        codes[parts == name] = code
    return codes


def write_splits(path: str | Path, ids: Iterable[str], **columns: np.ndarray) -> None:
    """Write ``splits.csv``: id, then a column of codes per split, by name, in the order of ``ids``."""
    with atomic_path(path) as temporary, temporary.open("w", newline="", encoding="utf-8") as handle:
        writer = csv.writer(handle, lineterminator="\n")
        writer.writerow(["id", *columns])
        for name, *codes in zip(ids, *columns.values(), strict=True):
            writer.writerow([name, *(NAMES[code] for code in codes)])
