"""Tiny trained models, made in seconds from the committed rows."""

from pathlib import Path

from groundstate.crystals.dataset.prepare import prepare as prepare_crystals
from groundstate.crystals.dataset.settings import PrepareCrystals
from groundstate.crystals.models.settings import TrainCrystals
from groundstate.crystals.models.train import train as train_crystals
from groundstate.molecules.conformers.embed import embed_conformers
from groundstate.molecules.conformers.settings import EmbedConformers
from groundstate.molecules.dataset.prepare import prepare_molecules
from groundstate.molecules.dataset.readers.formats import read_entries
from groundstate.molecules.dataset.settings import PrepareMolecules
from groundstate.molecules.models.examples import DataSet
from groundstate.molecules.models.settings import TrainGeometry
from groundstate.molecules.models.train import train as train_geometry
from groundstate.records import MOLECULE_SCHEMA, read_records, read_split
from groundstate.settings import parse_settings

DATA = Path(__file__).parent / "data"
GEOMETRY = (
    '{"gaunt": {"channels": 4, "features": 8, "layers": 1, "radial": 6}, '
    '"training": {"max_steps": 6, "batch_size": 4, "learning_rate": 0.01}}'
)
CRYSTALS = (
    '{"compact": {"width": 32, "layers": 1, "composition_width": 32, "composition_layers": 1,'
    ' "sampling_steps": 5}, "training": {"max_steps": 12, "batch_size": 8, "checkpoint_every": 6}}'
)


def geometry_checkpoint(folder: Path) -> Path:
    """Train `gaunt` for six steps on thirty rows of QM9."""
    rows = [DATA / "qm9_rows.zip"]
    prepare_molecules(lambda: read_entries("qm9pack", rows), PrepareMolecules(max_molecules=30), folder)
    records, splits = folder / "records.parquet", folder / "splits.csv"
    embed_conformers(
        read_records(records, MOLECULE_SCHEMA),
        read_split(splits, "random", "test"),
        EmbedConformers(num_conformers=2, max_iterations=3),
        1,
        folder / "conformers",
    )
    conformers = folder / "conformers/conformers.parquet"
    data = DataSet("", records, splits, conformers)
    train_geometry([data], "gaunt", parse_settings(TrainGeometry, GEOMETRY), 0, folder / "model")
    return folder / "model/best.ckpt"


def crystal_checkpoint(folder: Path) -> Path:
    """Train `unimat-compact` for twelve steps on rows of the Materials Project."""
    prepare_crystals([DATA / "flla_rows.tar.gz"], "flla", PrepareCrystals(), folder, [])
    train_crystals(
        folder / "records.parquet",
        folder / "splits.csv",
        "unimat-compact",
        parse_settings(TrainCrystals, CRYSTALS),
        1,
        folder / "model",
    )
    return folder / "model/best.ckpt"
