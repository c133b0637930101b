"""make_ctranslate2.py - HOME/ctranslate2/MODEL, weights in fp32.

    venv-torch/bin/python make_ctranslate2.py

What it computes with is chosen when the model is loaded.
"""
from ctranslate2.converters import TransformersConverter

from places import GEOMETRIES, HOME

(HOME / "ctranslate2").mkdir(exist_ok=True)
for name in GEOMETRIES:
    TransformersConverter(str(HOME / "models" / name)).convert(
        str(HOME / "ctranslate2" / name), quantization="float32", force=True)
