"""Writes tests/photos/macron.jpg in the ways that a picture may be stored: macron_*.jpg, .png and .webp beside this;
and the largest progressive pictures that tests/bombs.rs allows.

pip install pillow
"""

import pathlib

from PIL import Image

here = pathlib.Path(__file__).parent
photo = Image.open(here.parent / "photos" / "macron.jpg").convert("RGB")
photo.save(here / "macron_progressive.jpg", quality=90, subsampling=0, progressive=True)
photo.save(here / "macron_420.jpg", quality=90, subsampling=2)
photo.convert("L").save(here / "macron_grey.jpg", quality=90)
photo.convert("CMYK").save(here / "macron_cmyk_progressive.jpg", quality=90, progressive=True)
photo.save(here / "macron.webp", quality=90)
photo.quantize(64).save(here / "macron_palette.png")

grey = Image.new("RGB", (3200, 2500), (90, 120, 150))
grey.save(here / "large_progressive.jpg", quality=50, subsampling=0, progressive=True)
grey.convert("CMYK").save(here / "large_cmyk.jpg", quality=50, progressive=True)
