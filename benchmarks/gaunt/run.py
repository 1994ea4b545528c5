"""The Gaunt operators beside e3nn: one command, one table.

    python benchmarks/gaunt/run.py [--runs 5] [--parts core,messages,...] [--device cuda] [--markdown FILE]

Process CPU time, one thread unless said (on a GPU wall time), float32, forward and backward; ratios are
medians over alternating runs of both sides in one process. `cuequivariance` rows need the packages of
benchmarks/requirements.txt.
"""

import argparse
import importlib.util
import math
import statistics
import sys
import time
import warnings
from importlib.metadata import version
from pathlib import Path

warnings.filterwarnings("ignore")
sys.path.insert(0, str(Path(__file__).parent))

import torch  # noqa: E402
from e3nn_twin import channelwise, complete, convolution, irreps  # noqa: E402
from measure import peak_megabytes, race, ratio  # noqa: E402

from groundstate.gaunt import (  # noqa: E402
    GauntConvolution,
    GauntManyBody,
    GauntTensorProduct,
    gaunt_product,
    spherical_harmonics,
)
from groundstate.gaunt.kernels import library  # noqa: E402
from groundstate.gaunt.kernels.machine import processor  # noqa: E402

BARE = {"irrep_normalization": "none", "path_normalization": "none"}
ROWS: list[tuple[str, ...]] = []
DEVICE = torch.device("cpu")


def say(part: str, case: str, base: str, ours: str, factor: str, memory: str = "") -> None:
    """Add a row to the table and show it."""
    ROWS.append((part, case, base, ours, factor, memory))
    print(" | ".join(ROWS[-1]), flush=True)


def leaf(*shape: int) -> torch.Tensor:
    return torch.randn(*shape, device=DEVICE, requires_grad=True)


def methods() -> tuple[str, ...]:
    """What can run here: the kernel in C needs a compiler, and no GPU."""
    here = DEVICE.type == "cpu" and library.compiler()
    return ("auto", "fastest", "compiled") if here else ("auto", "fastest")


def milliseconds(times: dict[str, list[float]], name: str) -> str:
    return f"{statistics.median(times[name]):.3g}"


def report(part: str, case: str, sides: dict, runs: int, base: str = "e3nn", memory: bool = False) -> None:
    times = race(sides, runs)
    peaks = {name: peak_megabytes(*side) for name, side in sides.items()} if memory else {}
    for name in sides:
        if name == base:
            continue
        note = f"{peaks[base]:.1f} -> {peaks[name]:.1f} (1/{peaks[base] / peaks[name]:.1f})" if memory else ""
        speed = f"{ratio(times, base, name):.1f}x"
        say(part, f"{case}, {name}", milliseconds(times, base), milliseconds(times, name), speed, note)


def products(lmax: int, channels: int, batch: int, rank: int = 0) -> dict:
    """e3nn and the ways to call the same product; with a rank, our side learns weights as well.

    e3nn's weights are parameters, as it builds them; without a rank a row up to lmax 3 shows it with frozen
    weights too.
    """
    kind, width = irreps(lmax, channels), channels * (lmax + 1) ** 2
    twin = channelwise(lmax, lmax, lmax, channels).to(DEVICE)
    modules = {"e3nn": twin}
    for method in methods():
        for name, layout in (("native ir_mul", "ir_mul"), ("drop-in mul_ir", "mul_ir")):
            product = GauntTensorProduct(
                kind, kind, kind, rank=rank, layout=layout, method=method, **BARE
            ).to(DEVICE)
            modules[name if method == "auto" else f"{name}, {method}"] = product
    sides = {name: (module, (leaf(batch, width), leaf(batch, width))) for name, module in modules.items()}
    if rank == 0:
        inputs = sides["e3nn"][1]
        same = torch.allclose(twin(*inputs), modules["drop-in mul_ir"](*inputs), atol=2e-4)
        assert same, "the two sides differ"
        shape = (batch * channels, (lmax + 1) ** 2)
        sides["core on rows"] = (lambda x, y: gaunt_product(x, y, lmax), (leaf(*shape), leaf(*shape)))
    if rank == 0 and lmax <= 3:
        frozen = channelwise(lmax, lmax, lmax, channels).to(DEVICE)
        frozen.weight.requires_grad_(False)
        sides["e3nn with frozen weights"] = (frozen, (leaf(batch, width), leaf(batch, width)))
    return sides


