"""Catalogued data sets as `datasets.DatasetDict`s, ready to use. Never tokenizes and never trains."""

from typing import TYPE_CHECKING

from course_utils import catalog, profile

if TYPE_CHECKING:
    from datasets import DatasetDict


def dataset(name: str) -> "DatasetDict":
    """Returns the data set of that name with its splits, columns typed as its card says.

    Offline it is read from data/; in the hub profile it is the full-size data set that plays the same part, of which no other
    configuration is fetched. Raises UnknownName, MissingFile or DamagedFile.
    """
    from datasets import load_dataset

    entry = catalog.find(name, "dataset")
    if profile.current() == "offline":
        return load_dataset(str(catalog.dataset_folder(name)))
    try:
        return load_dataset(entry.hub_id, entry.hub_config or None, revision=entry.hub_revision)
    except Exception as error:
        raise catalog.unreachable(entry, error) from error
