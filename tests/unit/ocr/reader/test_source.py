"""Files come in all shapes, and each bad one gets its own sentence."""

import io
import struct
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pikepdf
import pypdfium2
import pytest
from PIL import Image

from ocr.errors import ScanTooLarge, ScanUnreadable
from ocr.source import ScanLimits, count_pages, iter_pages, load_page
from tests.worlds.scanned_pages import Grey, printed_side, scanned

SMALL = np.tile(np.arange(200, dtype=np.uint8), (300, 1))


def _pdf(path: Path, pictures: list[Image.Image], **options: object) -> Path:
    pictures[0].save(path, "PDF", save_all=True, append_images=pictures[1:], resolution=200.0, **options)
    return path


def _png(width: int, height: int) -> bytes:
    """A PNG header that promises a picture of that size, with hardly any bytes behind it."""
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    chunks = b"".join(
        struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        for kind, body in ((b"IHDR", header), (b"IDAT", zlib.compress(b"\0" * 1000)), (b"IEND", b""))
    )
    return b"\x89PNG\r\n\x1a\n" + chunks


def _zip() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("scan.pdf", "%PDF-1.7")
    return out.getvalue()


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "empty"),
        (b"Khong phai ban quet" * 50, "not_a_scan"),
        (_zip(), "not_a_scan"),
        (b"%PDF-1.7\n" + b"garbage " * 200, "damaged"),
        (b"\xff\xd8\xff" + b"\0" * 400, "damaged"),
        (b"II*\0" + b"\xff" * 64, "damaged"),
        (b"\x89PNG\r\n\x1a\n" + b"\0" * 64, "damaged"),
    ],
)
def test_a_bad_file_is_told_by_a_sentence_and_a_reason(tmp_path: Path, content: bytes, reason: str) -> None:
    path = tmp_path / "scan.pdf"
    path.write_bytes(content)
    with pytest.raises(ScanUnreadable) as caught:
        list(iter_pages(path))
    assert caught.value.reason == reason
    assert str(caught.value).startswith("Tệp")
    with pytest.raises(ScanUnreadable):
        count_pages(path)


def test_an_encrypted_pdf_is_told_apart(tmp_path: Path) -> None:
    path = tmp_path / "scan.pdf"
    with pikepdf.new() as pdf:
        pdf.add_blank_page()
        pdf.save(path, encryption=pikepdf.Encryption(owner="owner", user="secret"))
    with pytest.raises(ScanUnreadable, match="mật khẩu") as caught:
        count_pages(path)
    assert caught.value.reason == "encrypted"


def test_a_pdf_without_pages_is_told_apart(tmp_path: Path) -> None:
    path = tmp_path / "scan.pdf"
    with pikepdf.new() as pdf:
        pdf.save(path)
    with pytest.raises(ScanUnreadable) as caught:
        list(iter_pages(path))
    assert caught.value.reason == "no_pages"


@pytest.mark.parametrize("size", [(25_000, 20_000), (9_000, 9_000)])
def test_a_huge_picture_is_refused_by_its_header(tmp_path: Path, size: tuple[int, int]) -> None:
    path = tmp_path / "scan.png"
    path.write_bytes(_png(*size))
    with pytest.raises(ScanTooLarge, match="quá lớn"):
        list(iter_pages(path))


def test_a_huge_picture_inside_a_pdf_spoils_only_its_page(tmp_path: Path) -> None:
    path = _pdf(tmp_path / "scan.pdf", [Image.fromarray(SMALL), Image.fromarray(SMALL)])
    with pikepdf.open(path, allow_overwriting_input=True) as pdf:
        picture = next(iter(pdf.pages[0].get_images().values()))
        picture["/Width"], picture["/Height"] = 25_000, 20_000
        pdf.save(path)
    first, second = iter_pages(path)
    assert first.grey.size == 0
    assert "quá lớn" in first.problem
    assert second.grey.shape == SMALL.shape


