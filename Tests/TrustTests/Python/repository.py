"""A repository in memory, made with python-tuf, and python-tuf's own client in front of it."""

import copy
import json
import os
import shutil
from datetime import datetime, timezone
from urllib import parse

from securesystemslib.formats import encode_canonical
from securesystemslib.signer import CryptoSigner
from tuf.api.exceptions import DownloadError, DownloadHTTPError, RepositoryError
from tuf.api.metadata import (
    Delegations, DelegatedRole, Key, MetaFile, Metadata, Root, Snapshot, TargetFile, Targets, Timestamp,
)
from tuf.ngclient import FetcherInterface, Updater

TOP = ["root", "timestamp", "snapshot", "targets"]
NOW = 1_800_000_000
DAY = 86_400
MAKERS = {
    "ed25519": CryptoSigner.generate_ed25519,
    "ecdsa": CryptoSigner.generate_ecdsa,
    "rsa": CryptoSigner.generate_rsa,
}
spare = {kind: [] for kind in MAKERS}


def date(seconds):
    return datetime.fromtimestamp(seconds, timezone.utc)


class Repository:
    """`publish` puts the current versions on the `server`: names and bytes."""

    def __init__(self, kind="ed25519", consistent=True):
        self.kind = kind
        self.used = 0
        later = date(NOW + 30 * DAY)
        self.root = Root(expires=date(NOW + 365 * DAY), consistent_snapshot=consistent)
        self.timestamp = Timestamp(expires=later)
        self.snapshot = Snapshot(expires=later)
        self.roles = {"targets": Targets(expires=later)}
        self.signers = {}
        self.server = {}
        self.files = {}
        for role in TOP:
            self.signers[role] = [self.new_signer()]
            self.root.add_key(self.signers[role][0].public_key, role)

    def new_signer(self):
        """Making a key is slow (RSA): scenarios share them, a repository uses none twice."""
        keys = spare[self.kind]
        while self.used >= len(keys):
            keys.append(MAKERS[self.kind]())
        self.used += 1
        return keys[self.used - 1]

    def signed(self, role):
        return {"root": self.root, "timestamp": self.timestamp, "snapshot": self.snapshot, **self.roles}[role]

    def rotate(self, role, signers=None):
        for key_id in list(self.root.roles[role].keyids):
            self.root.revoke_key(key_id, role)
        self.signers[role] = signers or [self.new_signer()]
        for signer in self.signers[role]:
            self.root.add_key(signer.public_key, role)

    def delegate(self, parent, name, paths=None, prefixes=None, terminating=False):
        delegator = self.roles[parent]
        if delegator.delegations is None:
            delegator.delegations = Delegations({}, {})
        delegator.delegations.roles[name] = DelegatedRole(
            name, [], 1, terminating, paths if prefixes is None else None, prefixes)
        signer = self.new_signer()
        delegator.add_key(signer.public_key, name)
        self.signers.setdefault(name, []).append(signer)
        return self.roles.setdefault(name, Targets(expires=date(NOW + 30 * DAY)))

    def add(self, path, data, role="targets"):
        target = TargetFile.from_data(path, data, ["sha256", "sha512"])
        self.roles[role].targets[path] = target
        folder, slash, name = path.rpartition("/")
        if self.root.consistent_snapshot:
            name = target.hashes["sha256"] + "." + name
        self.files[folder + slash + name] = data
        return target

    def sign(self, role, signers=None):
        metadata = Metadata(self.signed(role))
        for signer in self.signers[role] if signers is None else signers:
            metadata.sign(signer, append=True)
        return metadata.to_bytes()

    def sign_raw(self, role, change, signers=None):
        """The role with a change that python-tuf's own types would not make."""
        signed = copy.deepcopy(self.signed(role).to_dict())
        signed = change(signed) or signed
        message = encode_canonical(signed).encode()
        signatures = [signer.sign(message).to_dict() for signer in signers or self.signers[role]]
        return json.dumps({"signatures": signatures, "signed": signed}).encode()

    def name(self, role):
        quoted = parse.quote(role, "") + ".json"
        versioned = role == "root" or (role != "timestamp" and self.root.consistent_snapshot)
        return f"{self.signed(role).version}.{quoted}" if versioned else quoted

    def put(self, role, data=None, hashes=True):
        data = self.sign(role) if data is None else data
        self.server[self.name(role)] = data
        version = self.signed(role).version
        meta = MetaFile.from_data(version, data, ["sha256"]) if hashes else MetaFile(version)
        if role == "snapshot":
            self.timestamp.snapshot_meta = meta
        elif role in self.roles:
            self.snapshot.meta[role + ".json"] = meta
        return data

    def publish(self, hashes=True, bump=True, only=None):
        for role in only or [*reversed(self.roles), "snapshot", "timestamp"]:
            if bump and self.name(role) in self.server or role == "timestamp" and bump and self.server:
                self.signed(role).version += 1
            self.put(role, hashes=hashes)

    def publish_root(self, signers=None):
        self.root.version += 1
        self.put("root", self.sign("root", signers))


