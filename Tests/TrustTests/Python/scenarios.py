#!/usr/bin/env python3
"""usage: scenarios.py FOLDER

Writes repositories, valid and attacked, and what python-tuf's client makes of each; and tables of path
patterns and of canonical JSON with python-tuf's results.
"""

import json
import random
import sys

from securesystemslib.formats import encode_canonical
from tuf.api.metadata import DelegatedRole, MetaFile, Metadata

from repository import DAY, NOW, TOP, Scenario, date, ready

SCENARIOS = {}


def scenario(**options):
    def register(function):
        name = function.__name__.replace("_", "-")
        SCENARIOS[name] = lambda folder: run(folder, name, function, options)
        return function
    return register


def run(folder, name, function, options):
    repository = ready(**options)
    s = Scenario(folder, name, repository)
    function(s, repository)
    s.save()


def each(parameters, **options):
    """One scenario for each parameter."""
    def register(function):
        for parameter in parameters:
            name = f"{function.__name__.replace('_', '-')}-{parameter}"
            SCENARIOS[name] = lambda folder, n=name, p=parameter: run(
                folder, n, lambda s, r: function(s, r, p), options)
        return function
    return register


def valid(s, r):
    s.step(["hello.txt"])
    r.add("deep/er/more.txt", b"more")
    r.publish()
    s.step(["hello.txt", "deep/er/more.txt"])
    s.step(["hello.txt"])
    s.step(["nothing.txt"])


for kind in ["ed25519", "ecdsa", "rsa"]:
    SCENARIOS[f"valid-{kind}"] = lambda folder, k=kind: run(folder, f"valid-{k}", valid, {"kind": k})
SCENARIOS["valid-inconsistent"] = lambda folder: run(
    folder, "valid-inconsistent", valid, {"consistent": False})


@scenario()
def valid_without_hashes(s, r):
    r.publish(hashes=False)
    s.step(["hello.txt"])
    r.publish(hashes=False)
    s.step(["hello.txt"])


# Roots.

@each(["both", "old", "new", "neither"])
def root_rotation_signed_by(s, r, who):
    old = r.signers["root"]
    r.rotate("root")
    new = r.signers["root"]
    r.publish_root({"both": old + new, "old": old, "new": new, "neither": [r.new_signer()]}[who])
    s.step(["hello.txt"])


@scenario()
def root_rotations_in_a_row(s, r):
    for _ in range(5):
        old = r.signers["root"]
        r.rotate("root", [r.new_signer(), r.new_signer(), r.new_signer()])
        r.root.roles["root"].threshold = 2
        r.publish_root(old + r.signers["root"][1:])
    s.step(["hello.txt"])
    r.publish_root(r.signers["root"][:1])
    s.step()


@each([0, 1, 3, 9])
def root_version_in_place_of_2(s, r, version):
    r.root.version = 2
    name = r.name("root")
    r.server[name] = r.sign_raw("root", lambda signed: signed | {"version": version})
    s.step()


@scenario()
def root_expired(s, r):
    r.root.expires = date(NOW - 1)
    r.publish_root()
    s.step()
    r.root.expires = date(NOW + DAY)
    r.publish_root()
    s.step()
    s.step(now=NOW + DAY - 1)
    s.step(now=NOW + DAY)


@each(["missing-role", "zero-threshold", "repeated-key-id", "unknown-key-id", "text-version", "bad-date"])
def root_with(s, r, fault):
    def change(signed):
        role = signed["roles"]["timestamp"]
        if fault == "missing-role":
            del signed["roles"]["snapshot"]
        elif fault == "zero-threshold":
            role["threshold"] = 0
        elif fault == "repeated-key-id":
            role["keyids"] *= 2
        elif fault == "unknown-key-id":
            role["keyids"].append("f" * 64)
        elif fault == "text-version":
            signed["version"] = "2"
        else:
            signed["expires"] = "2030-02-30T00:00:00Z"
    r.root.version = 2
    r.put("root", r.sign_raw("root", change))
    s.step()


# Time: expiry and freezing.

