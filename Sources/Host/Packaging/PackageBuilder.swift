import DeviceSpec
import DiskImage
import Foundation
import HostSystem
import Packages

/// Makes a package file: payload, digests, manifest, signature. Equal folders and keys give equal bytes.
public struct PackageBuilder {
    /// What was made.
    public struct Result: Sendable {
        public var file: String
        public var size: UInt64
        public var manifest: PackageManifest
        /// Fingerprint of the key that signed it.
        public var signer: SHA256Digest
        public var files: Int
    }

    private let description: PackageDescription
    private let key: SigningKey
    private let rotations: [SignatureBlock.SignedRotation]

    /// More is asked of nobody: a block takes no more.
    private static let rotationLimit = SignatureBlock.rotationLimit

    /// - Parameter keyName: signs instead of the key that the package names.
    public init(
        _ description: PackageDescription, keys: SigningKeyStore = .standard(), keyName: String? = nil
    ) throws(PackagingError) {
        self.description = description
        do throws(SigningKeyError) {
            if let name = keyName ?? description.key?.value {
                key = try keys.load(name)
            } else {
                key = try keys.development()
            }
        } catch {
            throw .key(error)
        }
        var rotations: [SignatureBlock.SignedRotation] = []
        guard description.rotationFiles.count <= Self.rotationLimit else {
            throw .package(
                file: description.filesFolder, .tooLong(key: "rotations", limit: Self.rotationLimit))
        }
        for file in description.rotationFiles {
            rotations.append(try RotationFile.read(file.value))
        }
        self.rotations = rotations
    }

    /// The usual name: id and version, which together name a release.
    public var fileName: String { "\(description.manifest.id)-\(description.manifest.version).amospkg" }

    /// Writes the package. Everything that is wrong with the folder is found before.
    public func build(to path: String) throws -> Result {
        try PayloadCheck.checkCopies(of: description)
        let tree = try PayloadTree.read(description)
        try PayloadCheck(description: description, tree: tree).check()
        let output = try OutputFile(replacing: path)
        let head = try writePayload(tree, to: output)
        try output.write(head.bytes, at: 0)
        try output.commit()
        return Result(
            file: path, size: UInt64(head.bytes.count) + head.manifest.payload.size, manifest: head.manifest,
            signer: key.verifying.fingerprint, files: tree.entries.count { $0.kind.isFile })
    }

    /// The payload goes to its place at once, behind a head whose size depends on the payload's size by a few
    /// digits: where that moves the payload by a block, it is written again.
    private func writePayload(
        _ tree: FileTree, to output: borrowing OutputFile
    ) throws(PackagingError) -> (bytes: [UInt8], manifest: PackageManifest) {
        var manifest = description.manifest
        var head = try sign(manifest)
        while true {
            let offset = UInt64(head.count)
            try system { () throws(SystemError) in try output.truncate(to: 0) }
            manifest.payload = try writePayload(tree, of: manifest, to: output, at: offset)
            head = try sign(manifest)
            if UInt64(head.count) == offset { return (head, manifest) }
        }
    }

    private func writePayload(
        _ tree: FileTree, of manifest: PackageManifest, to output: borrowing OutputFile, at offset: UInt64
    ) throws(PackagingError) -> PackageManifest.Payload {
        let options = EROFSOptions(
            uuid: ImageUUID(seed: "amos/package/\(manifest.id)/\(manifest.version)"), volumeName: "package",
            compression: description.isCompressed ? .deflate(level: 6) : .none)
        let size: UInt64
        let verity: SHA256Digest
        do throws(DiskImageError) {
            size = try EROFSWriter(options).write(tree, to: output, at: offset).size
            verity = try FSVerity.digest(of: output, at: offset, size: size)
        } catch {
            throw .image(error)
        }
        let sha256 = try PackageFile.sha256(output.temporaryPath, from: offset, count: size)
        return .init(size: size, sha256: Digest256(sha256), verity: Digest256(verity))
    }

    /// Everything before the payload.
    private func sign(_ manifest: PackageManifest) throws(PackagingError) -> [UInt8] {
        let bytes = manifest.encode()
        let signature: [UInt8]
        do throws(SigningKeyError) {
            signature = try key.sign(SignatureBlock.message(manifest: bytes))
        } catch {
            throw .key(error)
        }
        do throws(PackageError) {
            let block = SignatureBlock(
                key: PackageKey(key.verifying), signature: signature, rotations: rotations)
            // What no handset would take is not made.
            _ = try block.verify(
                manifest, bytes,
                owner: rotations.first.map { HostCryptography().sha256($0.statement.oldKey.bytes) },
                with: HostCryptography())
            return try PackageHead.encode(
                manifest: bytes, signatures: block, payloadSize: manifest.payload.size)
        } catch {
            throw .package(file: description.filesFolder, error)
        }
    }
}

extension FileTree.Kind {
    fileprivate var isFile: Bool { if case .file = self { true } else { false } }
}
