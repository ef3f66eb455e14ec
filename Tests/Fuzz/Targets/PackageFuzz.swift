import Packages
import Wire

/// A manifest of unknown origin: what is read is read in one way only.
enum ManifestFuzz {
    static func run(_ bytes: [UInt8]) {
        guard let manifest = try? PackageManifest(decoding: bytes) else { return }
        demand(manifest.encode() == bytes, "a manifest changes when encoded again")
        demand((try? manifest.check()) != nil, "a manifest is read that breaks its rules")
        demand(PackageID(manifest.id.text) == manifest.id, "an id is no id")
        demand(PackageVersion(manifest.version.text) == manifest.version, "a version changes")
        for relation in manifest.dependencies.flatMap(\.alternatives) + manifest.conflicts {
            demand(VersionRange(relation.versions.text) == relation.versions, "a range changes")
            demand(VersionRange(relation.versions.shortText) == relation.versions, "a short range changes")
        }
    }

    static var seeds: [[UInt8]] {
        var cloudApp = small
        cloudApp.kind = .cloudApp
        cloudApp.entry = "manifest.webmanifest"
        var font = full
        font.kind = .extension_
        font.entry = ""
        font.permissions = []
        return [small, full, cloudApp, font].map { $0.encode() }
    }

    static let digest = Digest256([UInt8](repeating: 0xab, count: 32)) ?? .zero

    static func id(_ text: String) -> PackageID {
        guard let id = PackageID(text) else { fatalError("\(text) is no id") }
        return id
    }

    static var small: PackageManifest {
        PackageManifest(
            id: id("a.b"), version: PackageVersion(1, 0, 0), versionCode: 1, architecture: .any,
            kind: .library, name: "A", licence: "MIT",
            payload: .init(size: 4096, sha256: digest, verity: digest))
    }

    /// Every key in use.
    static var full: PackageManifest {
        var manifest = small
        manifest.kind = .app
        manifest.entry = "bin/a"
        manifest.permissions = ["camera", "network"]
        manifest.dependencies = [
            .init([.init(id("a.c"), VersionRange("^1.2.0") ?? .any), .init(id("a.d"))]),
            .init([.init(id("a.e"), VersionRange("~1.0.0-rc.1") ?? .any)]),
        ]
        manifest.provides = [.init(id("a.f"), PackageVersion(1, 0, 0)), .init(id("a.g"))]
        manifest.conflicts = [.init(id("a.h"), .exactly(PackageVersion(0, 1, 0)))]
        manifest.replaces = [.init(id("a.i"))]
        manifest.minimumAPILevel = 2
        manifest.description = "\u{e9}\u{1f600}\n\"\\"
        manifest.names = [.init(language: "de", text: "B")]
        manifest.descriptions = [.init(language: "pt-BR", text: "C")]
        manifest.icons = [.init(path: "i.png", size: 96)]
        return manifest
    }
}

/// A package file, a signature block, and a statement about a key, whichever the bytes are.
enum PackageFuzz {
    static func run(_ bytes: [UInt8]) {
        if let header = try? PackageHeader(decoding: bytes) {
            demand(header.encode() == Array(bytes[..<PackageHeader.byteCount]), "a header changes")
            demand(header.payloadOffset <= UInt64(PackageHeader.headLimit) + 4096, "a payload is far away")
        }
        if let head = try? PackageHead(decoding: bytes) {
            let again = try? PackageHead.encode(
                manifest: head.manifestBytes, signatures: head.signatures,
                payloadSize: head.manifest.payload.size)
            demand(again == Array(bytes[..<Int(head.header.payloadOffset)]), "a head changes")
        }
        if let block = try? SignatureBlock(decoding: bytes) {
            demand(block.encode() == bytes, "a signature block changes when encoded again")
        }
        if let statement = try? KeyRotation(decoding: bytes) {
            demand(statement.encode() == bytes, "a statement changes when encoded again")
        }
    }

