"""Whatever stands in a scan file, the sound pages come out right and the others say what is wrong."""

import io
import struct
import subprocess
import sys
import zlib
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import pikepdf
import pytest
from PIL import Image

from ocr.source import PageImage, count_pages, iter_pages
from tests.worlds.scanned_pages import Grey

RAMP: Grey = np.tile(np.arange(200, dtype=np.uint8), (300, 1))
Name = pikepdf.Name


def _jpeg(picture: Image.Image, kind: str = "JPEG") -> bytes:
    out = io.BytesIO()
    picture.save(out, kind, **({"quality": 95} if kind == "JPEG" else {}))
    return out.getvalue()


def _scan(path: Path, *pictures: tuple[bytes, Mapping[str, object]]) -> Path:
    """A PDF of full-page pictures: the bytes as they are stored, and what differs from plain grey."""
    with pikepdf.new() as pdf:
        for stored, entries in pictures:
            page = pdf.add_blank_page(page_size=(595, 842))
            plain = {"Width": 200, "Height": 300, "BitsPerComponent": 8, "ColorSpace": Name.DeviceGray}
            stream = pdf.make_stream(stored, Type=Name.XObject, Subtype=Name.Image, **{**plain, **entries})
            page.Resources = pikepdf.Dictionary(XObject=pikepdf.Dictionary({"/I": stream}))
            page.Contents = pdf.make_stream(b"q 595 0 0 842 0 0 cm /I Do Q")
        pdf.save(path)
    return path


GOOD: tuple[bytes, Mapping[str, object]] = (zlib.compress(RAMP.tobytes()), {"Filter": Name.FlateDecode})
DCT: dict[str, object] = {"Filter": Name.DCTDecode}


@pytest.mark.parametrize(
    ("stored", "entries"),
    [
        (_jpeg(Image.fromarray(RAMP))[:1500], DCT),
        (b"no JPEG at all", DCT),
        (_jpeg(Image.fromarray(RAMP)), DCT | {"Width": 60_000, "Height": 60_000}),
        (b"\x00garbage" * 50, {"Filter": Name.FlateDecode}),
        (zlib.compress(RAMP.tobytes())[:100], {"Filter": Name.FlateDecode}),
        (zlib.compress(RAMP[:100].tobytes()), {"Filter": Name.FlateDecode}),
        (RAMP.tobytes()[:700], {"Width": "wide"}),
    ],
)
def test_a_bad_picture_spoils_only_its_page(
    tmp_path: Path, stored: bytes, entries: dict[str, object]
) -> None:
    first, bad, last = iter_pages(_scan(tmp_path / "scan.pdf", GOOD, (stored, entries), GOOD))
    assert bad.grey.size == 0
    assert bad.problem
    for page in (first, last):
        np.testing.assert_array_equal(page.grey, RAMP)


@pytest.mark.parametrize("coder", [Name.JBIG2Decode, Name.JPXDecode, Name.CCITTFaxDecode])
def test_bytes_that_only_the_renderer_could_know_never_stop_the_file(
    tmp_path: Path, coder: pikepdf.Name
) -> None:
    noise = np.random.default_rng(1).bytes(900)
    pages = list(iter_pages(_scan(tmp_path / "scan.pdf", GOOD, (noise, {"Filter": coder}), GOOD)))
    assert [page.page_index for page in pages] == [0, 1, 2]
    np.testing.assert_array_equal(pages[2].grey, RAMP)


def _left_to_right(page: PageImage) -> tuple[int, int]:
    """Mean grey of the left and of the right edge, a tenth of the page's width each."""
    tenth = page.grey.shape[1] // 10
    return int(page.grey[:, :tenth].mean()), int(page.grey[:, -tenth:].mean())


def _colours(mode: str) -> bytes:
    return zlib.compress(Image.fromarray(RAMP).convert("RGB").convert(mode).tobytes())


