import DiskImage
import Foundation
import HostSystem
import Packages
import Packaging

/// Signed packages of a few blocks, made in memory.
struct TestPackage {
    static let keys = try! (0..<3).map { _ throws(SigningKeyError) in try SigningKey() }

    var id = "com.example.notes"
    var code: UInt64 = 1
    var kind = PackageManifest.Kind.library
    var architecture = PackageManifest.Architecture.any
    var apiLevel: UInt64 = 1
    var key = 0
    /// The key before, which has signed that `key` comes after it.
    var oldKey: Int?
    var blocks = 2
    var change: (inout PackageManifest) -> Void = { _ in }

    /// Every code another content.
    var payload: [UInt8] {
        (0..<blocks * 4096).map { UInt8(truncatingIfNeeded: $0 &* 7 &+ Int(code) &+ $0 >> 8) }
    }

    var manifest: PackageManifest {
        get throws {
            var manifest = PackageManifest(
                id: PackageID(id)!, version: PackageVersion(1, code, 0), versionCode: code,
                architecture: architecture, kind: kind, name: "Notes", licence: "MIT",
                payload: .init(
                    size: UInt64(payload.count), sha256: Digest256(SHA256Digest.of(payload)),
                    verity: try Self.verity(payload)))
            manifest.minimumAPILevel = apiLevel
            if kind.runs { manifest.entry = "bin/notes" }
            change(&manifest)
            return manifest
        }
    }

    /// The whole file.
    var bytes: [UInt8] {
        get throws {
            let manifest = try manifest
            let text = manifest.encode()
            let signer = Self.keys[key]
            let block = SignatureBlock(
                key: PackageKey(signer.verifying),
                signature: try signer.sign(SignatureBlock.message(manifest: text)), rotations: try rotations)
            return try PackageHead.encode(
                manifest: text, signatures: block, payloadSize: manifest.payload.size) + payload
        }
    }

    private var rotations: [SignatureBlock.SignedRotation] {
        get throws {
            guard let oldKey else { return [] }
            let old = Self.keys[oldKey]
            let statement = KeyRotation(
                id: PackageID(id)!, oldKey: PackageKey(old.verifying),
                newKey: PackageKey(Self.keys[key].verifying), firstVersionCode: code)
            return [.init(statement: statement, signature: try old.sign(statement.encode()))]
        }
    }

    /// What a kernel measures, by the image writer's own implementation, which the kernel has judged.
    static func verity(_ bytes: [UInt8]) throws -> Digest256 {
        let path = NSTemporaryDirectory() + "/amos-verity-\(UUID().uuidString)"
        defer { unlink(path) }
        try Data(bytes).write(to: URL(fileURLWithPath: path))
        return try verity(file: path)
    }

    static func verity(file path: String) throws -> Digest256 {
        let file = try InputFile(path)
        return Digest256(try FSVerity.digest(of: file, at: 0, size: file.size))
    }
}
