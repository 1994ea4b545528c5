"""The fastest kernel of this machine: measured once, in a few seconds, and kept in the user's cache folder.

Another kernel rounds otherwise. What a training computes must not depend on the machine it ran on unseen, so
nothing here is used unless ``method="fastest"`` asks for it.
"""

import json
import time
import warnings
from functools import lru_cache
from pathlib import Path
from typing import cast

import torch
from torch._functorch.pyfunctorch import temporarily_clear_interpreter_stack
from torch.utils._python_dispatch import _disable_current_modes

from groundstate.c_kernels import compiler
from groundstate.files import write_json
from groundstate.gaunt.basis.forms import Contraction, Port
from groundstate.gaunt.contraction.function import CORES, contracted
from groundstate.gaunt.contraction.rules import SHIPPED, Rules, by_rules, limit
from groundstate.gaunt.kernels.machine import cache_file

DEGREES = (1, 2, 3, 4, 6, 8, 10)
COLUMNS = (16, 64, 160, 640, 1600)
NO_COMPILER = (
    "method='fastest': no C compiler (cc, gcc, clang, or the one that CC names), so the kernels in Python "
    "are used, which take about 1.4 to 3 times as long"
)


def kernel(exact: int, batch: int, channels: int) -> str:
    """Return the name of the fastest kernel on this CPU; sizes as in `rules.kernel`.

    Warns once, in one sentence, where there is no C compiler.
    """
    if not _has_compiler():
        return by_rules(_python_rules(), exact, batch, channels, table=True)
    name = by_rules(SHIPPED, exact, batch, channels, table=True)
    few = batch * channels <= limit(_compiled_rules(), exact)
    return name if name in CORES and few else "compiled"


@lru_cache(maxsize=1)
def _has_compiler() -> bool:
    if compiler() is None:
        warnings.warn(NO_COMPILER, RuntimeWarning, stacklevel=2)
        return False
    return True


@lru_cache(maxsize=1)
def _python_rules() -> Rules:
    path = cache_file("rules.json", torch.__version__)
    kept = _read(path)
    if kept is not None and set(kept) == set(SHIPPED):
        return cast(Rules, kept)
    rules = measured_rules(3)
    _keep(path, rules)
    return rules


@lru_cache(maxsize=1)
def _compiled_rules() -> dict[str, int]:
    """Columns up to which the plain operations beat the kernel in C, by degree."""
    path = cache_file("compiled.json", torch.__version__)
    kept = _read(path)
    if kept is None:
        kept = {}
        for lmax in DEGREES:
            others = ("plain", "dense") if lmax <= 2 else ("plain",)
            kept[str(3 * lmax)] = _last_win(lmax, others, ("compiled",), 5)
        _keep(path, kept)
    return kept


def _read(path: Path) -> dict | None:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None


def _keep(path: Path, value: object) -> None:
    try:
        write_json(path, value)
    except OSError:
        warnings.warn(
            f"{path} can't be written: it is measured again next time", RuntimeWarning, stacklevel=2
        )


def measured_rules(runs: int) -> Rules:
    """Measure the thresholds between the kernels in Python, in the form of ``rules.json``."""
    dense = {str(3 * lmax): _last_win(lmax, ("dense",), ("plain", "full"), runs) for lmax in DEGREES[:3]}
    plain = {str(3 * lmax): _last_win(lmax, ("plain",), ("full", "halves"), runs) for lmax in DEGREES}
    plain["60"] = plain[str(3 * DEGREES[-1])]
    entries = 0
    for lmax in DEGREES[:3]:
        times = seconds(lmax, 250, 64, ("terms", "full"), runs)
        if times["terms"] > times["full"]:
            break
        entries = 3 * lmax
    start = {}
    for name, batch, channels in (("one channel", 4000, 1), ("many channels", 60, 64)):
        wins = []
        for lmax in DEGREES:
            times = seconds(lmax, batch, channels, ("full", "halves"), runs)
            wins.append(times["halves"] < times["full"])
        first = next((index for index in range(len(wins)) if all(wins[index:])), None)
        start[name] = 10**6 if first is None else 3 * DEGREES[first]
    return {
        "dense_up_to_columns": dense,
        "plain_up_to_columns": plain,
        "terms_up_to_degree": entries,
        "halves_from_degree": start,
    }


def _last_win(lmax: int, contenders: tuple[str, ...], others: tuple[str, ...], runs: int) -> int:
    """Largest number of columns up to which one of the contenders beats all others; 0 if none does."""
    best = 0
    for columns in COLUMNS:
        times = seconds(lmax, columns, 1, (*contenders, *others), runs)
        if min(times[name] for name in contenders) > min(times[name] for name in others):
            break
        best = columns
    return best


def seconds(lmax: int, batch: int, channels: int, kernels: tuple[str, ...], runs: int) -> dict[str, float]:
    """Return the shortest time of `runs` forward and backward passes of every kernel, in one thread."""
    port = Port(tuple(range(lmax + 1)), channels)
    form, threads = Contraction(port, port, port), torch.get_num_threads()
    times = dict.fromkeys(kernels, float("inf"))
    with (
        _disable_current_modes(),
        temporarily_clear_interpreter_stack(),
        torch.inference_mode(False),
        torch.enable_grad(),
    ):
        generator = torch.Generator().manual_seed(0)  # the global random stream stays as it is
        x, y, g = (torch.randn(batch, port.size * channels, generator=generator) for _ in range(3))
        x.requires_grad_()
        y.requires_grad_()
        try:
            torch.set_num_threads(1)
            for run in range(runs + 1):  # the first builds what the kernels need
                for name in kernels:
                    start = time.perf_counter()
                    torch.autograd.grad(contracted(x, y, form, name), (x, y), g)
                    if run:
                        times[name] = min(times[name], time.perf_counter() - start)
        finally:
            torch.set_num_threads(threads)
    return times
