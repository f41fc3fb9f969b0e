"""``laion:...``: the laion-clap package itself, as a second opinion on what `mgeval.embed.clap` makes of LAION's files.

The package imports torchvision, which it does not declare and hardly uses; it loads three tokenizers and a RoBERTa
from the hub, at import and when a model is made; it unpickles checkpoints; and it crops clips over 10 s at random. Here
it gets a stand-in for torchvision, a RoBERTa of the checkpoint's own size, one tokenizer, tensors read by
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
from mgeval.embed.clap.laion_weights import read_tensors, settings
from mgeval.embed.clap.load import laion_parts
from mgeval.errors import ModelError, nearest
from mgeval.hub import hub_files, local_folder, weights_hash

FORMS = ("laion:FILE.pt",)
"""How its embedders are called."""

SIZES = {96: "HTSAT-tiny", 128: "HTSAT-base", 256: "HTSAT-large"}
"""laion-clap's names of the audio towers by the width of their first stage."""

STANDINS = ("torchvision", "torchvision.datasets", "torchvision.transforms", "torchvision.ops", "torchvision.ops.misc")


class Laion(Clap):
    """laion-clap's own model, hearing the same windows and reading the same tokens as `Clap`.

    Parameters
    ----------
    file : pathlib.Path
        One of LAION's checkpoints.

    Raises
    ------
    ModelError
        The package is not installed, or the file is no such checkpoint or broken.
    """

    def __init__(self, file: Path) -> None:
        self.module = laion_module(file)
        super().__init__(f"laion:{file.name}@{weights_hash([file])}", laion_parts(file), file)

    def _heard(self, window: np.ndarray) -> np.ndarray:
        return window

    def _hear(self, windows: np.ndarray) -> np.ndarray:
        import torch

        # As tensors: given arrays, it rounds them to 16 bits.
        with torch.inference_mode():
            return self.module.get_audio_embedding_from_data(torch.from_numpy(windows), use_tensor=True).numpy()

    def _read(self, texts: list[str]) -> np.ndarray:
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
    where = name.removeprefix("laion:")
    place = local_folder(where)
    if place is None and where not in FILES:
        raise ModelError(f"{name}: no such file: {nearest(where, FILES)}")
    return Laion(place or hub_files(LAION, VALID, [where], revision) / where)


def laion_module(file: Path) -> Any:
    """Make laion-clap's model with a checkpoint's weights, without any network.

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
        sizes = settings(tensors)
        tower = SIZES[sizes["audio_config"]["patch_embeds_hidden_size"]]
    except KeyError as error:
        raise ModelError(f"{file}: not a CLAP that laion-clap knows ({error})") from None
    fused = sizes["audio_config"]["enable_fusion"]
    if fused and importlib.util.find_spec("torchaudio") is None:
        raise ModelError(f"{file}: laion-clap needs torchaudio for checkpoints with feature fusion; clap:FILE does not")
    config = transformers.RobertaConfig(**sizes["text_config"])

    def roberta(*_: object, **__: object) -> Any:
        return transformers.RobertaModel(config)

    with contained(), replaced(transformers.RobertaModel, roberta):
        package = imported()
        module = package.CLAP_Module(enable_fusion=fused, device="cpu", amodel=tower)
    # Buffers that transformers no longer keeps.
    gone = ("text_branch.embeddings.position_ids", "text_branch.embeddings.token_type_ids")
    try:
        module.model.load_state_dict({name: value for name, value in tensors.items() if name not in gone})
    except RuntimeError as error:
        raise ModelError(f"{file}: laion-clap does not take it ({str(error).splitlines()[-1].strip()})") from None
    return module.eval()


def imported() -> Any:
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
def contained() -> Iterator[None]:
    """Give laion-clap a torchvision and tokenizers that cost no network, and keep back what it prints."""
    import transformers

    missing = importlib.util.find_spec("torchvision") is None
    for name in STANDINS if missing else ():
        sys.modules[name] = StandIn(name)
    try:
        with contextlib.ExitStack() as stack, warnings.catch_warnings():
            warnings.simplefilter("ignore")
            stack.enter_context(contextlib.redirect_stdout(io.StringIO()))
            for kind in (transformers.BertTokenizer, transformers.RobertaTokenizer, transformers.BartTokenizer):
                stack.enter_context(replaced(kind, lambda *_, **__: None))
            yield
    finally:
        # Others shall not take it for the real one; laion-clap keeps what it has imported.
        for name in STANDINS if missing else ():
            del sys.modules[name]


class StandIn(types.ModuleType):
    """A module in which every name is an empty class: laion-clap imports torchvision's and does not need them here."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.__spec__, self.__path__ = ModuleSpec(name, None, is_package=True), []

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return type(name, (), {})


@contextlib.contextmanager
def replaced(kind: Any, stand_in: Any) -> Iterator[None]:
    """Let ``kind.from_pretrained`` be something else for a while."""
    own = vars(kind).get("from_pretrained")
    kind.from_pretrained = stand_in
    try:
        yield
    finally:
        if own is None:
            del kind.from_pretrained
        else:
            kind.from_pretrained = own
