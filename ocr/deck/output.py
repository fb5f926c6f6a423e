"""Scan files as an office gets them: PDF of JPEG pages, G4 TIFF, or one JPEG or PNG a page."""

import io
from pathlib import Path
from typing import Literal, get_args

import cv2
import pikepdf
from PIL import Image as PillowImage
from PIL import TiffImagePlugin

from ocr.deck.ink import Image
from ocr.errors import EngineFailed
from ocr.jpeg import encode_jpeg

Format = Literal["pdf", "tiff-g4", "jpeg", "png"]
FORMATS: tuple[Format, ...] = get_args(Format)
_POINTS_PER_INCH = 72.0
_PILLOW_BILEVEL = "1"


def encode_page(scan: Image, file_format: Format, quality: int, threshold: int, dpi: float) -> bytes:
    """Compress one scan; `quality` is JPEG's, `threshold` the bilevel cut of `tiff-g4`."""
    if file_format == "tiff-g4":
        bilevel = PillowImage.fromarray(cv2.threshold(scan, threshold - 1, 255, cv2.THRESH_BINARY)[1])
        buffer = io.BytesIO()
        bilevel.convert(_PILLOW_BILEVEL, dither=PillowImage.Dither.NONE).save(
            buffer, "TIFF", compression="group4", dpi=(dpi, dpi)
        )
        return buffer.getvalue()
    if file_format != "png":
        return encode_jpeg(scan, quality)
    done, encoded = cv2.imencode(".png", scan, [cv2.IMWRITE_PNG_COMPRESSION, 4])
    if not done:
        raise EngineFailed("Không nén được ảnh quét thử.")
    return encoded.tobytes()


def source_name(deck: str, batch: int, page_index: int, file_format: Format) -> str:
    """The file that holds a page: one a batch, or one a page for the picture formats."""
    match file_format:
        case "pdf":
            return f"{deck}-{batch + 1:02d}.pdf"
        case "tiff-g4":
            return f"{deck}-{batch + 1:02d}.tif"
        case "jpeg" | "png":
            return f"{deck}-{batch + 1:02d}-{page_index + 1:04d}.{'jpg' if file_format == 'jpeg' else 'png'}"


class ScanFileWriter:
    """Collects encoded pages in order and writes them as files when closed."""

    def __init__(self, folder: Path, deck: str, file_format: Format) -> None:
        """Write into `folder`, which exists, files called after the `deck`."""
        self._deck = deck
        self._folder = folder
        self._format = file_format
        self._batch: int | None = None
        self._pdf = pikepdf.new()
        self._tiffs: list[bytes] = []
        self.files: list[Path] = []

    def add(self, batch: int, page_index: int, encoded: bytes, size_px: tuple[int, int], dpi: float) -> None:
        """Append one page; `size_px` is (width, height). Batches come one after the other."""
        if self._batch != batch:
            self.close()
            self._batch = batch
        match self._format:
            case "pdf":
                self._add_to_pdf(encoded, size_px, dpi)
            case "tiff-g4":
                self._tiffs.append(encoded)
            case "jpeg" | "png":
                path = self._folder / source_name(self._deck, batch, page_index, self._format)
                path.write_bytes(encoded)
                self.files.append(path)

    def close(self) -> None:
        """Write the file under way, if there is one."""
        if self._batch is None:
            return
        path = self._folder / source_name(self._deck, self._batch, 0, self._format)
        if self._format == "pdf":
            self._pdf.save(path, deterministic_id=True)
            self._pdf.close()
            self._pdf = pikepdf.new()
            self.files.append(path)
        elif self._format == "tiff-g4":
            _write_tiff(path, self._tiffs)
            self._tiffs = []
            self.files.append(path)
        self._batch = None

    def _add_to_pdf(self, jpeg: bytes, size_px: tuple[int, int], dpi: float) -> None:
        width, height = (side * _POINTS_PER_INCH / dpi for side in size_px)
        picture = pikepdf.Stream(self._pdf, jpeg)
        picture.stream_dict = pikepdf.Dictionary(
            Type=pikepdf.Name.XObject,
            Subtype=pikepdf.Name.Image,
            Width=size_px[0],
            Height=size_px[1],
            ColorSpace=pikepdf.Name.DeviceGray,
            BitsPerComponent=8,
            Filter=pikepdf.Name.DCTDecode,
        )
        page = self._pdf.add_blank_page(page_size=(width, height))
        page.add_resource(self._pdf.make_indirect(picture), pikepdf.Name.XObject, pikepdf.Name.Scan)
        content = f"q {width:.4f} 0 0 {height:.4f} 0 0 cm /Scan Do Q".encode("ascii")
        page.Contents = self._pdf.make_stream(content)


def _write_tiff(path: Path, tiffs: list[bytes]) -> None:
    """One file of many pages, each at its own resolution."""
    with TiffImagePlugin.AppendingTiffWriter(str(path), True) as out:
        for tiff in tiffs:
            page = PillowImage.open(io.BytesIO(tiff))
            page.save(out, "TIFF", compression="group4", dpi=page.info["dpi"])
            out.newFrame()
