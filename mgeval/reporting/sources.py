"""The bibliography as BibTeX: the references that metrics and models cite by key."""

from __future__ import annotations

import re
from collections.abc import Iterable

from mgeval.metrics import METRICS, described
from mgeval.models import DEFAULT_KIND, ModelKind, kind_of, model_kinds
from mgeval.version import __version__

BIBTEX = {
    "mgeval": """@misc{mgeval,
  title = {mgeval: generating, measuring and exploring stereo text-to-music},
  author = {{The mgeval authors}},
  year = {2026},
  version = {VERSION}
}""",
    "copet2023": """@inproceedings{copet2023,
  title = {Simple and controllable music generation},
  author = {Copet, Jade and Kreuk, Felix and Gat, Itai and Remez, Tal and Kant, David and Synnaeve, Gabriel and
            Adi, Yossi and Défossez, Alexandre},
  booktitle = {Advances in Neural Information Processing Systems},
  year = {2023},
  eprint = {2306.05284},
  archiveprefix = {arXiv}
}""",
    "defossez2023": """@article{defossez2023,
  title = {High fidelity neural audio compression},
  author = {Défossez, Alexandre and Copet, Jade and Synnaeve, Gabriel and Adi, Yossi},
  journal = {Transactions on Machine Learning Research},
  year = {2023},
  eprint = {2210.13438},
  archiveprefix = {arXiv}
}""",
    "itu1770": """@techreport{itu1770,
  title = {Algorithms to measure audio programme loudness and true-peak audio level},
  author = {{International Telecommunication Union}},
  institution = {ITU},
  type = {Recommendation},
  number = {ITU-R BS.1770-4},
  year = {2015}
}""",
    "ebu3342": """@techreport{ebu3342,
  title = {Loudness range: a measure to supplement {EBU R 128} loudness normalisation},
  author = {{European Broadcasting Union}},
  institution = {EBU},
  number = {EBU Tech 3342},
  year = {2016}
}""",
    "steinmetz2021": """@inproceedings{steinmetz2021,
  title = {pyloudnorm: A simple yet flexible loudness meter in {Python}},
  author = {Steinmetz, Christian J. and Reiss, Joshua D.},
  booktitle = {150th Convention of the Audio Engineering Society},
  year = {2021}
}""",
    "iso3382": """@techreport{iso3382,
  title = {Acoustics -- Measurement of room acoustic parameters -- Part 1: Performance spaces},
  author = {{International Organization for Standardization}},
  institution = {ISO},
  number = {ISO 3382-1},
  year = {2009}
}""",
    "welch1967": """@article{welch1967,
  title = {The use of fast {Fourier} transform for the estimation of power spectra: a method based on time
           averaging over short, modified periodograms},
  author = {Welch, Peter D.},
  journal = {IEEE Transactions on Audio and Electroacoustics},
  volume = {15},
  number = {2},
  pages = {70--73},
  year = {1967},
  doi = {10.1109/TAU.1967.1161901}
}""",
    "carter1973": """@article{carter1973,
  title = {Estimation of the magnitude-squared coherence function via overlapped fast {Fourier} transform processing},
  author = {Carter, G. Clifford and Knapp, Charles H. and Nuttall, Albert H.},
  journal = {IEEE Transactions on Audio and Electroacoustics},
  volume = {21},
  number = {4},
  pages = {337--344},
  year = {1973},
  doi = {10.1109/TAU.1973.1162496}
}""",
    "avendano2003": """@inproceedings{avendano2003,
  title = {Frequency-domain source identification and manipulation in stereo mixes for enhancement, suppression and
           re-panning applications},
  author = {Avendano, Carlos},
  booktitle = {IEEE Workshop on Applications of Signal Processing to Audio and Acoustics},
  pages = {55--58},
  year = {2003}
}""",
    "johnston1988": """@article{johnston1988,
  title = {Transform coding of audio signals using perceptual noise criteria},
  author = {Johnston, James D.},
  journal = {IEEE Journal on Selected Areas in Communications},
  volume = {6},
  number = {2},
  pages = {314--323},
  year = {1988},
  doi = {10.1109/49.608}
}""",
    "ellis2007": """@article{ellis2007,
  title = {Beat tracking by dynamic programming},
  author = {Ellis, Daniel P. W.},
  journal = {Journal of New Music Research},
  volume = {36},
  number = {1},
  pages = {51--60},
  year = {2007},
  doi = {10.1080/09298210701653344}
}""",
    "lartillot2008": """@inproceedings{lartillot2008,
  title = {Multi-feature modeling of pulse clarity: design, validation and optimization},
  author = {Lartillot, Olivier and Eerola, Tuomas and Toiviainen, Petri and Fornari, Jose},
  booktitle = {International Conference on Music Information Retrieval},
  pages = {521--526},
  year = {2008}
}""",
    "temperley2007": """@book{temperley2007,
  title = {Music and Probability},
  author = {Temperley, David},
  publisher = {MIT Press},
  year = {2007}
}""",
    "krumhansl1990": """@book{krumhansl1990,
  title = {Cognitive Foundations of Musical Pitch},
  author = {Krumhansl, Carol L.},
  publisher = {Oxford University Press},
  year = {1990}
}""",
    "fitzgerald2010": """@inproceedings{fitzgerald2010,
  title = {Harmonic/percussive separation using median filtering},
  author = {Fitzgerald, Derry},
  booktitle = {13th International Conference on Digital Audio Effects (DAFx-10)},
  year = {2010}
}""",
    "mcfee2015": """@inproceedings{mcfee2015,
  title = {librosa: Audio and music signal analysis in {Python}},
  author = {McFee, Brian and Raffel, Colin and Liang, Dawen and Ellis, Daniel P. W. and McVicar, Matt and
            Battenberg, Eric and Nieto, Oriol},
  booktitle = {14th Python in Science Conference},
  pages = {18--24},
  year = {2015},
  doi = {10.25080/Majora-7b98e3ed-003}
}""",
    "wu2020": """@inproceedings{wu2020,
  title = {The {Jazz Transformer} on the front line: exploring the shortcomings of {AI}-composed music through
           quantitative measures},
  author = {Wu, Shih-Lun and Yang, Yi-Hsuan},
  booktitle = {International Society for Music Information Retrieval Conference},
  year = {2020},
  eprint = {2008.01307},
  archiveprefix = {arXiv}
}""",
    "elizalde2023": """@inproceedings{elizalde2023,
  title = {{CLAP}: learning audio concepts from natural language supervision},
  author = {Elizalde, Benjamin and Deshmukh, Soham and Al Ismail, Mahmoud and Wang, Huaming},
  booktitle = {IEEE International Conference on Acoustics, Speech and Signal Processing},
  year = {2023},
  pages = {1--5},
  doi = {10.1109/ICASSP49357.2023.10095889}
}""",
    "wu2023": """@inproceedings{wu2023,
  title = {Large-scale contrastive language-audio pretraining with feature fusion and keyword-to-caption augmentation},
  author = {Wu, Yusong and Chen, Ke and Zhang, Tianyu and Hui, Yuchen and Berg-Kirkpatrick, Taylor and
            Dubnov, Shlomo},
  booktitle = {IEEE International Conference on Acoustics, Speech and Signal Processing},
  year = {2023},
  pages = {1--5},
  doi = {10.1109/ICASSP49357.2023.10095969}
}""",
}
"""References by their keys."""


