"""``groundstate fetch``: one file of a data set, whole and verified."""

from pathlib import Path
from typing import Annotated

import typer

from groundstate.settings import parse_settings
from groundstate.sources import index, path, url
from groundstate.sources.checksums import Checksum
from groundstate.sources.settings import Kind, Retry


def command(
    kind: Annotated[
        Kind, typer.Option(help="the package index, an http(s) address, or a local file or folder")
    ],
    location: Annotated[str, typer.Option(help="name==version, address, or path")],
    output: Annotated[Path, typer.Option(help="file to write")],
    checksum: Annotated[str | None, typer.Option(help="sha256:..., md5:... or git-sha1:...")] = None,
    settings: Annotated[str, typer.Option(help="JSON: attempts, delay, timeout of a url")] = "{}",
) -> None:
    """Fetch one file and verify it.

    Example: groundstate fetch --kind url --location https://example.org/a.sdf --output a.sdf
    """
    expected = Checksum.parse(checksum) if checksum else None
    retry = parse_settings(Retry, settings)
    match kind:
        case "index":
            index.download(location, output, expected)
        case "url":
            url.download(location, output, expected, retry)
        case "path":
            path.copy(location, output, expected)
    size = f"{output.stat().st_size:,} bytes"
    typer.echo(f"{output}: {size}, {f'verified by {checksum}' if checksum else 'no checksum given'}")
