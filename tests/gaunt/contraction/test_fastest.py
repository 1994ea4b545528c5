"""The kernels of method="fastest": measured once, kept, never used unasked."""

import json

import pytest
import torch

from groundstate.c_kernels import compiler
from groundstate.gaunt import gaunt_product
from groundstate.gaunt.contraction import fastest, rules
from groundstate.gaunt.kernels import library
from groundstate.gaunt.kernels.machine import cache_file

needs_compiler = pytest.mark.skipif(compiler() is None, reason="no C compiler")
CACHED = (fastest._has_compiler, fastest._python_rules, fastest._compiled_rules)


@pytest.fixture(autouse=True)
def fresh(tmp_path, monkeypatch):
    """A cache folder of its own, and nothing remembered."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    for function in CACHED:
        function.cache_clear()
    yield
    for function in CACHED:
        function.cache_clear()


@needs_compiler
def test_the_kernel_in_c_is_used_but_for_a_few_rows_and_the_measurement_is_kept():
    torch.manual_seed(0)
    expected = torch.randn(3)
    torch.manual_seed(0)
    assert fastest.kernel(6, 1000, 64) == "compiled"
    assert torch.equal(torch.randn(3), expected)  # measuring takes nothing from the random stream
    assert fastest.kernel(9, 10**6, 1) == "compiled"
    path = cache_file("compiled.json", torch.__version__)
    kept = json.loads(path.read_text())
    assert set(kept) == {str(3 * lmax) for lmax in fastest.DEGREES}
    path.write_text(json.dumps(dict.fromkeys(kept, 10**9)))  # a machine where calls into C cost much
    fastest._compiled_rules.cache_clear()
    assert fastest.kernel(3, 10, 1) == rules.kernel(3, 10, 1, "auto") == "dense"
    path.write_text("{damaged")
    fastest._compiled_rules.cache_clear()
    assert fastest.kernel(6, 1000, 64) == "compiled"


def test_without_a_compiler_one_sentence_and_the_measured_thresholds(monkeypatch):
    times = {"dense": 1.0, "plain": 2.0, "full": 4.0, "halves": 3.0, "terms": 3.5}
    measured = []

    def seconds(lmax, batch, channels, kernels, runs):
        measured.append(lmax)
        return {name: times[name] for name in kernels}

    monkeypatch.setattr(fastest, "seconds", seconds)
    monkeypatch.setattr(fastest, "compiler", lambda: None)
    with pytest.warns(RuntimeWarning, match=r"no C compiler \(cc, gcc, clang, or the one that CC names\)"):
        assert fastest.kernel(6, 10, 1) == "dense"
    assert fastest.kernel(12, 10, 1) == "plain"
    assert fastest.kernel(6, 1000, 64) == "terms"
    assert fastest.kernel(30, 1000, 64) == "halves"
    count = len(measured)
    fastest._python_rules.cache_clear()
    assert fastest.kernel(6, 10, 1) == "dense"
    assert len(measured) == count  # read from the cache


def test_a_folder_that_can_not_be_written_is_no_obstacle(tmp_path, monkeypatch):
    (tmp_path / "groundstate").write_text("a file in the way")
    monkeypatch.setattr(fastest, "seconds", lambda *given: dict.fromkeys(given[3], 1.0))
    monkeypatch.setattr(fastest, "_has_compiler", lambda: False)
    with pytest.warns(RuntimeWarning, match="can't be written: it is measured again next time"):
        fastest.kernel(6, 10, 1)


@needs_compiler
def test_it_measures_inside_any_mode_and_computes_the_same_function():
    x = torch.randn(300, 9, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    expected = gaunt_product(x, x, 2, method="dense")
    for context in (torch.no_grad, torch.inference_mode, torch.enable_grad):
        for function in CACHED:
            function.cache_clear()
        cache_file("compiled.json", torch.__version__).unlink(missing_ok=True)
        with context():
            found = gaunt_product(x, x, 2, method="fastest")
        torch.testing.assert_close(found, expected, atol=1e-13, rtol=1e-12)
    for function in CACHED:
        function.cache_clear()
    cache_file("compiled.json", torch.__version__).unlink()
    found = torch.vmap(lambda row: gaunt_product(row, row, 2, method="fastest"))(x)
    torch.testing.assert_close(found, expected, atol=1e-13, rtol=1e-12)


def test_auto_never_looks_at_this_machine(monkeypatch):
    def refuse(*_):
        raise AssertionError("measured")

    monkeypatch.setattr(fastest, "kernel", refuse)
    x = torch.ones(300, 9)
    gaunt_product(x, x, 2)
    assert not list(cache_file("x.y").parent.parent.glob("**/*.json"))


@needs_compiler
def test_the_library_is_kept_and_built_anew_where_it_is_damaged(tmp_path, monkeypatch):
    built = {}
    for name in ("whole", "damaged"):
        monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / name))
        if name == "damaged":
            path = tmp_path / name / built["whole"].relative_to(tmp_path / "whole")
            path.parent.mkdir(parents=True)
            path.write_bytes(b"damaged")
        library.library.cache_clear()
        library.library(torch.float64)
        (built[name],) = (tmp_path / name).glob("groundstate/gaunt/compiled_double-*.so")
        assert built[name].stat().st_size > 1000
    before = built["damaged"].stat().st_mtime_ns
    library.library.cache_clear()
    library.library(torch.float64)
    assert built["damaged"].stat().st_mtime_ns == before
    library.library.cache_clear()