def ready(**options):
    repository = Repository(**options)
    repository.put("root")
    repository.add("hello.txt", b"hello")
    repository.publish(bump=False)
    return repository


class FolderFetcher(FetcherInterface):
    def __init__(self, files):
        self.files = files

    def _fetch(self, url):
        name = url.removeprefix("memory:/")
        if name not in self.files:
            raise DownloadHTTPError("not there", 404)
        yield self.files[name]


class Scenario:
    """A client's updates, each against a state of the repository; python-tuf's verdict on each."""

    def __init__(self, folder, name, repository):
        self.folder = os.path.join(folder, name)
        self.name = name
        self.repository = repository
        self.store = os.path.join(self.folder, "python")
        self.steps = []
        shutil.rmtree(self.folder, ignore_errors=True)
        os.makedirs(self.store)
        self.trusted = os.path.join(self.folder, "root.json")
        for path in [self.trusted, os.path.join(self.store, "root.json")]:
            with open(path, "wb") as file:
                file.write(repository.server["1.root.json"])

    def step(self, targets=(), now=NOW, ours=None):
        """`ours`: our verdict where it differs from python-tuf's, on purpose."""
        number = len(self.steps)
        for kind, files in [("metadata", self.repository.server), ("targets", self.repository.files)]:
            for name, data in files.items():
                path = os.path.join(self.folder, str(number), kind, name)
                os.makedirs(os.path.dirname(path), exist_ok=True)
                with open(path, "wb") as file:
                    file.write(data)
            os.makedirs(os.path.join(self.folder, str(number), kind), exist_ok=True)
        error = self.python(targets, now)
        self.steps.append({
            "now": now, "targets": list(targets), "succeeds": error is None if ours is None else ours,
            "python": error or "", "differs": ours is not None and ours != (error is None),
            "versions": {} if ours is not None else self.versions(),
        })

    def python(self, targets, now):
        try:
            server = {f"metadata/{name}": data for name, data in self.repository.server.items()}
            server |= {f"targets/{name}": data for name, data in self.repository.files.items()}
            updater = Updater(
                self.store, "memory:/metadata/", self.store, "memory:/targets/",
                fetcher=FolderFetcher(server), bootstrap=None)
            updater._trusted_set.reference_time = date(now)
            updater.refresh()
            for target in targets:
                info = updater.get_targetinfo(target)
                if info is None:
                    return f"no target {target}"
                updater.download_target(info, os.path.join(self.folder, "download"))
        except (RepositoryError, DownloadError, ValueError) as error:
            return f"{type(error).__name__}: {error}"
        return None

    def versions(self):
        versions = {}
        for name in os.listdir(self.store):
            if not name.endswith(".json"):
                continue
            with open(os.path.join(self.store, name), "rb") as file:
                versions[name] = json.load(file)["signed"]["version"]
        return versions

    def save(self):
        with open(os.path.join(self.folder, "scenario.json"), "w", encoding="utf-8") as file:
            json.dump({"name": self.name, "steps": self.steps}, file, indent=1)
