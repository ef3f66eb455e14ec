import Wire

/// "From now on `id` belongs to another key", signed with the key that it belongs to.
///
///      0  8  "AMOSROT1": begins no other message that is signed
///      8  8  version code from which on packages of this id carry the new key
///     16 33  old key: algorithm.1, bytes.32
///     49 33  new key: algorithm.1, bytes.32
///     82  2  length of the id
///     84  n  the id
///
/// The signature of the old key is over exactly these bytes. The new key proves itself by signing the
/// package that carries the statement.
public struct KeyRotation: Sendable, Equatable {
    static let magic = Array("AMOSROT1".utf8)
    public static let byteLimit = 84 + PackageID.limit

    public var id: PackageID
    public var oldKey: PackageKey
    public var newKey: PackageKey
    public var firstVersionCode: UInt64

    public init(id: PackageID, oldKey: PackageKey, newKey: PackageKey, firstVersionCode: UInt64) {
        self.id = id
        self.oldKey = oldKey
        self.newKey = newKey
        self.firstVersionCode = firstVersionCode
    }

    /// The bytes to sign.
    public func encode() -> [UInt8] {
        var writer = ByteWriter(capacity: Self.byteLimit)
        writer.writeRaw(Self.magic)
        writer.write(firstVersionCode)
        oldKey.write(to: &writer)
        newKey.write(to: &writer)
        writer.write(id.text)
        return writer.bytes
    }

    public init(decoding bytes: Span<UInt8>) throws(PackageError) {
        var reader = ByteReader(bytes)
        let text: String
        do throws(WireError) {
            guard bytes.count <= Self.byteLimit else { throw .tooLong(offset: 0, limit: Self.byteLimit) }
            guard try reader.readBytes(8) == Self.magic else {
                throw .malformed(offset: 0, expected: "a statement about the change of a key")
            }
            firstVersionCode = try reader.readUInt64()
        } catch {
            throw .bytes(of: .keyRotation, error)
        }
        oldKey = try PackageKey.read(&reader, of: .keyRotation)
        newKey = try PackageKey.read(&reader, of: .keyRotation)
        do throws(WireError) {
            text = try reader.readText(limit: PackageID.limit)
            try reader.finish()
        } catch {
            throw .bytes(of: .keyRotation, error)
        }
        guard let id = PackageID(text) else { throw .badFormat(.keyRotation, "its id is none") }
        self.id = id
        guard oldKey != newKey else { throw .badFormat(.keyRotation, "it changes a key into itself") }
    }

    public init(decoding bytes: [UInt8]) throws(PackageError) { try self.init(decoding: bytes.span) }
}
