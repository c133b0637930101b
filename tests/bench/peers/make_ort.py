"""make_ort.py - what onnxruntime's own tools make of the ONNX files.

    venv-ort/bin/python make_ort.py

HOME/onnx/MODEL.fused.onnx       MODEL.bert.onnx, operations fused
HOME/onnx/MODEL.fused-int8.onnx  its weights as bytes, by row; activations are
                                 quantized on the fly
"""
import json
import shutil

import onnx
from onnxruntime.quantization import QuantType, quantize_dynamic
from onnxruntime.transformers import optimizer

from places import GEOMETRIES, HOME

for name in GEOMETRIES:
    config = json.loads((HOME / f"models/{name}/config.json").read_text())
    base = f"{HOME}/onnx/{name}"
    fused = optimizer.optimize_model(
        f"{base}.bert.onnx", model_type="bert", opt_level=0,
        num_heads=config["n_heads"], hidden_size=config["dim"])
    fused.save_model_to_file(f"{base}.fused.onnx")
    quantize_dynamic(f"{base}.fused.onnx", f"{base}.fused-int8.onnx",
                     per_channel=True, weight_type=QuantType.QInt8,
                     extra_options={"MatMulConstBOnly": True,
                                    "DefaultTensorType": onnx.TensorProto.FLOAT})

# fastembed wants a folder with a tokenizer, and runs the fused model.
for name in GEOMETRIES:
    folder = HOME / "fastembed" / name
    shutil.copytree(HOME / "models" / name, folder, dirs_exist_ok=True,
                    ignore=shutil.ignore_patterns("*.safetensors"))
    shutil.copy(HOME / f"onnx/{name}.fused.onnx", folder / "model.onnx")
