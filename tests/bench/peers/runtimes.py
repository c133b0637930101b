"""runtimes.py - the peers that are called from Python, each in its own venv.

A peer is a class: PEER(model, dtype, threads) opens HOME's model of that name.
Those here take token ids and give the last hidden state:

    feed(rows)   its own inputs, of rows of ids that may differ in length
    run(feed)    its own output: this is what is timed
    array(out)   that as numpy [rows, tokens, width]

From them Ids makes what a table of texts needs: tokenizing, batches of 32 of
similar length, mean pooling.  fastembed brings all of that itself.
"""
import json

import numpy

from places import HOME

BATCH = 32


def padded(rows):
    ids = numpy.zeros((len(rows), max(map(len, rows))), numpy.int64)
    mask = numpy.zeros_like(ids)
    for i, row in enumerate(rows):
        ids[i, :len(row)], mask[i, :len(row)] = row, 1
    return {"input_ids": ids, "attention_mask": mask}


def pooled(hidden, rows):
    out = numpy.stack([h[:len(r)].mean(0) for h, r in zip(hidden, rows)])
    return out / numpy.linalg.norm(out, axis=1, keepdims=True)


class Ids:
    takes = "ids"
    how = f"padded batches of {BATCH}"  # are made of a table of texts

    def __init__(self, model):
        self.folder = HOME / "models" / model

    def feed(self, rows):
        return padded(rows)

    def array(self, out):
        return out

    def store(self, texts):
        from tokenizers import Tokenizer
        self.tokenizer = Tokenizer.from_file(f"{self.folder}/tokenizer.json")
        self.tokenizer.no_padding()
        self.tokenizer.no_truncation()
        self.texts = texts

    def bulk(self, n):
        """Vectors of the first n texts stored."""
        rows = [e.ids for e in self.tokenizer.encode_batch(self.texts[:n])]
        order = sorted(range(n), key=lambda i: len(rows[i]))
        vectors = [None] * n
        for first in range(0, n, BATCH):
            part = order[first:first + BATCH]
            picked = [rows[i] for i in part]
            hidden = self.array(self.run(self.feed(picked)))
            for i, vector in zip(part, pooled(hidden, picked)):
                vectors[i] = vector
        return vectors


class Torch(Ids):
    def __init__(self, model, dtype, threads):
        import torch
        import transformers
        super().__init__(model)
        torch.set_num_threads(threads)
        torch.set_num_interop_threads(1)
        self.torch = torch
        self.version = f"{torch.__version__}, transformers " \
                       f"{transformers.__version__}"
        self.model = transformers.DistilBertModel.from_pretrained(
            self.folder, attn_implementation="sdpa",
            dtype=torch.float32).eval()

    def feed(self, rows):
        return {k: self.torch.from_numpy(v) for k, v in padded(rows).items()}

    def run(self, feed):
        with self.torch.inference_mode():
            return self.model(**feed).last_hidden_state

    def array(self, out):
        return out.numpy()


class Onnxruntime(Ids):
    def __init__(self, model, dtype, threads):
        import onnxruntime
        super().__init__(model)
        self.version = onnxruntime.__version__
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        kind = {"fp32": "fused", "int8": "fused-int8"}[dtype]
        self.session = onnxruntime.InferenceSession(
            f"{HOME}/onnx/{model}.{kind}.onnx", options,
            providers=["CPUExecutionProvider"])

    def run(self, feed):
        return self.session.run(None, feed)[0]


class OpenVino(Ids):
    def __init__(self, model, dtype, threads):
        import openvino
        super().__init__(model)
        self.version = openvino.__version__.split("-")[0]
        suffix = ".int8" if dtype == "int8" else ""
        self.request = openvino.Core().compile_model(
            f"{HOME}/openvino/{model}{suffix}.xml", "CPU",
            {"INFERENCE_NUM_THREADS": threads, "NUM_STREAMS": 1,
             "PERFORMANCE_HINT": "LATENCY", "INFERENCE_PRECISION_HINT":
             "bf16" if dtype == "bf16" else "f32"}).create_infer_request()

    def run(self, feed):
        self.request.infer(feed, share_inputs=True)
        return self.request.get_output_tensor().data

    def array(self, out):
        return numpy.array(out, numpy.float32)


class CTranslate2(Ids):
    TYPES = {"fp32": "float32", "bf16": "bfloat16", "int8": "int8_float32"}

    def __init__(self, model, dtype, threads):
        import ctranslate2
        super().__init__(model)
        self.version = ctranslate2.__version__
        self.encoder = ctranslate2.Encoder(
            f"{HOME}/ctranslate2/{model}", device="cpu", intra_threads=threads,
            inter_threads=1, compute_type=self.TYPES[dtype])

    def feed(self, rows):
        return rows

    def run(self, feed):
        return self.encoder.forward_batch(feed).last_hidden_state

    def array(self, out):
        import ctranslate2
        return numpy.array(out.to(ctranslate2.DataType.float32))


class Fastembed:
    """Reads texts, gives pooled vectors; onnxruntime does the work."""
    takes = "texts"
    how = f"batches of {BATCH}"

    def __init__(self, model, dtype, threads):
        import fastembed
        from fastembed.common.model_description import ModelSource, PoolingType
        self.version = fastembed.__version__
        config = json.loads((HOME / f"models/{model}/config.json").read_text())
        fastembed.TextEmbedding.add_custom_model(
            model=f"made/{model}", pooling=PoolingType.MEAN, normalization=True,
            dim=config["dim"], sources=ModelSource(hf=f"made/{model}"),
            model_file="model.onnx")
        self.model = fastembed.TextEmbedding(
            f"made/{model}", threads=threads,
            specific_model_path=f"{HOME}/fastembed/{model}")

    def feed(self, rows):
        return rows

    def run(self, feed):
        return list(self.model.embed(feed))

    def array(self, out):
        return numpy.stack(out)

    def store(self, texts):
        self.texts = texts

    def bulk(self, n):
        order = sorted(range(n), key=lambda i: len(self.texts[i]))
        vectors = self.model.embed([self.texts[i] for i in order],
                                   batch_size=BATCH)
        return [v for _, v in sorted(zip(order, vectors),
                                     key=lambda pair: pair[0])]


class FastTextEmbed:
    """Plain C behind ctypes; the driver's FTE_THREADS is its only setting."""
    takes = "texts"
    how = "one call"

    def __init__(self, model, dtype, threads):
        from importlib.metadata import version

        import fasttextembed
        self.version = version("fasttextembed")
        self.threads = threads
        folder = HOME / "fasttextembed"
        self.model = fasttextembed.TextEmbedding(f"{folder}/model.fte",
                                                 f"{folder}/vocab.tsv")

    def feed(self, rows):
        return rows

    def run(self, feed):
        return [self.model.embed_one(text) for text in feed]

    def array(self, out):
        return numpy.array(out, numpy.float32)

    def store(self, texts):
        self.texts = texts

    def bulk(self, n):
        return self.array(self.model.embed(self.texts[:n], self.threads))


PEERS = {"PyTorch": Torch, "onnxruntime": Onnxruntime, "OpenVINO": OpenVino,
         "CTranslate2": CTranslate2, "fastembed": Fastembed,
         "fasttextembed": FastTextEmbed}
