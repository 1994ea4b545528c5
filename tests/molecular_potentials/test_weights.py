"""The cache of the AIMNet2 weights: what is used, and what is said where nothing can be had."""

from pathlib import Path

import pytest

from groundstate.errors import GroundstateError
from groundstate.molecular_potentials.weights import ENSEMBLE, NETWORK, WHEEL, cache_folder, read_weights


@pytest.fixture
def offline(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A cache folder, and pip without an index."""
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("GROUNDSTATE_CACHE", str(tmp_path))
    return tmp_path


def test_without_network_a_sentence_names_the_file_and_a_file_of_another_hash_is_never_used(
    offline: Path,
) -> None:
    for name in (NETWORK.file, WHEEL):
        (offline / name).write_bytes(b"not the weights")
    with pytest.raises(GroundstateError) as error:
        read_weights(NETWORK)
    for part in (WHEEL, "bff5fbdd0d57", str(offline), "GROUNDSTATE_CACHE"):
        assert part in str(error.value)


def test_a_chosen_folder_that_cannot_be_written_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    file = tmp_path / "file"
    file.touch()
    monkeypatch.setenv("GROUNDSTATE_CACHE", str(file / "cache"))
    with pytest.raises(GroundstateError, match="may not be written to"):
        cache_folder()


def test_a_home_that_cannot_be_written_is_passed_over(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    file = tmp_path / "file"
    file.touch()
    monkeypatch.delenv("GROUNDSTATE_CACHE", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(file))
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    assert cache_folder().parent == tmp_path
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    assert cache_folder() == tmp_path / "cache" / "groundstate"


@pytest.mark.network
def test_the_ensemble_is_fetched_with_the_network() -> None:
    try:
        assert len(read_weights(NETWORK)) == 11_587_050
        assert len(read_weights(ENSEMBLE)) == 46_388_977
    except GroundstateError as error:
        pytest.skip(str(error))
