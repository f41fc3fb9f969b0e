"""``laion:...``: the laion-clap package itself, as a cross-check of `mgeval.embed.clap` on LAION's files.

The package imports torchvision, which it does not declare and hardly uses; it loads three tokenizers and a RoBERTa
from the hub, at import and when it builds a model; it unpickles checkpoints; and it crops clips over 10 s at random.
Here it gets a stub for torchvision, a RoBERTa of the checkpoint's size, one tokenizer, tensors from
`read_tensors`, and windows of 10 s.
"""

from __future__ import annotations

import contextlib
import importlib
import importlib.util
import io
import sys
import types
import warnings
from collections.abc import Iterator
from importlib.machinery import ModuleSpec
from pathlib import Path
from typing import Any

import numpy as np

from mgeval.embed.base import VALID
from mgeval.embed.clap import FILES, LAION, Clap
from mgeval.embed.clap.laion_weights import read_sizes, read_tensors
from mgeval.embed.clap.load import load_laion_parts
from mgeval.errors import ModelError, nearest
from mgeval.hub import hub_files, local_folder, weights_hash

FORMS = ("laion:FILE.pt",)
"""How its embedders are called."""

SIZES = {96: "HTSAT-tiny", 128: "HTSAT-base", 256: "HTSAT-large"}
"""Width of the first stage of an audio tower -> its name in laion-clap."""

STUBBED = ("torchvision", "torchvision.datasets", "torchvision.transforms", "torchvision.ops", "torchvision.ops.misc")


class Laion(Clap):
    """laion-clap's own model, with the same windows and tokens as `Clap`.

    Parameters
    ----------
    file : pathlib.Path
        One of LAION's checkpoints.

    Raises
    ------
    ModelError
        The package is not installed, or the file is not such a checkpoint or broken.
    """

    def __init__(self, file: Path) -> None:
        self.module = build_module(file)
        super().__init__(f"laion:{file.name}@{weights_hash([file])}", load_laion_parts(file), file)

    def _features(self, window: np.ndarray) -> np.ndarray:
        return window

    def _embed_audio(self, windows: np.ndarray) -> np.ndarray:
        import torch

        # Pass tensors: laion-clap rounds arrays to 16 bits.
        with torch.inference_mode():
            return self.module.get_audio_embedding_from_data(torch.from_numpy(windows), use_tensor=True).numpy()

    def _embed_texts(self, texts: list[str]) -> np.ndarray:
        import torch

        tokens = self.tokenizer(texts, padding=True, truncation=True, max_length=self.longest, return_tensors="pt")
        with torch.inference_mode():
            return self.module.get_text_embedding(texts, tokenizer=lambda _: dict(tokens), use_tensor=True).numpy()


def load_laion(name: str, revision: str | None = None) -> Laion:
    """Load ``laion:FILE``: a path, or a name as in `load_clap`.

    Raises
    ------
    ModelError
        See `Laion`.
    """
    checkpoint = name.removeprefix("laion:")
    local = local_folder(checkpoint)
    if local is None and checkpoint not in FILES:
        raise ModelError(f"{name}: no such file: {nearest(checkpoint, FILES)}")
    return Laion(local or hub_files(LAION, VALID, [checkpoint], revision) / checkpoint)


def build_module(file: Path) -> Any:
    """Build laion-clap's model with a checkpoint's weights, without the network.

    Parameters
    ----------
    file : pathlib.Path
        The checkpoint.

    Returns
    -------
    laion_clap.CLAP_Module
        In evaluation mode.
    """
    import transformers

    tensors = read_tensors(file)
    try:
        sizes = read_sizes(tensors)
        tower = SIZES[sizes["audio_config"]["patch_embeds_hidden_size"]]
    except KeyError as error:
        raise ModelError(f"{file}: not a CLAP that laion-clap supports ({error})") from None
    fused = sizes["audio_config"]["enable_fusion"]
    if fused and importlib.util.find_spec("torchaudio") is None:
        raise ModelError(f"{file}: laion-clap needs torchaudio for checkpoints with feature fusion; clap:FILE does not")
    config = transformers.RobertaConfig(**sizes["text_config"])

    def roberta(*_: object, **__: object) -> Any:
        return transformers.RobertaModel(config)

    with isolate_imports(), replace_from_pretrained(transformers.RobertaModel, roberta):
        package = import_laion_clap()
        module = package.CLAP_Module(enable_fusion=fused, device="cpu", amodel=tower)
    # Buffers that no longer exist in transformers.
    obsolete = ("text_branch.embeddings.position_ids", "text_branch.embeddings.token_type_ids")
    try:
        module.model.load_state_dict({name: value for name, value in tensors.items() if name not in obsolete})
    except RuntimeError as error:
        raise ModelError(f"{file}: laion-clap cannot load it ({str(error).splitlines()[-1].strip()})") from None
    return module.eval()


def import_laion_clap() -> Any:
    """Import laion-clap.

    Raises
    ------
    ModelError
        It is not installed.
    """
    if importlib.util.find_spec("laion_clap") is None:
        raise ModelError("laion-clap is not installed: pip install 'mgeval[laion]'")
    return importlib.import_module("laion_clap")


@contextlib.contextmanager
def isolate_imports() -> Iterator[None]:
    """Stub torchvision and the tokenizers for laion-clap, so that it needs no network, and suppress its output."""
    import transformers

    missing = importlib.util.find_spec("torchvision") is None
    for name in STUBBED if missing else ():
        sys.modules[name] = StubModule(name)
    try:
        with contextlib.ExitStack() as stack, warnings.catch_warnings():
            warnings.simplefilter("ignore")
            stack.enter_context(contextlib.redirect_stdout(io.StringIO()))
            for kind in (transformers.BertTokenizer, transformers.RobertaTokenizer, transformers.BartTokenizer):
                stack.enter_context(replace_from_pretrained(kind, lambda *_, **__: None))
            yield
    finally:
        # Other packages must not find the stubs; laion-clap keeps its references.
        for name in STUBBED if missing else ():
            del sys.modules[name]


class StubModule(types.ModuleType):
    """A module in which every name is an empty class: laion-clap only imports torchvision's names."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.__spec__, self.__path__ = ModuleSpec(name, None, is_package=True), []

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return type(name, (), {})


@contextlib.contextmanager
def replace_from_pretrained(kind: Any, replacement: Any) -> Iterator[None]:
    """Replace ``kind.from_pretrained`` temporarily."""
    original = vars(kind).get("from_pretrained")
    kind.from_pretrained = replacement
    try:
        yield
    finally:
        if original is None:
            del kind.from_pretrained
        else:
            kind.from_pretrained = original