@pytest.mark.parametrize("limits", [ScanLimits(max_bytes=100), ScanLimits(max_pages=1)])
def test_limits_on_bytes_and_pages_hold(tmp_path: Path, limits: ScanLimits) -> None:
    path = _pdf(tmp_path / "scan.pdf", [Image.fromarray(SMALL), Image.fromarray(SMALL)])
    with pytest.raises(ScanTooLarge, match="giới hạn"):
        count_pages(path, limits)


def test_a_jpeg_in_a_pdf_comes_out_as_it_went_in(tmp_path: Path) -> None:
    page = scanned(printed_side(1))
    path = _pdf(tmp_path / "scan.pdf", [Image.fromarray(page)], quality=90)
    (taken,) = iter_pages(path)
    assert taken.grey.shape == page.shape
    assert np.abs(taken.grey.astype(int) - page).mean() < 3
    assert (taken.source, taken.page_index, taken.reduction) == ("scan.pdf", 0, 1)


def test_a_bilevel_pdf_comes_out_as_it_went_in(tmp_path: Path) -> None:
    bilevel = Image.fromarray(printed_side(1)).convert("1")
    (taken,) = iter_pages(_pdf(tmp_path / "scan.pdf", [bilevel]))
    assert np.array_equal(taken.grey, np.asarray(bilevel.convert("L")))


