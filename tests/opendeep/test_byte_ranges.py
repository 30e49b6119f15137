"""Range requests as players send them."""

from pathlib import Path

import pytest
from django.http import StreamingHttpResponse
from django.test import AsyncRequestFactory, RequestFactory

from opendeep.core.byte_ranges import PIECE_BYTES, Unsatisfiable, asked_range, ranged_file

BODY = bytes(range(256)) * 1000


@pytest.mark.parametrize(
    ("header", "asked"),
    [
        ("bytes=0-", range(100)),
        ("bytes=10-19", range(10, 20)),
        ("bytes=90-500", range(90, 100)),
        ("bytes=-10", range(90, 100)),
        ("bytes=-500", range(100)),
        ("", None),
        ("bytes=-", None),
        ("bytes=5-2", None),
        ("bytes=0-1,5-6", None),
        ("seconds=0-1", None),
        ("bytes=a-b", None),
        ("bytes=" + "9" * 5000 + "-", None),
    ],
)
def test_a_header_asks_for_these_bytes_of_a_hundred(header: str, asked: range | None) -> None:
    assert asked_range(header, 100) == asked


@pytest.mark.parametrize("header", ["bytes=100-", "bytes=500-600", "bytes=-0"])
def test_a_range_behind_the_end_cannot_be_satisfied(header: str) -> None:
    with pytest.raises(Unsatisfiable):
        asked_range(header, 100)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "sound.wav"
    path.write_bytes(BODY)
    return path


@pytest.mark.parametrize(
    ("header", "status", "part", "content_range"),
    [
        ("", 200, slice(None), None),
        ("bytes=1000-199999", 206, slice(1000, 200000), f"bytes 1000-199999/{len(BODY)}"),
    ],
)
async def test_both_kinds_of_server_send_the_same_bytes(
    file: Path, header: str, status: int, part: slice, content_range: str | None
) -> None:
    headers = {"Range": header} if header else {}
    sync = ranged_file(RequestFactory().get("/", headers=headers), file, content_type="audio/wav")
    served = ranged_file(AsyncRequestFactory().get("/", headers=headers), file, content_type="audio/wav")
    assert isinstance(sync, StreamingHttpResponse) and isinstance(served, StreamingHttpResponse)
    pieces = [piece async for piece in served]
    assert b"".join(pieces) == BODY[part] == sync.getvalue()
    assert max(map(len, pieces)) <= PIECE_BYTES
    for response in (sync, served):
        assert response.status_code == status
        assert response.get("Content-Range") == content_range
        assert response["Content-Length"] == str(len(BODY[part]))


def test_an_unsatisfiable_range_says_how_long_the_file_is(file: Path) -> None:
    response = ranged_file(
        RequestFactory().get("/", headers={"Range": "bytes=999999-"}), file, content_type="audio/wav"
    )
    assert (response.status_code, response["Content-Range"]) == (416, f"bytes */{len(BODY)}")