    static var seeds: [[UInt8]] {
        guard let old = PackageKey(.ed25519, [UInt8](repeating: 1, count: 32)),
            let new = PackageKey(.ed25519, [UInt8](repeating: 2, count: 32))
        else { fatalError("keys are no keys") }
        let statement = KeyRotation(
            id: ManifestFuzz.id("a.b"), oldKey: old, newKey: new, firstVersionCode: 1)
        let signature = [UInt8](repeating: 3, count: 64)
        let plain = SignatureBlock(key: new, signature: signature)
        let rotated = SignatureBlock(
            key: new, signature: signature, rotations: [.init(statement: statement, signature: signature)])
        let heads = [plain, rotated].compactMap {
            try? PackageHead.encode(
                manifest: ManifestFuzz.small.encode(), signatures: $0, payloadSize: 4096)
        }
        return heads + [plain.encode(), rotated.encode(), statement.encode()]
    }
}

/// A generation is checked by its CRC, which no mutation survives: the input is the body, and the header is
/// made to fit. An input that begins with the magic is a whole file.
enum GenerationFuzz {
    private static let magic = Array("AMOSGEN\0".utf8)
    private static let headerSize = 20

    static func run(_ bytes: [UInt8]) {
        policy(bytes)
        let file = bytes.starts(with: magic) ? bytes : wrapped(bytes, magic, version: 2)
        guard let generation = try? Generation(decoding: file) else { return }
        demand(generation.encode() == file, "a generation changes when encoded again")
        demand(generation.changes(since: generation).isEmpty, "a generation differs from itself")
        guard generation.number < .max - 2 else { return }
        let ids = generation.packages.map(\.id)
        guard let empty = try? generation.successor(newestNumber: 0, removing: ids) else {
            fatalError("a generation cannot be emptied")
        }
        demand(empty.packages.isEmpty, "something is left")
        for id in ids where generation[id]?.kind.runs == true {
            demand(empty.owner(of: id) == generation.owner(of: id), "an id lost its owner")
        }
        guard let back = try? empty.rollback(to: generation, newestNumber: 0, floors: []) else {
            fatalError("a generation cannot be gone back to")
        }
        demand(back.packages.map(\.manifest) == generation.packages.map(\.manifest), "another set came back")
    }

    /// What the device file says about packages, as it lies in the image, in the same envelope.
    private static func policy(_ body: [UInt8]) {
        let file = wrapped(body, policyMagic, version: 1)
        guard let policy = try? InstallPolicy(decoding: file) else { return }
        demand(policy.encode() == file, "a policy changes when encoded again")
    }

    private static let policyMagic = Array("AMOSPOL\0".utf8)

    private static func wrapped(_ body: [UInt8], _ magic: [UInt8], version: UInt32) -> [UInt8] {
        var file = ByteWriter(capacity: body.count + headerSize)
        file.writeRaw(magic)
        file.write(version)
        file.write(UInt32(body.count))
        file.write(CRC32.of(body))
        file.writeRaw(body)
        return file.bytes
    }

    static var seeds: [[UInt8]] {
        var packages: [Generation.Package] = []
        for (name, reason) in [
            ("a.b", Generation.Reason.requested), ("a.c", .dependency), ("a.d", .requested),
        ] {
            var manifest = ManifestFuzz.full
            manifest.id = ManifestFuzz.id(name)
            packages.append(
                Generation.Package(
                    manifest, digest: ManifestFuzz.digest, key: ManifestFuzz.digest, reason: reason))
        }
        packages[1].isHeld = true
        packages[2].pin = VersionRange("^1.0.0")
        let full = try? Generation.empty.successor(newestNumber: 0, putting: packages)
        let claimed = try? full?.successor(newestNumber: 0, removing: [packages[0].id])
        let files = [Generation.empty, full, claimed].compactMap { $0?.encode() }
        var policy = InstallPolicy(
            sideload: .developerMode, architecture: .arm64, reserved: [ManifestFuzz.id("a.b")])
        policy.publishers = [ManifestFuzz.digest]
        policy.floors = [.init(id: ManifestFuzz.id("a.c"), versionCode: 3)]
        return files + (files + [policy.encode()]).map { Array($0[headerSize...]) }
    }
}
