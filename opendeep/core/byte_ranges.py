"""Files over HTTP with byte ranges (RFC 9110, section 14), so that a player may jump to any second."""

import asyncio
import re
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

from django.core.handlers.asgi import ASGIRequest
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase

PIECE_BYTES = 65_536
_RANGE = re.compile(r"bytes=([0-9]{0,18})-([0-9]{0,18})")


class Unsatisfiable(Exception):
    """The range lies behind the end of the file."""


def asked_range(header: str, size: int) -> range | None:
    """The bytes that a Range header asks for, of `size`; None when all of them are sent.

    A header that is not understood, or that asks for several ranges, is ignored, as the RFC allows.
    """
    match = _RANGE.fullmatch(header.strip())
    if match is None or match[1] == match[2] == "":
        return None
    if match[1] == "":
        asked = range(max(size - int(match[2]), 0), size)
    else:
        asked = range(int(match[1]), min(int(match[2]) + 1, size) if match[2] else size)
        if match[2] and int(match[2]) < int(match[1]):
            return None
    if not asked:
        raise Unsatisfiable
    return asked


def ranged_file(request: HttpRequest, path: Path, *, content_type: str) -> HttpResponseBase:
    """The file, or the part of it that was asked for. Raises OSError when it cannot be read."""
    size = path.stat().st_size
    try:
        asked = asked_range(request.headers.get("Range", ""), size)
    except Unsatisfiable:
        return HttpResponse(status=416, headers={"Content-Range": f"bytes */{size}", "Accept-Ranges": "bytes"})
    part = asked or range(size)
    # The test client and management commands speak WSGI, the server ASGI; each can only stream its own kind.
    pieces = _pieces_async(path, part) if isinstance(request, ASGIRequest) else _pieces(path, part)
    response = StreamingHttpResponse(pieces, status=206 if asked else 200, content_type=content_type)
    response["Accept-Ranges"] = "bytes"
    response["Content-Length"] = str(len(part))
    if asked:
        response["Content-Range"] = f"bytes {part.start}-{part.stop - 1}/{size}"
    return response


def _pieces(path: Path, part: range) -> Iterator[bytes]:
    with path.open("rb") as file:
        file.seek(part.start)
        left = len(part)
        while left and (piece := file.read(min(left, PIECE_BYTES))):
            left -= len(piece)
            yield piece


async def _pieces_async(path: Path, part: range) -> AsyncIterator[bytes]:
    pieces = _pieces(path, part)
    while (piece := await asyncio.to_thread(next, pieces, b"")) != b"":
        yield piece
