"""A page is drawn, for a model that reads pictures. Runs in the reader's process, within its bounds."""

from __future__ import annotations

import io
import math
from typing import TYPE_CHECKING

from glane.documents import kinds
from glane.documents.parsed import Outcome
from glane.documents.reading import Unread, corrupt

if TYPE_CHECKING:
    from PIL.Image import Image

_POINTS_PER_INCH = 72
_LONGEST_SIDE = 10_000  # pixels


def png_of_page(media_type: str, data: bytes, page: int, *, dpi: int, max_pixels: int) -> bytes:
    """The page of a PDF, or of a picture, as PNG: of `max_pixels` at most.

    Args:
        media_type: The kind of the document.
        data: The document.
        page: Number of the page, from 0.
        dpi: Dots per inch of a page of a PDF. A picture is not made larger than it is.
        max_pixels: Of a larger page, all of it is drawn smaller.

    Raises:
        Unread: if there is no such page, or it cannot be drawn.
        MemoryError: as the memory of this process is not to be trusted then.
    """
    try:
        drawn = _pdf_page(data, page, dpi, max_pixels) if media_type == kinds.PDF else _picture(data, page, max_pixels)
        sink = io.BytesIO()
        drawn.save(sink, "PNG")
        return sink.getvalue()
    except (Unread, MemoryError):
        raise
    except Exception as error:  # the libraries have many of their own
        raise corrupt(f"the page cannot be drawn ({type(error).__name__})") from None


def _pdf_page(data: bytes, number: int, dpi: int, max_pixels: int) -> Image:
    import pypdfium2

    pdf = pypdfium2.PdfDocument(data)
    if pdf.get_formtype() not in (-1, pypdfium2.raw.FORMTYPE_NONE):
        pdf.init_forms()  # what a form was filled in with is drawn, too
    page = pdf[number]
    width, height = page.get_size()
    scale = min(dpi / _POINTS_PER_INCH, _scale(width, height, max_pixels))
    while math.ceil(width * scale) * math.ceil(height * scale) > max_pixels:  # sides are rounded up
        scale *= 0.99
    image: Image = page.render(scale=scale).to_pil().convert("RGB")
    return image


def _picture(data: bytes, number: int, max_pixels: int) -> Image:
    from PIL import Image, ImageOps, UnidentifiedImageError

    Image.MAX_IMAGE_PIXELS = None  # the memory of this process is bounded
    try:
        image = Image.open(io.BytesIO(data))
    except UnidentifiedImageError:
        raise Unread(Outcome.UNSUPPORTED, "no reader draws pictures of this kind") from None
    image.seek(number)
    if image.mode[0] in "IF":  # would be white where it is not black
        raise Unread(Outcome.UNSUPPORTED, "no reader draws pictures of more than 8 bits a colour")
    image.draft("RGB", _within(image.size, max_pixels))  # of JPEG: a larger one is never held whole
    turned = _on_white(ImageOps.exif_transpose(image))
    size = _within(turned.size, max_pixels)
    return turned if size == turned.size else turned.resize(size, Image.Resampling.LANCZOS)


def _on_white(image: Image) -> Image:
    """In colours, on white where it is transparent."""
    from PIL import Image

    if not image.has_transparency_data:
        return image if image.mode == "RGB" else image.convert("RGB")
    layer = image.convert("RGBA")
    made = Image.new("RGB", layer.size, "white")
    made.paste(layer, mask=layer.getchannel("A"))
    return made


def _within(size: tuple[int, int], max_pixels: int) -> tuple[int, int]:
    scale = min(1.0, _scale(size[0], size[1], max_pixels))
    return max(1, math.floor(size[0] * scale)), max(1, math.floor(size[1] * scale))


def _scale(width: float, height: float, max_pixels: int) -> float:
    """By what the sides are multiplied so that there are `max_pixels`, or the longer one is as long as it may be.

    Raises:
        Unread: if there is nothing to be drawn.
    """
    if not (0 < width < math.inf and 0 < height < math.inf):
        raise corrupt("the page has no size")
    return min(math.sqrt(max_pixels / (width * height)), _LONGEST_SIDE / max(width, height))
