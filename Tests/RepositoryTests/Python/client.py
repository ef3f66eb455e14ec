#!/usr/bin/env python3
"""usage: client.py REPOSITORY ROOT STORE [TARGET…]

python-tuf's client against a repository on disk; prints the versions that it trusts and the targets' bytes.
"""

import json
import os
import sys

from tuf.api.exceptions import DownloadHTTPError
from tuf.ngclient import FetcherInterface, Updater


class FolderFetcher(FetcherInterface):
    def __init__(self, folder):
        self.folder = folder

    def _fetch(self, url):
        try:
            with open(os.path.join(self.folder, url.removeprefix("folder:/")), "rb") as file:
                yield file.read()
        except FileNotFoundError as error:
            raise DownloadHTTPError("not there", 404) from error


def main(repository, root, store, *targets):
    os.makedirs(store, exist_ok=True)
    with open(root, "rb") as file:
        bootstrap = file.read()
    updater = Updater(
        store, "folder:/metadata/", store, "folder:/targets/", fetcher=FolderFetcher(repository),
        bootstrap=bootstrap)
    updater.refresh()
    result = {role: updater._trusted_set[role].version for role in ["root", "timestamp", "snapshot", "targets"]}
    for target in targets:
        info = updater.get_targetinfo(target)
        assert info is not None, target
        with open(updater.download_target(info, os.path.join(store, "target")), "rb") as file:
            result[target] = file.read().decode()
    print(json.dumps(result))


if __name__ == "__main__":
    main(*sys.argv[1:])