@each(["timestamp", "snapshot", "targets"])
def expired(s, r, role):
    s.step()
    r.signed(role).expires = date(NOW - 1)
    r.publish()
    s.step()
    r.signed(role).expires = date(NOW + DAY)
    r.publish()
    s.step()


@scenario()
def frozen(s, r):
    s.step()
    s.step(now=NOW + 30 * DAY - 1)
    s.step(now=NOW + 30 * DAY)
    r.timestamp.expires = date(NOW + 60 * DAY)
    r.publish(only=["timestamp"])
    s.step(now=NOW + 30 * DAY)


# Rollback.

@each(["timestamp", "snapshot", "targets"])
def rollback(s, r, role):
    for _ in range(3):
        r.publish()
    s.step()
    old = r.signed(role).version
    r.signed(role).version = 1
    r.put(role)
    if role == "targets":
        r.snapshot.version += 1
        r.put("snapshot")
    if role != "timestamp":
        r.timestamp.version += 1
        r.put("timestamp")
    s.step()
    r.signed(role).version = old + 1
    r.publish()
    s.step()


@scenario()
def replayed_timestamp(s, r):
    first = r.server["timestamp.json"]
    r.publish()
    s.step()
    r.server["timestamp.json"] = first
    s.step()


@scenario()
def timestamp_changes_under_its_version(s, r):
    s.step()
    r.timestamp.snapshot_meta.version = 100
    r.put("timestamp")
    s.step()


@scenario()
def role_vanishes_from_snapshot(s, r):
    r.delegate("targets", "team", ["team/*"])
    r.publish()
    s.step()
    del r.snapshot.meta["team.json"]
    r.snapshot.version += 1
    r.put("snapshot")
    r.timestamp.version += 1
    r.put("timestamp")
    s.step()


@each(["timestamp", "snapshot"])
def fast_forward_recovery(s, r, role):
    r.signed(role).version = 1_000_000
    r.publish()
    s.step()
    for rotated in ["timestamp", role]:
        r.rotate(rotated)
    r.publish_root()
    r.signed(role).version = 1
    r.publish(bump=False)
    s.step(["hello.txt"])


@scenario()
def fast_forward_recovery_of_targets(s, r):
    r.roles["targets"].version = 1_000_000
    r.publish()
    s.step()
    r.rotate("snapshot")
    r.publish_root()
    r.roles["targets"].version = 1
    r.snapshot.version += 1
    r.timestamp.version += 1
    r.publish(bump=False)
    s.step(["hello.txt"])


@scenario()
def snapshot_recovery_without_rotated_timestamp(s, r):
    # 5.3.11 forgets the timestamp as well as the snapshot when either's keys are rotated; python-tuf keeps it.
    r.snapshot.version = 1_000_000
    r.publish()
    s.step()
    r.rotate("snapshot")
    r.publish_root()
    r.snapshot.version = 1
    r.timestamp.version += 1
    r.publish(bump=False)
    s.step(["hello.txt"], ours=True)


# Changed, swapped, cut and endless files.

@each(["1.root", "timestamp", "1.snapshot", "1.targets"])
def truncated(s, r, name):
    if name == "1.root":
        r.publish_root()
        name = "2.root"
    r.server[name + ".json"] = r.server[name + ".json"][:-9]
    s.step()


@each(["timestamp", "1.snapshot", "1.targets"])
def one_byte_changed(s, r, name):
    data = bytearray(r.server[name + ".json"])
    place = data.index(b'"expires":"20') + len(b'"expires":"20')
    data[place] = ord("9")
    r.server[name + ".json"] = bytes(data)
    s.step()


@each(["root", "timestamp", "snapshot", "targets"])
def endless(s, r, role):
    limits = {"root": 512_000, "timestamp": 16_384, "snapshot": 2_000_000, "targets": 5_000_000}
    if role == "root":
        r.publish_root()
    exact = role in ["root", "timestamp"]
    data = r.server[r.name(role)]
    r.server[r.name(role)] = data + b" " * (limits[role] - len(data))
    s.step() if exact else None
    r.server[r.name(role)] += b" "
    if role == "root":
        r.publish_root()
        r.server[r.name(role)] += b" " * 512_000
    if exact:
        r.timestamp.version += 1
        if role == "timestamp":
            r.server["timestamp.json"] = r.sign("timestamp") + b" " * 16_384
    s.step()