def core(runs: int) -> None:
    for lmax in (1, 2, 3, 4, 6):
        report("product", f"L={lmax}", products(lmax, 64, 1000), runs, memory=True)


def inductor(runs: int) -> None:
    """Both sides under torch.compile, against e3nn as it is; the last column: what compiling took."""
    for lmax in (1, 2, 3, 4):
        sides = products(lmax, 64, 1000)
        names = ["e3nn", *(["native ir_mul, fastest"] if "native ir_mul, fastest" in sides else [])]
        kept = {name: sides[name] for name in (*names, "native ir_mul")}
        spent = {}
        for name, base in (
            ("torch.compile(e3nn)", "e3nn"),
            ("torch.compile(native ir_mul)", "native ir_mul"),
        ):
            if name == "torch.compile(e3nn)" and lmax > 2:
                continue  # minutes of compiling
            torch._dynamo.reset()
            module, inputs = sides[base]
            compiled = torch.compile(module)
            start = time.process_time()
            compiled(*inputs).sum().backward()
            spent[name] = time.process_time() - start
            kept[name] = (compiled, inputs)
        times = race(kept, runs)
        for name in kept:
            if name != "e3nn":
                note = f"compiled in {spent[name]:.0f} s of CPU time" if name in spent else ""
                row = milliseconds(times, "e3nn"), milliseconds(times, name)
                say("torch.compile", f"L={lmax}, {name}", *row, f"{ratio(times, 'e3nn', name):.1f}x", note)


def learned(runs: int) -> None:
    for lmax in (2, 4):
        report("learned weights", f"L={lmax}", products(lmax, 64, 1000, rank=1), runs)


def messages(runs: int) -> None:
    nodes, neighbours, channels = 64, 16, 64
    edges = nodes * neighbours
    sources = torch.randint(0, nodes, (edges,)).to(DEVICE)
    targets = torch.arange(nodes).repeat_interleave(neighbours).to(DEVICE)
    for lmax in (2, 4, 6):
        twin, kind = convolution(lmax, channels).to(DEVICE), irreps(lmax, channels)
        vectors = torch.randn(edges, 3).to(DEVICE)
        harmonics = spherical_harmonics(lmax, vectors).requires_grad_()

        def e3nn_messages(x, y, w, twin=twin):
            m = twin(x[sources], y, w)
            return m.new_zeros(nodes, m.shape[1]).index_add(0, targets, m)

        sides = {"e3nn": (e3nn_messages, (leaf(nodes, kind.dim), harmonics, leaf(edges, twin.weight_numel)))}
        for mode in ("node_grid", "aligned", "edge"):
            layer = GauntConvolution(kind, lmax, kind, mode=mode, layout="ir_mul").to(DEVICE)

            def call(x, v, w, layer=layer):
                return layer(x, v, w, sources, targets)

            inputs = (
                leaf(nodes, kind.dim),
                vectors.clone().requires_grad_(),
                leaf(edges, layer.weight_numel),
            )
            sides[mode] = (call, inputs)
        report("messages", f"L={lmax}", sides, runs, memory=True)


def many_body(runs: int) -> None:
    nodes, channels = 64, 64
    for lmax in (1, 2):
        kind, out = irreps(lmax, channels), irreps(min(lmax, 2), channels)
        square, cube = (
            channelwise(lmax, lmax, 2 * lmax, channels).to(DEVICE),
            channelwise(2 * lmax, lmax, lmax, channels).to(DEVICE),
        )
        layer = GauntManyBody(kind, out, correlation=3, layout="ir_mul").to(DEVICE)

        def two_products(x, square=square, cube=cube):
            return cube(square(x, x), x)

        sides = {
            "e3nn": (two_products, (leaf(nodes, kind.dim),)),
            "many-body": (layer, (leaf(nodes, kind.dim),)),
        }
        report("nu=3, e3nn = two products", f"L={lmax}", sides, runs)
        if importlib.util.find_spec("cuequivariance_torch"):
            import cuequivariance as cue
            import cuequivariance_torch as cuet

            contraction = cuet.SymmetricContraction(
                cue.Irreps("O3", str(kind)),
                cue.Irreps("O3", str(out)),
                contraction_degree=3,
                num_elements=1,
                layout_in=cue.mul_ir,
                layout_out=cue.mul_ir,
                dtype=torch.float32,
                method="naive",
            ).to(DEVICE)
            element = torch.zeros(nodes, dtype=torch.int32, device=DEVICE)
            sides = {
                "cuequivariance": (lambda x, f=contraction, e=element: f(x, e), (leaf(nodes, kind.dim),)),
                "many-body": (layer, (leaf(nodes, kind.dim),)),
            }
            report("nu=3, cuequivariance", f"L={lmax}", sides, runs, base="cuequivariance")


