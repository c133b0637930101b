"""make_openvino.py - OpenVINO's own format, from HOME/onnx/MODEL.onnx.

    venv-nncf/bin/python make_openvino.py

HOME/openvino/MODEL.xml       weights in fp32
HOME/openvino/MODEL.int8.xml  weights and activations quantized after training
                              by nncf, calibrated on texts of texts.json
"""
import json

import nncf
import numpy
import openvino

from places import GEOMETRIES, HOME


def feed(ids):
    ids = numpy.array([ids])
    return {"input_ids": ids, "attention_mask": numpy.ones_like(ids)}


def samples():
    texts = json.loads((HOME / "texts.json").read_text())
    return [ids for n in ("16", "32", "64", "128") for ids in texts[n]["ids"]]


def main():
    (HOME / "openvino").mkdir(exist_ok=True)
    data = samples()
    for name in GEOMETRIES:
        base = f"{HOME}/openvino/{name}"
        openvino.save_model(openvino.convert_model(f"{HOME}/onnx/{name}.onnx"),
                            f"{base}.xml", compress_to_fp16=False)
        quantized = nncf.quantize(
            openvino.Core().read_model(f"{base}.xml"),
            nncf.Dataset(data, feed), subset_size=len(data),
            model_type=nncf.ModelType.TRANSFORMER)
        openvino.save_model(quantized, f"{base}.int8.xml",
                            compress_to_fp16=False)


main()