FLATE: dict[str, object] = {"Filter": Name.FlateDecode}
PALETTE = pikepdf.Array([Name.Indexed, Name.DeviceGray, 255, pikepdf.String(bytes(range(255, -1, -1)))])

INVERTED_INKS: dict[str, object] = {"ColorSpace": Name.DeviceCMYK, "Decode": pikepdf.Array([1, 0] * 4)}


@pytest.mark.parametrize(
    ("stored", "entries", "expected"),
    [
        (_colours("RGB"), FLATE | {"ColorSpace": Name.DeviceRGB}, (9, 189)),
        (_colours("CMYK"), FLATE | {"ColorSpace": Name.DeviceCMYK}, (58, 182)),
        (GOOD[0], FLATE | {"Decode": pikepdf.Array([1, 0])}, (246, 66)),
        (GOOD[0], FLATE | {"ColorSpace": PALETTE}, (246, 66)),
        (_jpeg(Image.fromarray(RAMP), "JPEG2000"), {"Filter": Name.JPXDecode}, (9, 189)),
        (_jpeg(Image.fromarray(RAMP).convert("CMYK")), DCT | INVERTED_INKS, (58, 182)),
        (
            zlib.compress(np.packbits(RAMP < 100, axis=1).tobytes()),
            FLATE | {"ImageMask": True, "BitsPerComponent": 1},
            (255, 0),
        ),
    ],
)  # fmt: skip
def test_a_picture_of_any_colours_looks_as_it_is_seen(
    tmp_path: Path, stored: bytes, entries: dict[str, object], expected: tuple[int, int]
) -> None:
    if entries.get("ImageMask"):
        entries = {**entries, "ColorSpace": None}
    (page,) = iter_pages(_scan(tmp_path / "scan.pdf", (stored, entries)))
    assert _left_to_right(page) == pytest.approx(expected, abs=16)


def test_bytes_that_would_grow_without_end_are_unpacked_to_the_size_of_the_picture(tmp_path: Path) -> None:
    bomb = zlib.compress(RAMP.tobytes() + bytes(300_000_000))
    (page,) = iter_pages(_scan(tmp_path / "scan.pdf", (bomb, FLATE)))
    np.testing.assert_array_equal(page.grey, RAMP)


@pytest.mark.parametrize("mode", ["1", "L", "P", "RGB", "RGBA", "CMYK", "I;16"])
def test_a_tiff_of_any_colours_looks_as_it_is_seen(tmp_path: Path, mode: str) -> None:
    path = tmp_path / "scan.tif"
    if mode == "I;16":
        Image.fromarray(RAMP.astype(np.uint16) * 257).save(path)
    else:
        Image.fromarray(RAMP).convert("RGB").convert(mode).save(path)
    (page,) = iter_pages(path)
    assert page.grey.shape == RAMP.shape
    assert _left_to_right(page) == pytest.approx((9, 189), abs=12)


@pytest.mark.parametrize("mode", ["1", "L", "RGB", "CMYK"])
def test_a_long_tiff_is_halved_whatever_its_colours(tmp_path: Path, mode: str) -> None:
    path = tmp_path / "scan.tif"
    Image.new(mode, (2481, 3509), 0 if mode == "CMYK" else "white").save(path)
    (page,) = iter_pages(path)
    assert (page.grey.shape, page.reduction, int(page.grey.min())) == ((1754, 1240), 2, 255)


def _three_page_tiff(path: Path) -> list[int]:
    """Three pages of grey, and where the directory of each begins."""
    pages = [Image.fromarray(np.full((300, 200), 80 * n, np.uint8)) for n in (1, 2, 3)]
    pages[0].save(path, save_all=True, append_images=pages[1:], compression="tiff_lzw")
    raw, at = path.read_bytes(), []
    (place,) = struct.unpack_from("<I", raw, 4)
    while place:
        at.append(place)
        (entries,) = struct.unpack_from("<H", raw, place)
        (place,) = struct.unpack_from("<I", raw, place + 2 + 12 * entries)
    return at


