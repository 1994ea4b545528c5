"""Downloads over http(s) that resume, retry and verify."""

import errno
import http.client
import re
import ssl
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import IO
from urllib.parse import urlsplit

from groundstate import __version__
from groundstate.errors import GroundstateError
from groundstate.files import refuse_device
from groundstate.progress import Progress
from groundstate.sources.body import ENCODINGS, PassingFaultError, blocks_of, paced, unpacked
from groundstate.sources.checksums import Checksum, read_record, record_path, write_record
from groundstate.sources.partial import PartialFile
from groundstate.sources.settings import URL, Retry

LONGEST_DELAY = 60.0
PASSING = {408, 425, 429, 500, 502, 503, 504}


def download(
    url: str, output: str | Path, checksum: Checksum | None = None, retry: Retry | None = None
) -> None:
    """Download ``url`` to ``output``: whole and verified, or not at all.

    What has come is kept in ``OUTPUT.part``; an attempt after a broken connection, and a run after a killed
    one, go on from there if the server still offers the same file (ETag, date and length agree). Where no
    checksum is given the sha256 of the first download is recorded in ``OUTPUT.sha256``, with a warning, and
    later downloads have to match it.

    Raises ``GroundstateError`` for a refused address, a final answer of the server such as 404, a network
    that stays away, a wrong checksum, and a full disk.
    """
    if not re.fullmatch(URL, url) or not _is_whole(url):
        raise GroundstateError(f"{url!r} is not an http(s) address")
    output, retry = Path(output), retry or Retry()
    refuse_device(output)
    output.parent.mkdir(parents=True, exist_ok=True)
    with PartialFile(output, url) as part:
        if checksum and output.is_file() and checksum.matches(output):
            part.restart()
            return
        expected = checksum or read_record(output)
        if not (expected or part.etag or part.modified):
            part.restart()  # nothing could tell whether the rest belongs to the same version
        resumed = part.size > 0
        _complete(url, part, retry, expected is not None)
        if resumed and expected and not expected.matches(part.path):
            # What an earlier run left may be at fault; a fresh download shows whether the source is.
            part.restart()
            _complete(url, part, retry, True)
        try:
            _verify(url, output, part, checksum)
        except GroundstateError:
            part.restart()
            raise
        part.finish()


def _verify(url: str, output: Path, part: PartialFile, checksum: Checksum | None) -> None:
    """Compare with the given checksum, or with the recorded one, or record one."""
    if checksum:
        checksum.verify(part.path, url)
        return
    actual, recorded = Checksum.of(part.path), read_record(output)
    if recorded and actual != recorded:
        raise GroundstateError(
            f"{url}: the file is another one than the first time: {record_path(output)} has {recorded}, now"
            f" it is {actual}. If the change is meant, delete that record and fetch again; nothing was kept"
        )
    if not recorded:
        write_record(output, actual)
        _say(f"warning: no checksum is known for {url}; it has {actual}, recorded in {record_path(output)}")


def _complete(url: str, part: PartialFile, retry: Retry, verifiable: bool) -> None:
    """Attempt until the part is complete; what brought enough in its time does not count as a failure.

    ``verifiable``: a checksum will tell whether the file is whole.
    """
    reached, failures, since = part.size, 0, time.monotonic()
    while not part.complete:
        try:
            _attempt(url, part, retry, verifiable)
        except PassingFaultError as fault:
            now = time.monotonic()
            if part.size > reached and part.size - reached >= retry.min_rate * (now - since):
                reached, failures, since = part.size, 0, now
            failures += 1
            if failures >= retry.attempts:
                kept = (
                    f" The {part.size} bytes that have come are kept for the next run." if part.size else ""
                )
                raise GroundstateError(
                    f"{url}: {fault} ({failures} attempts in a row failed).{kept} Where there is no network,"
                    " put the file on this machine and give it as a source of kind 'path'"
                ) from fault
            delay = min(LONGEST_DELAY, retry.delay * 2 ** (failures - 1))
            _say(f"{part.output.name}: {fault}; trying again in {delay:.0f} s")
            time.sleep(delay)


def _attempt(url: str, part: PartialFile, retry: Retry, verifiable: bool) -> None:
    """One request, for what is missing; everything that arrives is appended to the part."""
    headers = {"User-Agent": f"groundstate/{__version__}", "Accept-Encoding": "identity"}
    if part.size:
        headers["Range"] = f"bytes={part.size}-"
        if validator := part.validator:
            headers["If-Range"] = validator
    with _open(urllib.request.Request(url, headers=headers), part, retry.timeout) as response:
        _prepare(response, part)
        encoding = response.headers.get("Content-Encoding", "identity").lower()
        if encoding not in ENCODINGS:
            raise GroundstateError(f"{url}: the server sends the file as {encoding}, which is not understood")
        if part.total == 0:
            raise GroundstateError(f"{url}: the server sends an empty file")
        told = part.total is not None or response.chunked or encoding != "identity"
        if not told and not verifiable:
            raise GroundstateError(
                f"{url}: the server does not say how long the file is, so a cut could not be noticed;"
                " give its checksum"
            )
        progress = _progress(part)
        blocks = paced(blocks_of(response), retry)
        for block in blocks if encoding == "identity" else unpacked(blocks, url, part):
            _append(part, block)
            if progress and (step := _megabytes(part) - progress.count):
                progress.update(step)
    if part.total is None:  # the protocol or the packing itself told the end, or the checksum will
        part.total = part.size
        if part.total == 0:
            raise GroundstateError(f"{url}: the server sends an empty file")
    if part.size > part.total:
        part.restart()
        raise PassingFaultError("the server sent more than it announced")
    if part.size < part.total:
        raise PassingFaultError(f"the connection ended after {part.size} of {part.total} bytes")


