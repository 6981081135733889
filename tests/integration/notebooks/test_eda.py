"""The exploration notebook runs from top to bottom on prepared data, and is kept without outputs."""

from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

from support.olist_folder import prepare_olist
from trainer.data.synthetic.generate import Wanted, synthesize

KERNEL_WARNS = pytest.mark.filterwarnings("ignore::DeprecationWarning:zmq", "ignore::ResourceWarning")
NOTEBOOK = Path(__file__).parents[3] / "notebooks" / "EDA.ipynb"


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with prepared synthetic orders."""
    folder = tmp_path_factory.mktemp("data")
    synthesize(Wanted(orders=3_000), folder / "dataset")
    prepare_olist(folder / "dataset", folder / "prepared")
    return folder


@KERNEL_WARNS
def test_the_notebook_runs_on_prepared_data(data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATA_DIR", str(data_dir))
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    NotebookClient(notebook, timeout=120, kernel_name="python3").execute()
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    assert any("image/png" in output.get("data", {}) for output in outputs)


@KERNEL_WARNS
def test_a_relative_data_folder_is_the_repositorys(
    data_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Jupyter starts a notebook in the notebook's own folder."""
    (tmp_path / "repository" / "notebooks").mkdir(parents=True)
    (tmp_path / "repository" / "prepared").symlink_to(data_dir / "prepared")
    monkeypatch.setenv("DATA_DIR", ".")
    beginning(tmp_path / "repository" / "notebooks").execute()


@KERNEL_WARNS
def test_without_prepared_data_the_notebook_says_what_to_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATA_DIR", str(tmp_path))
    with pytest.raises(CellExecutionError, match="run `make download-data prepare-data`, or set DATA_DIR"):
        beginning(tmp_path).execute()


def beginning(folder: Path) -> NotebookClient:
    """The cells up to the one that reads the data, run in a folder."""
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    notebook.cells = notebook.cells[:2]
    return NotebookClient(notebook, timeout=120, kernel_name="python3", resources={"metadata": {"path": str(folder)}})


def test_the_notebook_is_kept_without_outputs() -> None:
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    assert [cell for cell in notebook.cells if cell.get("outputs") or cell.get("execution_count")] == []
