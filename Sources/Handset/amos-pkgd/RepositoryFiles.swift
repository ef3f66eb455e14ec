import Crypto
import LinuxSystem
import Packages
import Trust
import Wire

/// A repository of this device.
///
///     /etc/amos/repositories/NAME/     in the image, which is verified
///       address                        where it is: https://…
///       root.json                      the root to begin with
///     …/packages/repositories/
///       time-floor                     no metadata is judged by an earlier time: decimal, seconds since 1970
///       NAME/                          root, timestamp, snapshot, targets; the index that belongs to them
///       NAME/partial-HASH              a package that has come as far as this
final class RepositoryFiles {
    /// A device has its maker's repository and a few more.
    private static let repositoryLimit = 16
    private static let addressLimit = 2048
    /// As `UpdateLimits` lets nothing in that is longer, but an index, which its targets describe.
    private static let readLimit = 64 << 20

    let name: String
    /// A bundle's repository lies in the bundle.
    var address: String
    private let given: String
    private let folder: String
    private let floorFile: String

    private init(_ name: String, address: String, given: String, store: String) {
        (self.name, self.address, self.given) = (name, address, given)
        folder = store + "/" + name
        floorFile = store + "/time-floor"
    }

    /// Those of the device, by name.
    static func all(_ options: Options) throws(SystemCallError) -> [RepositoryFiles] {
        var names: [String] = []
        for name in Directory.namesIfPresent(in: options.repositories) {
            let text = String(decoding: name, as: UTF8.self)
            if PackageID(text) != nil || text.utf8.allSatisfy(isPlain) { names.append(text) }
        }
        names.sort { UTF8Text.precedes($0, $1) }
        let store = options.directory + "/repositories"
        try Directory.make(store)
        var found: [RepositoryFiles] = []
        for name in names.prefix(repositoryLimit) {
            let given = options.repositories + "/" + name
            let bytes = try FileDescriptor.open(given + "/address").readToEnd(limit: addressLimit)
            var address = bytes.prefix { $0 > 0x20 }
            if address.last == 0x2f { address.removeLast() }
            let files = RepositoryFiles(
                name, address: String(decoding: address, as: UTF8.self), given: given, store: store)
            try Directory.make(files.folder)
            found.append(files)
        }
        return found
    }

    private static func isPlain(_ byte: UInt8) -> Bool {
        byte >= 0x61 && byte <= 0x7a || byte >= 0x30 && byte <= 0x39 || byte == 0x2d
    }

    func path(_ file: String) -> String { folder + "/" + file }

    func load(_ file: String) -> [UInt8]? {
        try? FileDescriptor.open(path(file), [.readOnly, .noFollow]).readToEnd(limit: Self.readLimit)
    }

    /// What was trusted last, or what the image brings.
    func root() throws(SystemCallError) -> [UInt8] {
        if let root = load("root.json") { return root }
        return try FileDescriptor.open(given + "/root.json").readToEnd(limit: Self.readLimit)
    }

    /// A power cut must not leave an older file than one that was acted upon.
    func persist(_ file: String, _ bytes: [UInt8]) throws(SystemCallError) {
        try Self.replace(path(file), bytes, in: folder)
    }

    private static func replace(
        _ path: String, _ bytes: [UInt8], in folder: String
    ) throws(SystemCallError) {
        try Directory.replaceFile(path, with: bytes)
        try FileDescriptor.open(folder, [.readOnly, .directory]).synchronize()
    }

    func remove(_ file: String) {
        // One that is not there is fine.
        try? Directory.unlink(path(file))
    }

    var floor: TimeFloor {
        let bytes = (try? FileDescriptor.open(floorFile).readToEnd(limit: 32)) ?? []
        let seconds = Decimal.number(bytes.prefix { $0 > 0x20 }) ?? 0
        return TimeFloor(seconds: Int64(clamping: seconds))
    }

    func persist(_ floor: TimeFloor) throws(SystemCallError) {
        let folder = String(decoding: Array(floorFile.utf8).dropLast("/time-floor".utf8.count), as: UTF8.self)
        try Self.replace(floorFile, Array((String(floor.seconds) + "\n").utf8), in: folder)
    }
}

/// libcrypto for update metadata.
struct HandsetTrust: TrustCryptography {
    func hash(_ algorithm: HashAlgorithm, _ bytes: Span<UInt8>) -> [UInt8] {
        // Without memory for it there is none, and an empty one is no file's.
        switch algorithm {
        case .sha256: SHA256.of(bytes) ?? []
        case .sha512: SHA512.of(bytes) ?? []
        }
    }

    func accepts(_ signature: [UInt8], of message: [UInt8], by key: PublicKey) -> Bool {
        let scheme: Signature.Scheme
        switch key.scheme {
        case .ed25519: scheme = .ed25519
        case .ecdsaP256: scheme = .ecdsaP256
        case .rsaPSS: scheme = .rsaPSS
        case .unknown: return false
        }
        return Signature.check(signature, of: message.span, by: key.bytes, scheme) == .valid
    }
}