@each(["snapshot-as-timestamp", "targets-as-snapshot", "root-as-targets", "team-as-targets"])
def swapped(s, r, what):
    r.delegate("targets", "team", ["team/*"])
    for role in ["snapshot", "timestamp", "targets"]:
        # Signed by the keys of all roles, so that the type alone tells them apart.
        r.signers[role] = [r.signers[each_role][0] for each_role in TOP[1:]]
        for signer in r.signers[role]:
            r.root.add_key(signer.public_key, role)
    r.publish_root()
    source, _, place = what.partition("-as-")
    r.publish(hashes=False)
    r.server[r.name(place)] = r.server[r.name(source)]
    s.step()


@each(["hash", "length", "version"])
def mixed_snapshot(s, r, what):
    s.step()
    r.publish()
    meta = r.timestamp.snapshot_meta
    if what == "hash":
        meta.hashes["sha256"] = "0" * 64
    elif what == "length":
        meta.length += 1
    else:
        r.timestamp.snapshot_meta = MetaFile(meta.version + 1)
        r.server[f"{meta.version + 1}.snapshot.json"] = r.server[f"{meta.version}.snapshot.json"]
    r.timestamp.version += 1
    r.server["timestamp.json"] = r.sign("timestamp")
    s.step()


@each(["hash", "length", "version", "unknown-hash"])
def mixed_targets(s, r, what):
    s.step()
    r.publish(only=["targets"])
    meta = r.snapshot.meta["targets.json"]
    if what == "hash":
        meta.hashes["sha256"] = "0" * 64
    elif what == "length":
        meta.length += 1
    elif what == "unknown-hash":
        meta.hashes = {"md9": "00"}
    else:
        r.snapshot.meta["targets.json"] = MetaFile(meta.version + 1)
        r.server[f"{meta.version + 1}.targets.json"] = r.server[f"{meta.version}.targets.json"]
    r.publish(only=["snapshot", "timestamp"])
    s.step()


@each(["root", "snapshot", "targets"])
def missing_file(s, r, role):
    r.publish()
    if role == "root":
        r.publish_root()
        del r.server["2.root.json"]
        r.publish_root()
    else:
        del r.server[r.name(role)]
    s.step()


# Signatures and keys.

@each(range(1, 4))
def threshold_of_3_with_signatures(s, r, count):
    r.rotate("targets", [r.new_signer() for _ in range(3)])
    r.root.roles["targets"].threshold = 3
    r.publish_root()
    r.signers["targets"] = r.signers["targets"][:count]
    r.publish()
    s.step(["hello.txt"])


@scenario()
def one_signature_repeated(s, r):
    r.rotate("targets", [r.new_signer() for _ in range(2)])
    r.root.roles["targets"].threshold = 2
    r.publish_root()
    document = json.loads(r.sign("targets", r.signers["targets"][:1]))
    document["signatures"] *= 2
    r.put("targets", json.dumps(document).encode())
    r.publish(only=["snapshot", "timestamp"])
    s.step()


@scenario()
def one_key_under_two_ids(s, r):
    # The specification has key ids computed from keys; python-tuf takes them as they are, and counts both.
    def change(signed):
        (key_id,) = signed["roles"]["timestamp"]["keyids"]
        signed["keys"]["another"] = signed["keys"][key_id]
        signed["roles"]["timestamp"] = {"keyids": [key_id, "another"], "threshold": 2}
    r.root.version = 2
    r.put("root", r.sign_raw("root", change))
    document = json.loads(r.server["timestamp.json"])
    document["signatures"].append(document["signatures"][0] | {"keyid": "another"})
    r.server["timestamp.json"] = json.dumps(document).encode()
    s.step(ours=False)