def _open(request: urllib.request.Request, part: PartialFile, timeout: float) -> http.client.HTTPResponse:
    url = request.full_url
    try:
        return _OPENER.open(request, timeout=timeout)
    except urllib.error.HTTPError as error:
        error.close()
        if error.code == 416:
            part.restart()
            raise PassingFaultError("the server cannot go on from where the last attempt ended") from None
        if error.code in PASSING:
            raise PassingFaultError(f"the server answers {error.code} {_reason(error)}") from None
        raise GroundstateError(f"{url}: the server answers {error.code} {_reason(error)}") from None
    except urllib.error.URLError as error:
        if isinstance(error.reason, ssl.SSLCertVerificationError):
            raise GroundstateError(
                f"{url}: the certificate of the server is not valid: {error.reason}"
            ) from None
        raise PassingFaultError(f"no connection: {error.reason}") from None
    except (ValueError, http.client.InvalidURL) as error:
        raise GroundstateError(f"{url}: the address, or one it redirects to, is malformed: {error}") from None
    except (OSError, http.client.HTTPException) as error:
        raise PassingFaultError(f"no response: {error or type(error).__name__}") from None


def _reason(error: urllib.error.HTTPError) -> str:
    """Give the words of a server, or those of the opener (on redirects without an end), in one line."""
    return " ".join(str(error.reason).split())


def _prepare(response: http.client.HTTPResponse, part: PartialFile) -> None:
    """Make the part ready for the body: keep it if the body goes on from it, empty it otherwise."""
    headers = response.headers
    if response.status == 206:
        span = re.fullmatch(r"bytes (\d+)-\d+/(\d+)", headers.get("Content-Range", ""))
        same = (headers.get("ETag"), headers.get("Last-Modified")) == (part.etag, part.modified)
        if not (span and same and (int(span[1]), int(span[2])) == (part.size, part.total)):
            part.restart()
            raise PassingFaultError("the file has changed at its source since the last attempt")
    elif response.status == 200:
        # the length of a packed body is not that of the file, and a rest of it could not be unpacked
        packed = headers.get("Content-Encoding", "identity").lower() != "identity"
        length = "" if packed else headers.get("Content-Length", "")
        part.restart(
            int(length) if length.isdecimal() else None, headers.get("ETag"), headers.get("Last-Modified")
        )
    else:
        raise GroundstateError(f"{response.url}: the server answers {response.status} {response.reason}")


def _append(part: PartialFile, block: bytes) -> None:
    try:
        part.append(block)
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        raise GroundstateError(
            f"no space left on the device for {part.output}: {part.size} of {part.total or 'unknown'} bytes"
            f" have come and are kept in {part.path.name}; free some space and run again, it goes on there"
        ) from None


def _megabytes(part: PartialFile) -> int:
    """Megabytes that have come; the last, broken one counts when all is there."""
    return part.size // 10**6 + part.complete


def _progress(part: PartialFile) -> Progress | None:
    if part.total is None:
        _say(f"{part.output.name}: downloading, the server does not tell the size")
        return None
    return Progress(part.output.name, part.total // 10**6 + 1, "MB", done=_megabytes(part))


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


class _Redirects(urllib.request.HTTPRedirectHandler):
    """Follows redirects to http(s) only, and never from https down to http."""

    def redirect_request(
        self,
        request: urllib.request.Request,
        response: IO[bytes],
        code: int,
        message: str,
        headers: http.client.HTTPMessage,
        target: str,
    ) -> urllib.request.Request | None:
        if not _is_whole(target):
            raise GroundstateError(
                f"{request.full_url}: refused: it redirects to {target!r}, a malformed address"
            )
        scheme = urlsplit(target).scheme
        if scheme not in ("http", "https") or (request.type == "https" and scheme == "http"):
            raise GroundstateError(f"{request.full_url}: refused: it redirects to {target}")
        return super().redirect_request(request, response, code, message, headers, target)


def _is_whole(url: str) -> bool:
    """Whether an address can be taken apart: brackets closed, the port a number."""
    try:
        parts = urlsplit(url)
        return bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        return False


def _make_opener() -> urllib.request.OpenerDirector:
    """Make an opener of http and https alone: there is nothing in it that could read a local file."""
    opener = urllib.request.OpenerDirector()
    for handler in (
        urllib.request.ProxyHandler,
        urllib.request.HTTPHandler,
        urllib.request.HTTPSHandler,
        urllib.request.HTTPDefaultErrorHandler,
        urllib.request.HTTPErrorProcessor,
        _Redirects,
    ):
        opener.add_handler(handler())
    return opener


_OPENER = _make_opener()