def every_path(runs: int) -> None:
    for lmax in (2, 4, 6):
        channels = 16
        kind = irreps(lmax, channels)
        twin = complete(lmax, channels).to(DEVICE)
        shape = (1000, kind.dim)
        sides = {"e3nn": (twin, (leaf(*shape), leaf(*shape)))}
        for method in methods():
            options = {"parity": "complete", "rank": 0, "layout": "ir_mul", "method": method, **BARE}
            product = GauntTensorProduct(kind, kind, twin.irreps_out, **options).to(DEVICE)
            sides[f"complete, {method}"] = (product, (leaf(*shape), leaf(*shape)))
        report("all paths, 16 channels", f"L={lmax}", sides, runs)


def scaling(runs: int) -> None:
    found = {}
    for lmax in range(1, 11):
        shape = (1000, (lmax + 1) ** 2)
        sides = {"grid": (lambda x, y, top=lmax: gaunt_product(x, y, top), (leaf(*shape), leaf(*shape)))}
        if lmax <= 6:
            twin = channelwise(lmax, lmax, lmax, 1).to(DEVICE)
            twin.weight.requires_grad_(False)
            sides["e3nn"] = (twin, (leaf(*shape), leaf(*shape)))
            report("one channel", f"L={lmax}", sides, runs)
        times = race({"grid": sides["grid"]}, runs)
        found[lmax] = statistics.median(times["grid"])
    logs = [(math.log(lmax + 1), math.log(value)) for lmax, value in found.items() if lmax >= 4]
    mean_x, mean_y = (statistics.mean(column) for column in zip(*logs, strict=True))
    slope = sum((x - mean_x) * (y - mean_y) for x, y in logs) / sum((x - mean_x) ** 2 for x, _ in logs)
    text = ", ".join(f"{lmax}: {value:.2g}" for lmax, value in found.items())
    say("scaling", f"ms by L ({text})", "", "", f"time ~ (L+1)^{slope:.1f} from L=4")


def small(runs: int) -> None:
    for lmax in (1, 2, 4):
        for batch in (1, 10, 100):
            sides = products(lmax, 1, batch)
            report("small batches, one channel", f"L={lmax}, {batch} rows", sides, runs)
        sides = products(lmax, 16, 10)
        report("small batches, 16 channels", f"L={lmax}, 10 rows", sides, runs)


def threads(runs: int) -> None:
    torch.set_num_threads(2)
    for lmax in (2, 4):
        report("two threads", f"L={lmax}", products(lmax, 64, 1000), runs)
    torch.set_num_threads(1)


PARTS = {
    "core": core,
    "inductor": inductor,
    "learned": learned,
    "messages": messages,
    "many_body": many_body,
    "every_path": every_path,
    "scaling": scaling,
    "small": small,
    "threads": threads,
}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--parts", default=",".join(PARTS))
    parser.add_argument("--device", default="cpu", choices=("cpu", "cuda"))
    parser.add_argument("--markdown", type=Path, help="write the table here")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    torch.manual_seed(0)
    print(f"{processor()}; torch {torch.__version__}, e3nn {version('e3nn')}")
    global DEVICE
    DEVICE = torch.device(arguments.device)
    for part in arguments.parts.split(","):
        PARTS[part](arguments.runs)
    header = ("part", "case", "base ms", "Gaunt ms", "ratio", "peak MB, base -> Gaunt")
    lines = ["| " + " | ".join(row) + " |" for row in (header, ("---",) * 6, *ROWS)]
    if arguments.markdown:
        arguments.markdown.write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
