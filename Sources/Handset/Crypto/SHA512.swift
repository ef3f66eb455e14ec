import CLibcrypto

/// SHA-512 (FIPS 180-4).
public enum SHA512 {
    public static let size = 64

    /// nil: the library had no memory.
    public static func of(_ bytes: Span<UInt8>) -> [UInt8]? {
        var digest = [UInt8](repeating: 0, count: size)
        let isGood = bytes.withUnsafeBytes { bytes in
            digest.withUnsafeMutableBufferPointer {
                amos_sha512(bytes.baseAddress, bytes.count, $0.baseAddress)
            }
        }
        return isGood == 1 ? digest : nil
    }
}
