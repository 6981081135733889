"""Every installed distribution may be used and passed on together with this project, which is under Apache-2.0.

What each says of itself: an SPDX expression, else its classifiers, else its free text. For one that says nothing, or
whose licence is none of ALLOWED, the reason why it may be used stands in EXCEPTIONS.
"""

import re
import tomllib
from importlib.metadata import Distribution, distributions
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
OURS = "Apache-2.0"

ALLOWED = {
    "0BSD", "Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "CC0-1.0", "CNRI-Python", "ISC", "MIT", "MIT-0", "MIT-CMU",
    "MPL-2.0", "PSF-2.0", "TCL", "Unlicense", "Zlib",
}  # fmt: skip
"""MPL-2.0 reaches no further than its own files, which we leave as they are; the others ask for their notice alone."""

CLASSIFIERS = {
    "Apache Software License": "Apache-2.0",
    "BSD License": "BSD-3-Clause",
    "ISC License (ISCL)": "ISC",
    "MIT License": "MIT",
    "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
    "Public Domain": "CC0-1.0",
    "Python Software Foundation License": "PSF-2.0",
}
NO_LICENCES = ("OSI Approved", "DFSG approved")

TEXTS = {
    "3-Clause BSD License": "BSD-3-Clause",
    "Apache": "Apache-2.0",
    "Apache 2.0": "Apache-2.0",
    "Apache License, Version 2.0": "Apache-2.0",
    "Apache Software License": "Apache-2.0",
    "MIT License": "MIT",
}

EXCEPTIONS = {
    "axe-playwright-python": "says nothing; its LICENSE is MIT, and it is a tool of the tests",
    "docutils": "public domain and BSD but for a mode of Emacs, which is under the GPL and no part of the wheel",
    "huey": "says nothing; its LICENSE is MIT",
    "promql-parser": "says nothing; its LICENSE is MIT",
    "psycopg2-binary": "LGPL with exceptions: imported unchanged, and anybody can replace it",
    "skops": "says `OSI Approved` alone; its LICENSE is MIT",
}


def licences(distribution: Distribution) -> set[str]:
    """The SPDX identifiers that a distribution's metadata name; what has none stands as it is."""
    metadata = distribution.metadata
    if expression := metadata.get("License-Expression"):
        parts = set(re.split(r" AND | OR |[()]", expression)) - {""}
        return parts & ALLOWED if " OR " in expression and " AND " not in expression and parts & ALLOWED else parts
    found = (each.rpartition(" :: ")[2] for each in metadata.get_all("Classifier") or () if each.startswith("License"))
    if classified := {CLASSIFIERS.get(each, each) for each in found if each not in NO_LICENCES}:
        return classified
    text = (metadata.get("License") or "").strip().partition("\n")[0]
    return set(TEXTS.get(text, text).split(" AND ")) if text else {"nothing"}


def test_every_dependency_s_licence_goes_with_ours() -> None:
    strange = {
        name: sorted(licences(each) - ALLOWED)
        for each in distributions()
        if not (name := each.metadata["Name"]).startswith("delivery-time") and licences(each) - ALLOWED
    }
    assert set(strange) <= set(EXCEPTIONS), f"add a reason to EXCEPTIONS, or do without: {strange}"


def test_no_exception_outlives_its_distribution() -> None:
    assert set(EXCEPTIONS) <= {each.metadata["Name"] for each in distributions()}


def test_the_licence_is_whole_and_every_member_names_it() -> None:
    text = (ROOT / "LICENSE").read_text()
    assert "Version 2.0, January 2004" in text
    assert "END OF TERMS AND CONDITIONS" in text
    projects = [ROOT / "pyproject.toml", *ROOT.glob("*/*/pyproject.toml")]
    assert len(projects) == 9
    for project in projects:
        assert tomllib.loads(project.read_text())["project"]["license"] == OURS, project


@pytest.mark.parametrize(
    ("metadata", "found"),
    [
        ("License-Expression: GPL-3.0-only OR MIT", {"MIT"}),
        ("License-Expression: GPL-3.0-only AND MIT", {"GPL-3.0-only", "MIT"}),
        ("Classifier: License :: OSI Approved :: GNU Affero General Public License v3",
         {"GNU Affero General Public License v3"}),
        ("License: Apache 2.0", {"Apache-2.0"}),
        ("License: ours alone", {"ours alone"}),
        ("Summary: none", {"nothing"}),
    ],
)  # fmt: skip
def test_a_licence_is_read_from_wherever_it_stands(tmp_path: Path, metadata: str, found: set[str]) -> None:
    folder = tmp_path / "some-1.dist-info"
    folder.mkdir()
    (folder / "METADATA").write_text(f"Metadata-Version: 2.4\nName: some\nVersion: 1\n{metadata}\n")
    assert licences(Distribution.at(folder)) == found
