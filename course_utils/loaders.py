"""Catalogued data sets as `datasets.DatasetDict`s, ready to use. Never tokenizes and never trains."""

from pathlib import Path
from typing import TYPE_CHECKING

from course_utils import catalog, profile

if TYPE_CHECKING:
    from datasets import DatasetDict


def dataset(name: str) -> "DatasetDict":
    """Returns the data set of that name with its splits, columns typed as its card says.

    Offline it is read from data/; in the hub profile it is the full-size data set that plays the same part, of which no other
    configuration is fetched. Raises UnknownName, MissingFile or DamagedFile.
    """
    from datasets import config, load_dataset

    entry = catalog.find(name, "dataset")
    if profile.current() == "offline":
        # The library takes files of the same path for the same data, whatever is in them: after an update it would serve old rows.
        cache = Path(config.HF_DATASETS_CACHE) / f"{name}-{catalog.fingerprint(name)}"
        return load_dataset(str(catalog.dataset_folder(name)), cache_dir=str(cache))
    catalog.require_twin(entry)
    try:
        return load_dataset(entry.hub_id, entry.hub_config or None, revision=entry.hub_revision)
    except Exception as error:
        raise catalog.unreachable(entry, error) from error
