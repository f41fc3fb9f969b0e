"""Setting LaTeX, as a paper would, for tests."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

PAGE = r"""\documentclass{article}
FONTS
\usepackage{booktabs,graphicx}
\usepackage[margin=15mm]{geometry}
\pagestyle{empty}
\begin{document}
\noindent\scriptsize
BODY
\end{document}
"""
T1 = r"\usepackage[T1]{fontenc}\usepackage{lmodern}"


def pages(folder: Path, body: str, fonts: str = T1) -> tuple[str, int, str]:
    """Set a page in a folder; return its text, how many pages there are, and what pdflatex said."""
    if shutil.which("pdflatex") is None or shutil.which("pdftotext") is None:
        pytest.skip("pdflatex or pdftotext is not installed: texlive-latex-recommended, lmodern, poppler-utils")
    (folder / "page.tex").write_text(PAGE.replace("FONTS", fonts).replace("BODY", body))
    command = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "-no-shell-escape", "page.tex"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, errors="replace", timeout=120)
    assert done.returncode == 0, done.stdout[-2000:]
    text = subprocess.run(["pdftotext", "-layout", "page.pdf", "-"], cwd=folder, capture_output=True, text=True).stdout
    return text, text.count("\f"), done.stdout