@each(["empty", "no-hex", "another-key's", "unknown-key's"])
def second_signature(s, r, what):
    r.rotate("timestamp", [r.new_signer(), r.new_signer()])
    r.publish_root()
    document = json.loads(r.sign("timestamp"))
    second = document["signatures"][1]
    if what == "unknown-key's":
        second["keyid"] = "0" * 64
    else:
        second["sig"] = {"empty": "", "no-hex": "xyz"}.get(what, document["signatures"][0]["sig"])
    r.server["timestamp.json"] = json.dumps(document).encode()
    s.step()


@each(["ed25519-as-rsa", "rsa-as-ecdsa", "ecdsa-as-ed25519", "of-no-kind"])
def key(s, r, what):
    kind, _, other = what.partition("-as-")
    r.kind = kind if other else "ed25519"
    r.rotate("timestamp")
    scheme = {
        "rsa": "rsassa-pss-sha256", "ecdsa": "ecdsa-sha2-nistp256", "ed25519": "ed25519", "": "none",
    }[other]

    def change(signed):
        (key_id,) = signed["roles"]["timestamp"]["keyids"]
        signed["keys"][key_id] |= {"keytype": other or "none", "scheme": scheme}
    r.root.version = 2
    r.put("root", r.sign_raw("root", change))
    r.publish(only=["timestamp"])
    # python-tuf refuses a root that lists a key it does not know; ours only cannot use the key. Both refuse
    # what it signed.
    s.step(ours=False)


@scenario()
def unused_key_of_unknown_kind(s, r):
    def change(signed):
        signed["keys"]["0" * 64] = {"keytype": "lattice", "scheme": "new", "keyval": {"public": "00"}}
    r.root.version = 2
    r.put("root", r.sign_raw("root", change))
    s.step(["hello.txt"], ours=True)


@scenario(kind="ecdsa")
def kinds_mixed(s, r):
    for kind, role in zip(["rsa", "ed25519", "ecdsa"], TOP[1:]):
        r.kind = kind
        r.rotate(role, [r.new_signer(), r.new_signer()])
        r.root.roles[role].threshold = 2
    r.publish_root()
    r.publish()
    s.step(["hello.txt"])


# What the documents hold.

@scenario()
def unknown_fields(s, r):
    odd = {
        "x": [1, -5, 0, True, None, "\u00fc\U0001f600\u0007\"\\/\u2028\u007f"], "\uffff": {}, "\U00010000": [[]],
        "big": 123456789012345678901234567890, "": "",
    }
    for role in ["root", "targets", "snapshot", "timestamp"]:
        r.signed(role).unrecognized_fields["odd"] = odd
    r.root.roles["root"].unrecognized_fields["odd"] = odd
    r.roles["targets"].targets["hello.txt"].unrecognized_fields["custom"] = odd
    r.publish_root()
    r.publish()
    s.step(["hello.txt"])


@each(["1.0", "1.0.99", "1.99.0", "2.0.0", "1", "one", "1.0.x"])
def specification_version(s, r, version):
    r.timestamp.version = 2
    r.put("timestamp", r.sign_raw("timestamp", lambda signed: signed | {"spec_version": version}))
    s.step()


@each(["fraction", "repeated-key", "not-json", "array", "no-signed", "empty", "nan"])
def timestamp_is(s, r, what):
    text = r.server["timestamp.json"].decode()
    differs = what == "repeated-key"
    r.server["timestamp.json"] = {
        "fraction": text.replace('"version":1', '"version":1.0', 1),
        "repeated-key": text.replace('"signed":', '"signed": {}, "signed":'),
        "not-json": "<html></html>", "array": "[]", "no-signed": '{"signatures": []}', "empty": "",
        "nan": text.replace('"version":1', '"version":NaN', 1),
    }[what].encode()
    # Readers disagree on what a repeated key means; ours refuses it.
    s.step(ours=False if differs else None)


# Targets.

