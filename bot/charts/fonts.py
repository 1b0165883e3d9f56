"""The font of every chart."""

from functools import cache
from importlib.resources import files
from io import BytesIO

from PIL import ImageFont
from PIL.ImageFont import FreeTypeFont


@cache
def font(size: int, weight: int) -> FreeTypeFont:
    """Noto Sans, bundled: Latin, Greek and Cyrillic even on machines without fonts."""
    file = files("fontpkg_noto_sans") / "files" / "NotoSans[wdth,wght].ttf"
    found = ImageFont.truetype(BytesIO(file.read_bytes()), size)
    found.set_variation_by_axes([weight, 100])
    return found
