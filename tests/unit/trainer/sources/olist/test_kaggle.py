import pytest

from trainer.sources.olist import kaggle


def test_the_downloader_is_given_no_key_of_a_database_or_a_store(monkeypatch: pytest.MonkeyPatch) -> None:
    given = {
        "DATABASE_URL": "postgresql://s3cret",
        "TRAINER_SIGNING_KEY": "s3cret",
        "KAGGLE_KEY": "k",
        "HTTPS_PROXY": "p",
    }
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    shown = ("-c", "import os; print(*sorted(os.environ))")
    names = kaggle._python(shown, 10).split()
    assert {*given} & {*names} == {"KAGGLE_KEY", "HTTPS_PROXY"}