@pytest.mark.parametrize("turn", [90, 180, 270])
def test_a_turned_pdf_page_is_shown_turned(tmp_path: Path, turn: int) -> None:
    path = _pdf(tmp_path / "scan.pdf", [Image.fromarray(SMALL)], quality=95)
    with pikepdf.open(path, allow_overwriting_input=True) as pdf:
        pdf.pages[0].rotate(turn, relative=False)
        pdf.save(path)
    (taken,) = iter_pages(path)
    expected = np.rot90(SMALL, -turn // 90)
    assert taken.grey.shape == expected.shape
    assert np.abs(taken.grey.astype(int) - expected).mean() < 3


def test_a_page_with_words_beside_its_picture_is_rendered(tmp_path: Path) -> None:
    path = _pdf(tmp_path / "scan.pdf", [Image.fromarray(SMALL)])
    with pikepdf.open(path, allow_overwriting_input=True) as pdf:
        pdf.pages[0].contents_add(b"0 g 0 0 36 36 re f")
        pdf.save(path)
    (taken,) = iter_pages(path)
    assert abs(taken.grey.shape[0] - SMALL.shape[0]) <= 1
    assert taken.grey[-20, 20] < 10


def test_a_damaged_page_of_a_pdf_does_not_stop_the_file(tmp_path: Path) -> None:
    path = _pdf(tmp_path / "scan.pdf", [Image.fromarray(SMALL)] * 3)
    with pikepdf.open(path, allow_overwriting_input=True) as pdf:
        picture = next(iter(pdf.pages[1].get_images().values()))
        picture.write(b"no JPEG", filter=pikepdf.Name.DCTDecode)
        pdf.save(path)
    pages = list(iter_pages(path))
    assert [p.page_index for p in pages] == [0, 1, 2]
    assert [p.grey.size > 0 for p in pages] == [True, False, True]
    assert "hỏng" in pages[1].problem


@pytest.mark.parametrize("compression", ["group4", "tiff_lzw"])
def test_a_multi_page_tiff_gives_its_pages_in_order(tmp_path: Path, compression: str) -> None:
    mode = "1" if compression == "group4" else "L"
    pages = [Image.fromarray(((level <= SMALL) * 255).astype(np.uint8)).convert(mode) for level in (50, 150)]
    path = tmp_path / "scan"
    pages[0].save(path, "TIFF", save_all=True, append_images=pages[1:], compression=compression)
    assert count_pages(path) == 2
    for taken, page in zip(iter_pages(path), pages, strict=True):
        assert np.array_equal(taken.grey, np.asarray(page.convert("L")))


def test_a_long_picture_is_halved(tmp_path: Path) -> None:
    page: Grey = np.full((3508, 2480), 200, np.uint8)
    jpeg, tiff = tmp_path / "a.jpg", tmp_path / "a.tif"
    cv2.imwrite(str(jpeg), page)
    Image.fromarray(page).save(tiff)
    for path in (jpeg, tiff):
        (taken,) = iter_pages(path)
        assert taken.grey.shape == (1754, 1240)
        assert taken.reduction == 2


def test_a_photo_is_turned_as_its_camera_says(tmp_path: Path) -> None:
    path = tmp_path / "photo.jpg"
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.fromarray(SMALL).save(path, exif=exif, quality=95)
    (taken,) = iter_pages(path)
    assert taken.grey.shape == SMALL.T.shape


def test_single_pages_can_be_asked_for(tmp_path: Path) -> None:
    pictures = [Image.fromarray(np.full((60, 40), level, np.uint8)) for level in (10, 100, 200)]
    path = _pdf(tmp_path / "scan.pdf", pictures, quality=95)
    assert [p.page_index for p in iter_pages(path, pages=range(1, 9))] == [1, 2]
    page = load_page(path, 2, source="batch 4")
    assert (page.source, page.page_index) == ("batch 4", 2)
    assert abs(int(page.grey.mean()) - 200) <= 2


def _raw_picture(pdf: pikepdf.Pdf, pixels: bytes, bits: int) -> pikepdf.Stream:
    return pdf.make_stream(
        pixels,
        Type=pikepdf.Name.XObject, Subtype=pikepdf.Name.Image, Width=200, Height=300,
        ColorSpace=pikepdf.Name.DeviceGray, BitsPerComponent=bits,
    )  # fmt: skip


def _page_of(pdf: pikepdf.Pdf, drawn: str, **pictures: pikepdf.Stream) -> None:
    pdf.add_blank_page(page_size=(595, 842))
    page = pdf.pages[0]
    page.Resources = pikepdf.Dictionary(
        XObject=pikepdf.Dictionary({f"/{name}": picture for name, picture in pictures.items()})
    )
    page.Contents = pdf.make_stream(f"q 595 0 0 842 0 0 cm /{drawn} Do Q".encode())


def test_sixteen_bits_are_scaled_and_never_clipped(tmp_path: Path) -> None:
    path = tmp_path / "deep.pdf"
    with pikepdf.new() as pdf:
        deep = (SMALL.astype(np.uint16) * 257).astype(">u2").tobytes()
        _page_of(pdf, "Deep", Deep=_raw_picture(pdf, deep, 16))
        pdf.save(path)
    (page,) = iter_pages(path)
    assert abs(float(page.grey.mean()) - float(SMALL.mean())) < 4


def test_a_picture_that_is_only_lying_about_is_not_the_page(tmp_path: Path) -> None:
    path = tmp_path / "two.pdf"
    with pikepdf.new() as pdf:
        unused = _raw_picture(pdf, np.zeros((300, 200), np.uint8).tobytes(), 8)
        form = pdf.make_stream(
            b"0.9 g 0 0 1 1 re f",
            Type=pikepdf.Name.XObject, Subtype=pikepdf.Name.Form, BBox=pikepdf.Array([0, 0, 1, 1]),
        )  # fmt: skip
        _page_of(pdf, "Shape", Unused=unused, Shape=form)
        pdf.save(path)
    (page,) = iter_pages(path)
    assert float(page.grey.mean()) > 200


def _ink(pdf: pikepdf.Pdf, **entries: Any) -> pikepdf.Object:
    """A thick stroke down the page, as a viewer's pen leaves it."""
    return pdf.make_indirect(
        pikepdf.Dictionary(
            Type=pikepdf.Name.Annot, Subtype=pikepdf.Name.Ink, F=4,
            Rect=pikepdf.Array([250, 100, 350, 700]), C=pikepdf.Array([0, 0, 0]),
            InkList=pikepdf.Array([pikepdf.Array([300, 100, 300, 700])]), BS=pikepdf.Dictionary(W=60),
            **entries,
        )
    )  # fmt: skip


def _drawn_stroke(pdf: pikepdf.Pdf) -> pikepdf.Object:
    look = pdf.make_stream(
        b"0 g 280 100 40 600 re f",
        Type=pikepdf.Name.XObject, Subtype=pikepdf.Name.Form, BBox=pikepdf.Array([250, 100, 350, 700]),
    )  # fmt: skip
    return _ink(pdf, AP=pikepdf.Dictionary(N=look))


@pytest.mark.parametrize("stroke", [_ink, _drawn_stroke])
def test_what_was_drawn_in_a_viewer_is_on_the_page(
    tmp_path: Path, stroke: Callable[[pikepdf.Pdf], pikepdf.Object]
) -> None:
    path = _pdf(tmp_path / "scan.pdf", [Image.new("L", (827, 1169), 230)])
    with pikepdf.open(path, allow_overwriting_input=True) as pdf:
        pdf.pages[0].MediaBox = pikepdf.Array([0, 0, 595, 842])
        pdf.pages[0].Contents = pdf.make_stream(b"q 595 0 0 842 0 0 cm /image Do Q")
        pdf.pages[0].Annots = pikepdf.Array([stroke(pdf)])
        pdf.save(path)
    (page,) = iter_pages(path)
    height, width = page.grey.shape
    assert page.grey[height // 2, round(width * 300 / 595)] < 30
    assert page.grey[height // 2, width // 10] > 220


@pytest.mark.parametrize("links", [0, 1])
def test_annotations_that_show_nothing_leave_the_page_as_it_is(tmp_path: Path, links: int) -> None:
    path = _pdf(tmp_path / "scan.pdf", [Image.fromarray(SMALL)], quality=95)
    with pikepdf.open(path, allow_overwriting_input=True) as pdf:
        link = pikepdf.Dictionary(
            Type=pikepdf.Name.Annot, Subtype=pikepdf.Name.Link, Rect=pikepdf.Array([0, 0, 9, 9])
        )
        pdf.pages[0].Annots = pikepdf.Array([link] * links)
        pdf.save(path)
    (page,) = iter_pages(path)
    assert page.grey.shape == SMALL.shape
    assert np.abs(page.grey.astype(int) - SMALL).mean() < 3


@pytest.mark.parametrize("orientation", range(1, 9))
def test_an_uncompressed_tiff_is_turned_upright(tmp_path: Path, orientation: int) -> None:
    path = tmp_path / "turned.tif"
    Image.fromarray(SMALL).save(path, tiffinfo={0x0112: orientation})
    with Image.open(io.BytesIO(path.read_bytes())) as turned:
        upright = np.asarray(turned)
    (page,) = iter_pages(path)
    assert page.grey.shape == (SMALL.shape if orientation < 5 else SMALL.T.shape)
    assert np.array_equal(page.grey, upright)


def test_a_fax_picture_is_coloured_by_its_palette(tmp_path: Path) -> None:
    bilevel = Image.fromarray(((SMALL > 20) * 255).astype(np.uint8)).convert("1")
    plain, palette = _pdf(tmp_path / "plain.pdf", [bilevel]), tmp_path / "palette.pdf"
    with pikepdf.open(plain) as pdf:
        picture = next(iter(pdf.pages[0].get_images().values()))
        picture.ColorSpace = pikepdf.Array(
            [pikepdf.Name.Indexed, pikepdf.Name.DeviceGray, 1, pikepdf.String(b"\xff\x00")]
        )
        assert "CCITTFaxDecode" in str(picture.Filter)
        pdf.save(palette)
    [page], [drawn] = list(iter_pages(palette)), [pypdfium2.PdfDocument(palette)[0].render(grayscale=True)]
    assert abs(float(page.grey.mean()) - float(drawn.to_numpy().mean())) < 6


@pytest.mark.parametrize("size", [(7000, 1), (1, 7000)])
def test_a_line_of_pixels_is_a_page(tmp_path: Path, size: tuple[int, int]) -> None:
    path = tmp_path / "line.png"
    Image.new("L", size, 200).save(path)
    (page,) = iter_pages(path)
    assert page.grey.shape == size[::-1]
