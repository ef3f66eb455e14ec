import DiskImage
import Foundation
import HostSystem
import Packages

/// A package file that is read: nothing of it is believed, and everything that is wrong is told.
public struct PackageFile: Sendable {
    public let path: String
    public let size: UInt64
    public let head: PackageHead
    /// Every problem of signature, payload and size; empty: a handset would take it, if it trusts the key.
    public let problems: [String]
    /// Of the payload.
    public let files: [EROFSReader.Entry]
    /// SHA-256 of the manifest's bytes.
    public let manifestDigest: Digest256
    public let signer: Digest256

    /// Whether a file begins like a package.
    public static func isPackage(_ path: String) -> Bool {
        guard let file = try? InputFile(path), file.size >= UInt64(PackageHeader.byteCount),
            let bytes = try? file.bytes(at: 0, count: PackageHeader.byteCount)
        else { return false }
        return bytes.starts(with: "AMOSPKG\0".utf8)
    }

    /// Throws only if there is no head to speak of.
    public init(_ path: String) throws(PackagingError) {
        self.path = path
        let input = try image { () throws(DiskImageError) in try InputFile(path) }
        size = input.size
        let bytes = try image { () throws(DiskImageError) in
            try input.bytes(at: 0, count: Int(min(input.size, UInt64(PackageHeader.headLimit) + 4096)))
        }
        do throws(PackageError) { head = try PackageHead(decoding: bytes) } catch {
            throw .package(file: path, error)
        }
        let crypto = HostCryptography()
        manifestDigest = crypto.sha256(head.manifestBytes)
        signer = crypto.sha256(head.signatures.key.bytes)
        var problems: [String] = []
        do throws(PackageError) {
            _ = try head.signatures.verify(head.manifest, head.manifestBytes, owner: nil, with: crypto)
        } catch {
            problems.append(error.description)
        }
        if size == head.header.fileSize {
            problems += try Self.payloadProblems(path, head, input)
        } else {
            problems.append("it has \(size) bytes instead of \(head.header.fileSize)")
        }
        do {
            files = try EROFSReader(path, at: head.header.payloadOffset).entries()
        } catch {
            files = []
            problems.append("its payload cannot be read: \(error)")
        }
        self.problems = problems
    }

    private static func payloadProblems(
        _ path: String, _ head: PackageHead, _ input: borrowing InputFile
    ) throws(PackagingError) -> [String] {
        let (offset, payload) = (head.header.payloadOffset, head.manifest.payload)
        var problems: [String] = []
        if Digest256(try sha256(path, from: offset, count: payload.size)) != payload.sha256 {
            problems.append("its payload is not the one that was signed (SHA-256)")
        }
        do throws(DiskImageError) {
            let verity = try FSVerity.digest(of: input, at: offset, size: payload.size)
            if Digest256(verity) != payload.verity {
                problems.append("its payload is not the one that was signed (fs-verity)")
            }
        } catch {
            throw .image(error)
        }
        return problems
    }

    /// Of a part of a file, in pieces.
    static func sha256(
        _ path: String, from offset: UInt64, count: UInt64
    ) throws(PackagingError) -> SHA256Digest {
        /// Read at a time.
        let piece: UInt64 = 1 << 20
        var hasher = SHA256Hasher()
        do throws(DiskImageError) {
            let input = try InputFile(path)
            var done: UInt64 = 0
            while done < count {
                let length = min(piece, count - done)
                hasher.update(try input.bytes(at: offset + done, count: Int(length)))
                done += length
            }
        } catch {
            throw .image(error)
        }
        return hasher.finish()
    }
}