def cite_key(cite: str) -> str:
    """Return the key of a citation, which is a key or a whole BibTeX entry.

    Examples
    --------
    >>> cite_key("itu1770"), cite_key("@misc{own2026, title = {Own}}")
    ('itu1770', 'own2026')
    """
    entry = re.match(r"@\w+\{([^,\s]+),", cite)
    return entry[1] if entry else cite


def entries() -> dict[str, str]:
    """Return every BibTeX entry by its key: those above and those in the rows of metrics and models."""
    cites = [cite for metric in METRICS.values() for cite in metric.cites]
    cites += [cite for kind in model_kinds().values() for cite in kind.cites]
    return BIBTEX | {cite_key(cite): cite for cite in cites if cite.startswith("@")}


def metric_cite_keys(metric: str) -> tuple[str, ...]:
    """Return the keys of the references of a metric."""
    row = described(metric)
    return () if row is None else tuple(map(cite_key, row.cites))


def maker_kind(model: str, slots: float = 0) -> ModelKind | None:
    """Return the kind of the model that made clips; None if it is unknown.

    A `Model` of a user can have any name, and so can a checkpoint in a folder: without ``musicgen`` in the name, only
    the count of slots, which the decoder of mgeval records, shows that it is a MusicGen.
    """
    kind = kind_of(model)
    default = kind.name == DEFAULT_KIND
    return kind if not default or model == "tiny" or "musicgen" in model.lower() or slots > 0 else None


def cite_keys(metrics: Iterable[str], kinds: Iterable[ModelKind] = ()) -> list[str]:
    """Return the keys of the references of mgeval, of kinds of models and of metrics, each once."""
    models = [cite_key(cite) for kind in kinds for cite in kind.cites]
    keys = [key for metric in metrics for key in metric_cite_keys(metric)]
    return list(dict.fromkeys(["mgeval", *models, *keys]))


def bibliography(keys: Iterable[str]) -> str:
    """Return references as BibTeX."""
    by_key = entries()
    return "\n\n".join(by_key[key].replace("VERSION", __version__) for key in keys) + "\n"