@each(["hash", "length", "longer", "missing", "unknown-hash"])
def target_wrong(s, r, what):
    target = r.add("t", b"content")
    (name,) = [name for name in r.files if name.endswith(".t")]
    if what == "hash":
        r.files[name] = b"tnetnoc"
    elif what == "length":
        target.length -= 1
    elif what == "longer":
        r.files[name] += b"!"
    elif what == "missing":
        del r.files[name]
    else:
        target.hashes = {"md9": "00"}
    r.publish()
    s.step(["t"])


@scenario()
def target_names(s, r):
    for path in ["a b", "\u00fc/\u00f6", "100%25", "x" * 150, "a+b&c=d", "..a/b.."]:
        r.add(path, path.encode())
    r.publish()
    s.step(list(r.roles["targets"].targets))


# Delegations.

@scenario()
def delegations(s, r):
    r.delegate("targets", "A", ["*.doc", "*.md", "foo-?.tgz"])
    r.delegate("targets", "B", ["releases/*/*"])
    r.delegate("B", "C", ["releases/x/*"], terminating=True)
    r.delegate("B", "D", ["releases/y/*.zip", "releases/x/*"])
    for role, path in [
        ("A", "README.md"), ("A", "releases/README.md"), ("A", "foo-1.tgz"), ("A", "foo-12.tgz"),
        ("C", "releases/x/1"), ("D", "releases/y/2.zip"), ("D", "releases/x/hidden"), ("D", "releases/z/3.zip"),
    ]:
        r.add(path, f"{role} {path}".encode(), role)
    r.publish()
    for path in [
        "README.md", "releases/README.md", "foo-1.tgz", "foo-12.tgz", "releases/x/1", "releases/y/2.zip",
        "releases/x/hidden", "releases/z/3.zip", "hello.txt",
    ]:
        s.step([path])


@scenario()
def hash_bins(s, r):
    paths = [f"bin/{number}" for number in range(20)]
    for digit in "0123456789abcdef":
        role = r.delegate("targets", f"bin-{digit}", prefixes=[digit])
        for path in paths:
            delegation = r.roles["targets"].delegations.roles[f"bin-{digit}"]
            if delegation.is_delegated_path(path):
                r.add(path, path.encode(), f"bin-{digit}")
        assert role is r.roles[f"bin-{digit}"]
    # One that lies in a bin that is not trusted with it.
    stray = next(b for b in r.roles if b.startswith("bin-") and "bin/0" not in r.roles[b].targets)
    r.add("stray", b"stray", stray)
    r.publish()
    s.step(paths)
    s.step(["stray"])


@scenario()
def delegation_graph_with_a_cycle(s, r):
    r.delegate("targets", "A", ["*"])
    r.delegate("A", "B", ["*"])
    r.delegate("B", "A", ["*"])
    r.add("found", b"found", "B")
    r.publish()
    s.step(["found"])
    s.step(["lost"])


@each(["/", "?#", "../../escape", "\u00fc b", "con.json"])
def role_called(s, r, name):
    r.delegate("targets", name, ["in/*"])
    r.add("in/it", b"in it", name)
    r.publish()
    s.step(["in/it"])


for index, title in enumerate(["slash", "query", "parents", "umlaut", "dots"]):
    names = ["/", "?#", "../../escape", "\u00fc b", "con.json"]
    SCENARIOS[f"role-called-{title}"] = SCENARIOS.pop(f"role-called-{names[index]}")
    SCENARIOS[f"role-called-{title}"] = (
        lambda folder, n=names[index], t=title: run(
            folder, f"role-called-{t}", lambda s, r: role_called(s, r, n), {}))


@each(TOP)
def role_with_a_top_level_name(s, r, name):
    r.delegate("targets", "team", ["team/*"])

    def change(signed):
        signed["delegations"]["roles"][0]["name"] = name
    r.roles["targets"].version = 2
    r.put("targets", r.sign_raw("targets", change))
    r.publish(only=["snapshot", "timestamp"])
    s.step()


@scenario()
def delegation_not_in_snapshot(s, r):
    r.delegate("targets", "team", ["team/*"])
    r.publish()
    del r.snapshot.meta["team.json"]
    r.publish(only=["snapshot", "timestamp"])
    s.step()
    s.step(["team/x"])


