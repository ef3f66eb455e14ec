import Wire

/// Hashes of one file; those of kinds we cannot compute are left out.
public struct FileHashes: Sendable {
    public private(set) var sha256: [UInt8]?
    public private(set) var sha512: [UInt8]?

    init(_ fields: FieldReader) throws(TrustError) {
        let members = fields.value.members ?? []
        guard !members.isEmpty else { throw fields.bad("sha256", "there, or another hash") }
        for member in members {
            guard let algorithm = HashAlgorithm(member.key) else { continue }
            guard let text = member.value.text, let digest = Hexadecimal.decode(text),
                digest.count == algorithm.byteCount
            else { throw fields.bad(algorithm.name, "\(algorithm.byteCount * 2) hexadecimal digits") }
            switch algorithm {
            case .sha256: sha256 = digest
            case .sha512: sha512 = digest
            }
        }
    }

    public func digest(_ algorithm: HashAlgorithm) -> [UInt8]? {
        switch algorithm {
        case .sha256: sha256
        case .sha512: sha512
        }
    }

    /// Whether there is a hash that we can compute.
    var isKnown: Bool { sha256 != nil || sha512 != nil }

    func check(file: String, _ algorithm: HashAlgorithm, _ found: [UInt8]) throws(TrustError) {
        guard let expected = digest(algorithm), expected == found else {
            throw .wrongHash(file: file, algorithm)
        }
    }
}

/// What the timestamp says of the snapshot, and the snapshot of each targets role.
public struct MetadataDescription: Sendable {
    public let version: Int64
    /// nil: not told; the client's own limit holds.
    public let length: Int64?
    public let hashes: FileHashes?

    init(_ fields: FieldReader) throws(TrustError) {
        version = try fields.version()
        length = try fields.length()
        hashes = fields["hashes"] == nil ? nil : try FileHashes(fields.object("hashes"))
    }

    func check(
        _ bytes: Span<UInt8>, file: String, with cryptography: borrowing some TrustCryptography
    ) throws(TrustError) {
        if let length, length != Int64(bytes.count) {
            throw .wrongLength(file: file, expected: length, found: Int64(bytes.count))
        }
        guard let hashes else { return }
        guard hashes.isKnown else { throw .unknownHash(file: file) }
        for algorithm in HashAlgorithm.allCases where hashes.digest(algorithm) != nil {
            try hashes.check(file: file, algorithm, cryptography.hash(algorithm, bytes))
        }
    }
}

/// A file that a repository offers, as the role that is trusted with its path describes it.
public struct TargetFile: Sendable {
    public let path: String
    public let length: Int64
    public let hashes: FileHashes
    /// What the repository's owner adds for the application; opaque here.
    public let custom: JSONValue?

    init(path: String, _ fields: FieldReader) throws(TrustError) {
        self.path = path
        guard let length = try fields.length() else { throw fields.bad("length", "a count of bytes") }
        self.length = length
        hashes = try FileHashes(fields.object("hashes"))
        custom = fields["custom"]
    }

    /// Throws unless the whole file is the described one.
    /// - Parameter digest: the file's digest; asked for once for each hash that the description has.
    public func check(length found: Int64, _ digest: (HashAlgorithm) -> [UInt8]) throws(TrustError) {
        guard found == length else { throw .wrongLength(file: path, expected: length, found: found) }
        guard hashes.isKnown else { throw .unknownHash(file: path) }
        for algorithm in HashAlgorithm.allCases where hashes.digest(algorithm) != nil {
            try hashes.check(file: path, algorithm, digest(algorithm))
        }
    }

    /// Its name below the repository's targets folder: `folder/HASH.name` where snapshots are consistent.
    public func fetchName(isConsistent: Bool) -> String {
        guard isConsistent, let hash = hashes.sha256 ?? hashes.sha512 else { return path }
        let bytes = Array(path.utf8)
        let start = (bytes.lastIndex(of: UInt8(ascii: "/")) ?? -1) + 1
        let name = bytes[..<start] + Array((Hexadecimal.encode(hash) + ".").utf8) + bytes[start...]
        return String(decoding: name, as: UTF8.self)
    }
}