@pytest.mark.parametrize("damage", [b"\xff" * 40, b"\x00" * 40, b"\x07\x00" + b"\x99" * 30])
def test_a_tiff_with_a_broken_directory_gives_the_pages_before_it(tmp_path: Path, damage: bytes) -> None:
    path = tmp_path / "scan.tif"
    _, middle, _ = _three_page_tiff(path)
    raw = bytearray(path.read_bytes())
    raw[middle : middle + len(damage)] = damage
    path.write_bytes(raw)
    pages = list(iter_pages(path))
    assert len(pages) == count_pages(path)
    assert int(pages[0].grey.mean()) == 80
    assert any(page.problem for page in pages[1:]), "what is lost is a page with a problem, not silence"
    assert all(page.problem or int(page.grey.mean()) != 80 for page in pages[1:])


def test_a_tiff_whose_pages_go_round_in_a_ring_ends(tmp_path: Path) -> None:
    path = tmp_path / "scan.tif"
    first, _, last = _three_page_tiff(path)
    raw = bytearray(path.read_bytes())
    (entries,) = struct.unpack_from("<H", raw, last)
    struct.pack_into("<I", raw, last + 2 + 12 * entries, first)
    path.write_bytes(raw)
    assert [bool(page.problem) for page in iter_pages(path)] == [False, False, False, True]


def test_a_big_tiff_gives_its_pages(tmp_path: Path) -> None:
    path = tmp_path / "scan.tif"
    pages = [Image.fromarray(np.full((300, 200), 80 * n, np.uint8)) for n in (1, 2, 3)]
    pages[0].save(path, save_all=True, append_images=pages[1:], big_tiff=True)
    assert [int(page.grey.mean()) for page in iter_pages(path)] == [80, 160, 240]


def test_a_tiff_that_is_cut_off_gives_what_is_there(tmp_path: Path) -> None:
    path = tmp_path / "scan.tif"
    _, _, last = _three_page_tiff(path)
    path.write_bytes(path.read_bytes()[: last - 10])
    pages = list(iter_pages(path))
    assert [int(page.grey.mean()) for page in pages[:1]] == [80]
    assert pages[-1].problem


_PEAK = """
import re, sys
from pathlib import Path
from ocr.source import iter_pages
pages = sum(page.grey.size > 0 for page in iter_pages(Path(sys.argv[1])))
print(pages, int(re.search(r"VmHWM:\\s*(\\d+)", Path("/proc/self/status").read_text())[1]) // 1024)
"""


def _long_pdf(path: Path) -> int:
    encoded = _jpeg(Image.new("L", (1654, 2339), 240))
    with pikepdf.new() as pdf:
        picture = pdf.make_stream(
            encoded,
            Type=Name.XObject, Subtype=Name.Image, Width=1654, Height=2339,
            ColorSpace=Name.DeviceGray, BitsPerComponent=8, Filter=Name.DCTDecode,
        )  # fmt: skip
        for _ in range(2000):
            page = pdf.add_blank_page(page_size=(595, 842))
            page.Resources = pikepdf.Dictionary(XObject=pikepdf.Dictionary({"/I": picture}))
            page.Contents = pdf.make_stream(b"q 595 0 0 842 0 0 cm /I Do Q")
        pdf.save(path)
    return 2000


def _colour_tiff(path: Path) -> int:
    Image.fromarray(np.full((7016, 4960, 3), (250, 240, 230), np.uint8)).save(
        path, "TIFF", compression="tiff_lzw"
    )
    return 1


@pytest.mark.slow
@pytest.mark.parametrize("make", [_long_pdf, _colour_tiff])
def test_memory_stays_bounded_whatever_the_file(tmp_path: Path, make: Callable[[Path], int]) -> None:
    expected = make(tmp_path / "scan")
    told = subprocess.run(
        [sys.executable, "-c", _PEAK, str(tmp_path / "scan")], capture_output=True, check=True, text=True
    )
    pages, peak_mb = (int(number) for number in told.stdout.split())
    assert pages == expected
    assert peak_mb < 300
