"""Alternating measurements in process CPU time, and peak memory."""

import ctypes
import gc
import statistics
import time
from pathlib import Path

import torch

LIBC = ctypes.CDLL("libc.so.6")


def step(function, inputs, gradient):
    """One forward and backward pass."""
    for value in inputs:
        value.grad = None
    function(*inputs).backward(gradient)


def clock(device: torch.device) -> float:
    """Seconds: of the process's CPU time, or of wall time once the GPU has done what it was given."""
    if device.type == "cpu":
        return time.process_time()
    torch.cuda.synchronize(device)
    return time.perf_counter()


def race(sides: dict, runs: int, seconds: float = 0.02, forward_only: bool = False) -> dict[str, list[float]]:
    """Milliseconds (`clock`) per call of every side, `runs` times, one side after the other.

    `sides` maps a name to (function, inputs). Short calls are repeated inside one timing until
    they fill `seconds`.
    """
    prepared = {}
    device = next(iter(sides.values()))[1][0].device
    for name, (function, inputs) in sides.items():
        with torch.no_grad():
            gradient = torch.randn_like(function(*inputs))

        def call(function=function, inputs=inputs, gradient=gradient):
            if forward_only:
                with torch.no_grad():
                    function(*inputs)
            else:
                step(function, inputs, gradient)

        call()
        start = clock(device)
        call()
        repeats = max(1, int(seconds / max(clock(device) - start, 1e-6)))
        prepared[name] = (call, repeats)
    times: dict[str, list[float]] = {name: [] for name in sides}
    for _ in range(runs):
        for name, (call, repeats) in prepared.items():
            start = clock(device)
            for _ in range(repeats):
                call()
            times[name].append(1e3 * (clock(device) - start) / repeats)
    return times


def ratio(times: dict[str, list[float]], base: str, name: str) -> float:
    """Median over the alternating runs of base / name."""
    return statistics.median(a / b for a, b in zip(times[base], times[name], strict=True))


def peak_megabytes(function, inputs) -> float:
    """Peak growth of the resident set, or of the GPU's memory, in one forward and backward pass."""
    with torch.no_grad():
        gradient = torch.randn_like(function(*inputs))
    step(function, inputs, gradient)
    for value in inputs:
        value.grad = None
    gc.collect()
    if gradient.device.type == "cuda":
        torch.cuda.reset_peak_memory_stats()
        before = torch.cuda.memory_allocated()
        step(function, inputs, gradient)
        return (torch.cuda.max_memory_allocated() - before) / 2**20
    LIBC.malloc_trim(0)
    Path("/proc/self/clear_refs").write_text("5")
    before = _status("VmRSS")
    step(function, inputs, gradient)
    return max(_status("VmHWM") - before, 1) / 1024


def _status(key: str) -> int:
    lines = Path("/proc/self/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith(key)).split()[1])
