import Wire

/// What the bridge and `amosctl pkg` ask `amos-pkgd` for, over `/run/amos/ipc/pkgd` (SOCK_STREAM), one
/// request each connection; integers are little-endian.
///
///     request  "AMPK" | u8 version = 2 | u8 operation | u16 flags | u64 size | u16 length, package id
///              | u16 length, argument
///     then     `size` bytes of the package (install, sideload)
///     reply    one line, at most `replyLimit` bytes: `Success`, or `Failure [WHY]`; then the end
///
///     operation  1 install (adb install), 2 sideload (adb sideload: a package or a bundle), 3 uninstall
///                4 list, 5 show one, 6 verify, 7 collect garbage, 8 history, 9 roll back (argument: to which
///                set; empty: the one before), 10 hold, 11 unhold, 12 pin (argument: a range; *: unpin),
///                13 remove what nobody needs, 14 why one is here, 15 what two sets differ in (argument:
///                older, newer; the newer may be left out), 16 repair, 17 search here and in repositories
///                (argument: words), 18 developer mode (argument: on, off; empty: say whether it is)
///                of repositories: 19 refresh, 20 obtain (argument: ids), 21 upgrade (argument: ids; empty:
///                everything), 22 install from a bundle (argument: its path)
///     flags      1 replace, 2 downgrade, 4 test, 8 keep the data (uninstall), 16 change nothing,
///                32 only what is installed (install), 64 as a dependency (install),
///                128 remove what is broken (repair)
///
/// After the line `Success`, one JSON document of at most `documentLimit` bytes follows.
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
        case rollback = 9
        case hold = 10
        case unhold = 11
        case pin = 12
        case autoremove = 13
        case why = 14
        case difference = 15
        case repair = 16
        case search = 17
        case developerMode = 18
        case refresh = 19
        case obtain = 20
        case upgrade = 21
        case bundle = 22
    }

    public static let socketName: StaticString = "ipc/pkgd"
    /// A reason is one sentence.
    public static let replyLimit = 1024
    /// The longest list of all, of as many packages as a handset takes.
    public static let documentLimit = 16 << 20
    static let magic: [UInt8] = Array("AMPK".utf8)
    static let version: UInt8 = 2
    public static let downgrades: UInt16 = 2
    public static let keepsData: UInt16 = 8
    public static let changesNothing: UInt16 = 16
    public static let upgradesOnly: UInt16 = 32
    public static let isDependency: UInt16 = 64
    public static let removesBroken: UInt16 = 128
    public static let packageLimit = 255
    /// A range of versions, words to search for, as many ids as somebody types, or a path.
    public static let argumentLimit = 4095
    /// Without the texts.
    public static let headSize = 20

    public var operation: Operation
    public var flags: UInt16 = 0
    public var size: UInt64 = 0
    public var package = ""
    public var argument = ""

    public init(
        _ operation: Operation, flags: UInt16 = 0, size: UInt64 = 0, package: String = "",
        argument: String = ""
    ) {
        self.operation = operation
        self.flags = flags
        self.size = size
        self.package = package
        self.argument = argument
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
        var writer = ByteWriter(capacity: Self.headSize + package.utf8.count + argument.utf8.count)
        writer.writeRaw(Self.magic)
        writer.write(Self.version)
        writer.write(operation.rawValue)
        writer.write(flags)
        writer.write(size)
        writer.write(package)
        writer.write(argument)
        return writer.bytes
    }

    /// For the service: nil until there are enough bytes; then also how many the request took.
    public static func decode(
        _ bytes: [UInt8]
    ) throws(WireError) -> (request: PackageServiceRequest, count: Int)? {
        guard bytes.count >= headSize else { return nil }
        var reader = ByteReader(bytes.span)
        guard try reader.readBytes(4) == magic, try reader.readUInt8() == version else {
            throw .malformed(offset: 0, expected: "a request of version 2")
        }
        guard let operation = Operation(rawValue: try reader.readUInt8()) else {
            throw .malformed(offset: 5, expected: "a known operation")
        }
        var request = PackageServiceRequest(operation)
        request.flags = try reader.readUInt16()
        request.size = try reader.readUInt64()
        guard try isThere(bytes, at: 16, limit: packageLimit) else { return nil }
        request.package = try reader.readText(limit: packageLimit)
        guard try isThere(bytes, at: reader.offset, limit: argumentLimit) else { return nil }
        request.argument = try reader.readText(limit: argumentLimit)
        return (request, reader.offset)
    }

    /// Whether a text has come as a whole.
    private static func isThere(_ bytes: [UInt8], at offset: Int, limit: Int) throws(WireError) -> Bool {
        guard bytes.count >= offset + 2 else { return false }
        let length = Int(bytes[offset]) | Int(bytes[offset + 1]) << 8
        guard length <= limit else { throw .tooLong(offset: offset, limit: limit) }
        return bytes.count >= offset + 2 + length
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
