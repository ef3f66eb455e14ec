#!/usr/bin/env python3
"""usage: publish.py FOLDER KIND PATH=FILE…

Makes a repository with python-tuf: FOLDER/metadata, FOLDER/targets; keys of one KIND (ed25519, ecdsa, rsa).
"""

import os
import sys
from datetime import datetime, timedelta, timezone

from securesystemslib.signer import CryptoSigner
from tuf.api.metadata import MetaFile, Metadata, Root, Snapshot, TargetFile, Targets, Timestamp

folder, kind = sys.argv[1:3]
make = {
    "ed25519": CryptoSigner.generate_ed25519,
    "ecdsa": CryptoSigner.generate_ecdsa,
    "rsa": CryptoSigner.generate_rsa,
}[kind]
expires = datetime.now(timezone.utc).replace(microsecond=0) + timedelta(days=5)
signers = {role: make() for role in ["root", "timestamp", "snapshot", "targets"]}
root = Root(expires=expires, consistent_snapshot=True)
for role, signer in signers.items():
    root.add_key(signer.public_key, role)
for name in ["metadata", "targets"]:
    os.makedirs(f"{folder}/{name}", exist_ok=True)


def write(role, signed, name):
    metadata = Metadata(signed)
    metadata.sign(signers[role])
    data = metadata.to_bytes()
    with open(f"{folder}/metadata/{name}", "wb") as file:
        file.write(data)
    return MetaFile.from_data(signed.version, data, ["sha256", "sha512"])


targets = Targets(expires=expires)
for argument in sys.argv[3:]:
    path, _, source = argument.partition("=")
    with open(source, "rb") as file:
        data = file.read()
    target = TargetFile.from_data(path, data, ["sha256", "sha512"])
    targets.targets[path] = target
    place = f"{folder}/targets/{target.hashes['sha256']}.{path}"
    with open(place, "wb") as file:
        file.write(data)
write("root", root, "1.root.json")
snapshot = Snapshot(expires=expires)
snapshot.meta["targets.json"] = write("targets", targets, "1.targets.json")
timestamp = Timestamp(expires=expires)
timestamp.snapshot_meta = write("snapshot", snapshot, "1.snapshot.json")
write("timestamp", timestamp, "timestamp.json")