@scenario()
def delegated_file_missing(s, r):
    r.delegate("targets", "team", ["team/*"])
    r.add("team/x", b"x", "team")
    r.publish()
    del r.server[r.name("team")]
    s.step(["team/x"])


@scenario()
def cached_role_under_a_new_key(s, r):
    r.delegate("targets", "team", ["team/*"])
    r.add("team/x", b"x", "team")
    r.publish()
    s.step(["team/x"])
    # The delegator revokes the key; the role's file stays as it was.
    old = r.roles["targets"].delegations.roles["team"].keyids[0]
    r.roles["targets"].revoke_key(old, "team")
    r.roles["targets"].add_key(r.new_signer().public_key, "team")
    r.publish(only=["targets", "snapshot", "timestamp"])
    s.step(["team/x"])


@scenario()
def role_reached_by_two_ways(s, r):
    r.delegate("targets", "a", ["a/*"])
    r.delegate("targets", "b", ["b/*"])
    r.delegate("a", "shared", ["a/*"])
    r.delegate("b", "shared", ["b/*"])
    r.signers["shared"] = r.signers["shared"][:1]
    r.add("a/x", b"x", "shared")
    r.add("b/x", b"x", "shared")
    r.publish()
    s.step(["a/x"])
    # python-tuf takes what it verified through `a` for verified through `b`.
    s.step(["a/x", "b/x"], ours=False)
    s.step(["b/x"])


@each(["both", "neither", "no-terminating", "zero-threshold"])
def delegation_with(s, r, fault):
    r.delegate("targets", "team", ["team/*"])

    def change(signed):
        role = signed["delegations"]["roles"][0]
        if fault == "both":
            role["path_hash_prefixes"] = ["0"]
        elif fault == "neither":
            del role["paths"]
        elif fault == "no-terminating":
            del role["terminating"]
        else:
            role["threshold"] = 0
    r.roles["targets"].version = 2
    r.put("targets", r.sign_raw("targets", change))
    r.publish(only=["snapshot", "timestamp"])
    s.step()


# Tables.

def patterns(generator):
    rows = []
    alphabet = ["a", "b", "*", "?", "/", "[ab]", "[!a]", "[a-c]", "]", "[", ".", "-", "\u00fc", "!"]
    for _ in range(4000):
        pattern = "".join(generator.choices(alphabet, k=generator.randint(0, 6)))
        path = "".join(generator.choices("abc/.-]\u00fc[!", k=generator.randint(0, 6)))
        rows.append([pattern, path, DelegatedRole._is_target_in_pathpattern(path, pattern)])
    return rows


def documents(generator):
    def value(depth):
        kind = generator.randrange(8 if depth < 4 else 6)
        if kind == 0:
            return generator.choice([None, True, False])
        if kind <= 2:
            return generator.randint(-2 ** generator.choice([3, 31, 63, 70]), 2 ** generator.choice([3, 31, 63, 70]))
        if kind <= 5:
            return text()
        if kind == 6:
            return [value(depth + 1) for _ in range(generator.randrange(5))]
        return {text(): value(depth + 1) for _ in range(generator.randrange(8))}

    def text():
        points = [generator.choice([generator.randrange(0x80), generator.randrange(0x800),
                                    generator.randrange(0xd800), generator.randrange(0xe000, 0x110000)])
                  for _ in range(generator.randrange(6))]
        return "".join(map(chr, points))

    rows = []
    for number in range(500):
        document = value(0)
        written = json.dumps(document, ensure_ascii=number % 2 == 0, indent=number % 3 or None)
        rows.append([written, encode_canonical(document).encode().hex()])
    return rows


def main(folder):
    for name in sorted(SCENARIOS):
        SCENARIOS[name](folder)
    generator = random.Random(1)
    for name, rows in [("patterns", patterns(generator)), ("canonical", documents(generator))]:
        with open(f"{folder}/{name}.json", "w", encoding="utf-8") as file:
            json.dump(rows, file)


if __name__ == "__main__":
    main(sys.argv[1])
