import CLibcrypto

/// SHA-256 (FIPS 180-4), at once or in parts.
public struct SHA256: ~Copyable {
    public static let size = 32

    private var context: UnsafeMutableRawPointer?

    public init() { context = amos_sha256_begin() }

    deinit {
        if let context { _ = amos_sha256_end(context, nil) }
    }

    public mutating func add(_ bytes: Span<UInt8>) {
        guard let running = context else { return }
        let isGood = bytes.withUnsafeBytes { amos_sha256_add(running, $0.baseAddress, $0.count) }
        if isGood == 0 {
            _ = amos_sha256_end(running, nil)
            context = nil
        }
    }

    /// 32 bytes; nil when the library had no memory on the way: no digest is better than a wrong one.
    public mutating func finish() -> [UInt8]? {
        guard let running = context else { return nil }
        context = nil
        var digest = [UInt8](repeating: 0, count: Self.size)
        let isGood = digest.withUnsafeMutableBufferPointer { amos_sha256_end(running, $0.baseAddress) }
        return isGood == 1 ? digest : nil
    }

    public static func of(_ bytes: Span<UInt8>) -> [UInt8]? {
        var digest = [UInt8](repeating: 0, count: size)
        let isGood = bytes.withUnsafeBytes { bytes in
            digest.withUnsafeMutableBufferPointer {
                amos_sha256(bytes.baseAddress, bytes.count, $0.baseAddress)
            }
        }
        return isGood == 1 ? digest : nil
    }
}
