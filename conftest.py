"""What pytest leaves out where an extra is not installed."""

from importlib.util import find_spec

# Workers are Dask's: without it their module cannot be imported, and nobody does so.
collect_ignore = [] if find_spec("distributed") else ["mgeval/runs/workers/worker.py"]
