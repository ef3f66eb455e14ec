import DiskImage
import Foundation
import HostSystem
import Packages

/// A signed statement that an id's key changes, as a file: the statement's bytes, then the old key's
/// signature of them.
public enum RotationFile {
    private static let signatureSize = PackageKey.Algorithm.ed25519.signatureByteCount

    public static func write(
        _ statement: KeyRotation, signedWith oldKey: SigningKey, to path: String
    ) throws(PackagingError) {
        let bytes = statement.encode()
        let signature: [UInt8]
        do throws(SigningKeyError) { signature = try oldKey.sign(bytes) } catch { throw .key(error) }
        try system { () throws(SystemError) in try OutputFile.write(bytes + signature, to: path) }
    }

    public static func read(_ path: String) throws(PackagingError) -> SignatureBlock.SignedRotation {
        let limit = KeyRotation.byteLimit + signatureSize
        let bytes: [UInt8]
        do throws(DiskImageError) {
            let file = try InputFile(path)
            guard file.size > UInt64(signatureSize), file.size <= UInt64(limit) else {
                throw .corrupt(image: path, reason: "it is no statement about a key")
            }
            bytes = try file.bytes(at: 0, count: Int(file.size))
        } catch {
            throw .image(error)
        }
        do throws(PackageError) {
            let statement = try KeyRotation(decoding: Array(bytes.dropLast(signatureSize)))
            return .init(statement: statement, signature: Array(bytes.suffix(signatureSize)))
        } catch {
            throw .package(file: path, error)
        }
    }
}
