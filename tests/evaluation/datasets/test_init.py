"""Sets by name: however it is written, and what is said where there is none."""

from pathlib import Path

import pytest

from contrique.errors import ContriqueError
from contrique.evaluation.datasets import DATASETS, dataset_name, load_dataset


@pytest.mark.parametrize("text", ["koniq10k", "KonIQ-10k", "KONIQ 10K", "koniq_10k"])
def test_names_however_written(text: str) -> None:
    assert dataset_name(text) == "koniq10k"


def test_an_unknown_name_is_answered_with_those_there_are(tmp_path: Path) -> None:
    assert dataset_name("koniq") is None
    with pytest.raises(ContriqueError, match="unknown data set 'koniq': expected koniq10k"):
        load_dataset("koniq", tmp_path)


@pytest.mark.parametrize("name", DATASETS)
def test_a_folder_that_is_not_there_or_not_the_sets(name: str, tmp_path: Path) -> None:
    with pytest.raises(ContriqueError, match="nowhere: no such folder"):
        load_dataset(name, tmp_path / "nowhere")
    with pytest.raises(ContriqueError, match=r"not the folder of .*: no .* in it or below it"):
        load_dataset(name, tmp_path)
