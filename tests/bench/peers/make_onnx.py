"""make_onnx.py - the encoder of each model as ONNX.

    venv-torch/bin/python make_onnx.py

HOME/onnx/MODEL.onnx       DistilBertModel as transformers has it
HOME/onnx/MODEL.bert.onnx  the same weights as a BertModel whose token types are
                           zero: the graph that onnxruntime knows how to fuse

Inputs input_ids and attention_mask, output last_hidden_state; batch and length
are free.
"""
import torch
from transformers import BertConfig, BertModel, DistilBertModel

from places import GEOMETRIES, HOME

LAYER_NAMES = {
    "attention.q_lin": "attention.self.query",
    "attention.k_lin": "attention.self.key",
    "attention.v_lin": "attention.self.value",
    "attention.out_lin": "attention.output.dense",
    "sa_layer_norm": "attention.output.LayerNorm",
    "ffn.lin1": "intermediate.dense",
    "ffn.lin2": "output.dense",
    "output_layer_norm": "output.LayerNorm",
}


def bert_name(name):
    if not name.startswith("transformer.layer."):
        return name
    number, rest = name.removeprefix("transformer.layer.").split(".", 1)
    module, kind = rest.rsplit(".", 1)
    return f"encoder.layer.{number}.{LAYER_NAMES[module]}.{kind}"


def as_bert(distil):
    c = distil.config
    bert = BertModel(BertConfig(
        vocab_size=c.vocab_size, hidden_size=c.dim,
        num_hidden_layers=c.n_layers, num_attention_heads=c.n_heads,
        intermediate_size=c.hidden_dim, attn_implementation="eager",
        max_position_embeddings=c.max_position_embeddings),
        add_pooling_layer=False)
    state = {bert_name(k): v for k, v in distil.state_dict().items()}
    state["embeddings.token_type_embeddings.weight"] = torch.zeros(2, c.dim)
    bert.load_state_dict(state)
    return bert.eval()


class Encoder(torch.nn.Module):
    def __init__(self, model):
        super().__init__()
        self.model = model

    def forward(self, input_ids, attention_mask):
        return self.model(input_ids=input_ids,
                          attention_mask=attention_mask).last_hidden_state


def export(model, path):
    ids = torch.randint(1000, 2000, (2, 16))
    free = {0: "batch", 1: "length"}
    torch.onnx.export(
        Encoder(model), (ids, torch.ones_like(ids)), str(path), dynamo=False,
        opset_version=17, input_names=["input_ids", "attention_mask"],
        output_names=["last_hidden_state"],
        dynamic_axes={"input_ids": free, "attention_mask": free,
                      "last_hidden_state": free})


def main():
    (HOME / "onnx").mkdir(exist_ok=True)
    for name in GEOMETRIES:
        distil = DistilBertModel.from_pretrained(
            HOME / "models" / name, attn_implementation="eager").eval()
        export(distil, HOME / f"onnx/{name}.onnx")
        export(as_bert(distil), HOME / f"onnx/{name}.bert.onnx")


main()
