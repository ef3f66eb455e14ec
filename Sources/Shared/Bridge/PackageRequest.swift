import Wire

/// What the bridge and `amosctl pkg` ask `amos-pkgd` for, over `/run/amos/ipc/pkgd` (SOCK_STREAM), one
/// request each connection; integers are little-endian.
///
///     request  "AMPK" | u8 version = 1 | u8 operation | u16 flags | u64 size | u16 length, package id
///     then     `size` bytes of the package (install, sideload)
///     reply    one line, at most `replyLimit` bytes: `Success`, or `Failure [WHY]`; then the end
///
///     operation  1 install (adb install), 2 sideload (adb sideload: a package or a bundle), 3 uninstall
///                4 list, 5 show one, 6 verify, 7 collect garbage, 8 history
///                of repositories: 40 refresh, 41 search for words, 42 obtain packages, 43 upgrade,
///                44 install from the bundle at this path
///     flags      1 replace, 2 downgrade, 4 test, 8 keep the data (uninstall), 16 another package needs it
///
/// From 4 on, one JSON document of at most `documentLimit` bytes follows the line `Success`.
///
/// The service may answer, and close, before all bytes have come: the rest is not sent then.
public struct PackageServiceRequest: Equatable, Sendable {
    public enum Operation: UInt8, Sendable {
        case install = 1
        case sideload = 2
        case uninstall = 3
        case list = 4
        case show = 5
        case verify = 6
        case collectGarbage = 7
        case history = 8
        case refresh = 40
        case search = 41
        case obtain = 42
        case upgrade = 43
        case bundle = 44
    }

    public static let socketName: StaticString = "ipc/pkgd"
    /// A reason is one sentence.
    public static let replyLimit = 1024
    /// The longest list of all, of as many packages as a handset takes.
    public static let documentLimit = 16 << 20
    static let magic: [UInt8] = Array("AMPK".utf8)
    static let version: UInt8 = 1
    public static let keepsData: UInt16 = 8
    public static let packageLimit = 255
    /// Without the package's id.
    public static let headSize = 18

    public var operation: Operation
    public var flags: UInt16 = 0
    public var size: UInt64 = 0
    public var package = ""

    public init(_ operation: Operation, flags: UInt16 = 0, size: UInt64 = 0, package: String = "") {
        self.operation = operation
        self.flags = flags
        self.size = size
        self.package = package
    }

    public init(_ command: PackageCommand) {
        switch command {
        case .install(let size, let options):
            self.init(.install, flags: UInt16(options.rawValue), size: size)
        case .uninstall(let package, let keepsData):
            self.init(
                .uninstall, flags: keepsData ? Self.keepsData : 0,
                package: String(decoding: package, as: UTF8.self))
        }
    }

    public func encode() -> [UInt8] {
        var writer = ByteWriter(capacity: Self.headSize + package.utf8.count)
        writer.writeRaw(Self.magic)
        writer.write(Self.version)
        writer.write(operation.rawValue)
        writer.write(flags)
        writer.write(size)
        writer.write(package)
        return writer.bytes
    }

    /// For the service: nil until there are enough bytes; then also how many the request took.
    public static func decode(
        _ bytes: [UInt8]
    ) throws(WireError) -> (request: PackageServiceRequest, count: Int)? {
        guard bytes.count >= headSize else { return nil }
        var reader = ByteReader(bytes.span)
        guard try reader.readBytes(4) == magic, try reader.readUInt8() == version else {
            throw .malformed(offset: 0, expected: "a request of version 1")
        }
        guard let operation = Operation(rawValue: try reader.readUInt8()) else {
            throw .malformed(offset: 5, expected: "a known operation")
        }
        var request = PackageServiceRequest(operation)
        request.flags = try reader.readUInt16()
        request.size = try reader.readUInt64()
        let length = Int(bytes[16]) | Int(bytes[17]) << 8
        guard length <= packageLimit else { throw .tooLong(offset: 16, limit: packageLimit) }
        guard bytes.count >= headSize + length else { return nil }
        request.package = try reader.readText(limit: packageLimit)
        return (request, reader.offset)
    }

    /// The one line that a client of adb shows.
    public static func reply(_ bytes: [UInt8]) -> [UInt8] {
        let line = bytes.prefix(replyLimit).prefix { $0 != 0x0a && $0 >= 0x20 }
        return line.isEmpty
            ? Array("Failure [the package service ended without an answer]".utf8) : Array(line)
    }

    public static func isSuccess(_ line: [UInt8]) -> Bool { line.starts(with: "Success".utf8) }

    /// Nobody is there to install anything.
    public static let absent: StaticString = "Failure [no package service]"
}
