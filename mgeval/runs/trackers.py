"""Log the rows of clips to a tracker as they arrive: Weights & Biases or MLflow."""

from __future__ import annotations

import numbers
from collections.abc import Callable, Mapping
from typing import Any

from mgeval.errors import MgevalError

Row = Mapping[str, Any]


def scalars(row: Row) -> dict[str, Any]:
    """Return the values of a row that a tracker can log: finite numbers, flags and texts.

    Examples
    --------
    >>> scalars({"key": "a", "width": 0.5, "tempo": float("nan"), "codes": [1, 2]})
    {'key': 'a', 'width': 0.5}
    """
    values: dict[str, Any] = {}
    for name, value in row.items():
        # `item` converts numpy's numbers and flags to Python's.
        value = value.item() if hasattr(value, "item") and getattr(value, "ndim", 0) == 0 else value
        if isinstance(value, (bool, str)) or (isinstance(value, numbers.Real) and abs(float(value)) < float("inf")):
            values[name] = value
    return values


def to_wandb(run: Any = None, **options: Any) -> Callable[[Row], None]:
    """Return a function that logs a row to Weights & Biases, one step per row.

    Parameters
    ----------
    run : wandb run, optional
        By default ``wandb.init(**options)`` starts one.
    **options
        For ``wandb.init``, such as ``project``; unused if ``run`` is given.

    Raises
    ------
    MgevalError
        The package is missing.

    Examples
    --------
    ::

        mg.run(plan, store, on_row=to_wandb(project="stereo"))
    """
    if run is None:
        run = _package("wandb").init(**options)

    def log(row: Row) -> None:
        run.log(scalars(row))

    return log


def to_mlflow(client: Any = None) -> Callable[[Row], None]:
    """Return a function that logs a row to the active MLflow run, numbers as metrics, one step per row.

    MLflow's metrics are numbers only; texts, such as the prompt, go into the run's table ``clips.json``.

    Parameters
    ----------
    client : module or object, optional
        An object with MLflow's ``log_metrics`` and ``log_table``; by default the package itself.

    Raises
    ------
    MgevalError
        The package is missing.
    """
    client = client or _package("mlflow")
    step = 0

    def log(row: Row) -> None:
        nonlocal step
        values = scalars(row)
        metrics = {name: float(value) for name, value in values.items() if not isinstance(value, str)}
        # A seed is an identifier; as a float it would lose digits.
        metrics.pop("seed", None)
        # MLflow allows a colon in names only on some systems.
        client.log_metrics({name.replace(":", "_"): value for name, value in metrics.items()}, step=step)
        client.log_table({name: [value] for name, value in values.items()}, artifact_file="clips.json")
        step += 1

    return log


def _package(name: str) -> Any:
    import importlib

    try:
        return importlib.import_module(name)
    except ImportError:
        raise MgevalError(f"the package {name} is missing: pip install {name}") from None
