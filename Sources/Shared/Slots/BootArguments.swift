import Wire

/// What stage 1 takes from the kernel command line, and nothing else: debugging words mean nothing to it.
///
///     … amos.root=<root hash, 64 hex digits>:<data blocks>:<salt, hex> …   signed, from the boot image
///     … amos.slot=a|b                                                    appended by the loader
public struct BootArguments: Equatable, Sendable {
    public let slot: Slot
    public let root: VerityRoot

    public enum ParseError: Error, Equatable, Sendable {
        case missing(StaticText)
        case malformed(StaticText)

        /// For people: what is wrong with the command line.
        public var text: String {
            switch self {
            case .missing(let word): "the kernel command line has no " + word.name
            case .malformed(let word): "the kernel command line has a malformed " + word.name
            }
        }
    }

    public enum StaticText: Sendable {
        case slot, root

        var name: String { self == .slot ? "amos.slot=a|b" : "amos.root=HASH:BLOCKS:SALT" }
    }

    /// The first of several equal words counts: the signed part of the command line comes before what was
    /// appended.
    public init(commandLine: [UInt8]) throws(ParseError) {
        guard let slotWord = Self.slot(in: commandLine) else {
            throw Self.value(of: "amos.slot=", in: commandLine) == nil ? .missing(.slot) : .malformed(.slot)
        }
        guard let rootWord = Self.value(of: "amos.root=", in: commandLine) else { throw .missing(.root) }
        guard let root = VerityRoot(rootWord) else { throw .malformed(.root) }
        slot = slotWord
        self.root = root
    }

    /// The slot alone, so that a failure can be noted even when the rest is unusable.
    public static func slot(in commandLine: [UInt8]) -> Slot? {
        guard let value = value(of: "amos.slot=", in: commandLine), value.count == 1 else { return nil }
        return Slot(letter: value[0])
    }

    /// What follows the first word that begins with `key`, up to white space.
    public static func value(of key: StaticString, in commandLine: [UInt8]) -> [UInt8]? {
        let words = commandLine.split { $0 <= UInt8(ascii: " ") }
        for word in words where word.count >= key.utf8CodeUnitCount {
            var matches = true
            key.withUTF8Buffer { key in
                for index in 0..<key.count where word[word.startIndex + index] != key[index] {
                    matches = false
                }
            }
            if matches { return Array(word.dropFirst(key.utf8CodeUnitCount)) }
        }
        return nil
    }
}

/// The one hash that vouches for every byte of a system partition, and how to check against it.
///
///     system partition  ├── EROFS image: dataBlocks × 4096 ──┤ superblock (1 block) ├── hash tree ──┤ … │
public struct VerityRoot: Equatable, Sendable {
    public static let blockSize: UInt64 = 4096
    /// 16 TiB in blocks: more than any partition, and no sum of block numbers can overflow.
    static let blockLimit: UInt64 = 1 << 32
    /// dm-verity's own limit on salts (`DM_MAX_DIGEST_SIZE` is smaller, the format allows 256 bytes).
    static let saltLimit = 512

    /// 64 lower-case hex digits (SHA-256).
    public let rootHash: [UInt8]
    public let dataBlocks: UInt64
    /// Hex digits; may be empty.
    public let salt: [UInt8]

    /// From `hash:blocks:salt`; nil if it is anything else.
    init?(_ text: [UInt8]) {
        let parts = text.split(separator: UInt8(ascii: ":"), omittingEmptySubsequences: false)
        guard parts.count == 3, parts[0].count == 64, Self.isHex(parts[0]), parts[2].count <= Self.saltLimit,
            parts[2].count % 2 == 0, Self.isHex(parts[2]), let blocks = Self.number(parts[1])
        else { return nil }
        rootHash = Array(parts[0])
        dataBlocks = blocks
        salt = Array(parts[2])
    }

    /// Bytes that are verified: the length of the mapped device.
    public var dataBytes: UInt64 { dataBlocks * Self.blockSize }

    /// The dm-verity table for `device` (kernel: admin-guide/device-mapper/verity.rst).
    ///
    /// With `restartsOnCorruption` a damaged block resets the machine as soon as it is read.
    public func table(device: String, restartsOnCorruption: Bool) -> String {
        let salt = salt.isEmpty ? "-" : String(decoding: salt, as: UTF8.self)
        return "1 " + device + " " + device + " 4096 4096 " + String(dataBlocks) + " "
            + String(dataBlocks + 1) + " sha256 " + String(decoding: rootHash, as: UTF8.self) + " " + salt
            + (restartsOnCorruption ? " 1 restart_on_corruption" : "")
    }

    private static func isHex(_ digits: ArraySlice<UInt8>) -> Bool {
        digits.allSatisfy {
            UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0 || UInt8(ascii: "a")...UInt8(ascii: "f") ~= $0
        }
    }

    private static func number(_ digits: ArraySlice<UInt8>) -> UInt64? {
        guard let value = Decimal.number(digits), value > 0, value <= blockLimit else { return nil }
        return value
    }
}
