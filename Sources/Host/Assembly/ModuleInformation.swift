/// What a kernel module says of itself in its `.modinfo` section, and its bytes without the signature that
/// `scripts/sign-file` appended.
///
/// ```
///   ELF (ET_REL)                                      a .ko file as Debian ships it, decompressed
///   ├─ .modinfo     "depends=jbd2,mbcache\0alias=…\0softdep=pre: crc32c\0 …"
///   └─ …
///   PKCS#7 signature
///   struct module_signature  (12 bytes, the last four: length of the PKCS#7 part, big-endian)
///   "~Module signature appended~\n"
/// ```
struct ModuleInformation {
    /// Hard dependencies, then `softdep … pre:` ones; the latter may be aliases.
    private(set) var dependencies: [String] = []
    private(set) var softDependencies: [String] = []
    private(set) var aliases: [String] = []

    /// - Returns: nil if this is not a 64-bit little-endian ELF file with a `.modinfo` section.
    init?(_ bytes: [UInt8]) {
        guard let section = Self.section(named: ".modinfo", in: bytes) else { return nil }
        for field in bytes[section].split(separator: 0) {
            let text = String(decoding: field, as: UTF8.self)
            guard let equals = text.firstIndex(of: "=") else { continue }
            let value = text[text.index(after: equals)...]
            switch text[..<equals] {
            case "depends": dependencies += value.split(separator: ",").map(String.init)
            case "alias": aliases.append(String(value))
            case "softdep": softDependencies += Self.before(value)
            default: break
            }
        }
    }

    /// The `pre:` names of a soft dependency line.
    private static func before(_ line: Substring) -> [String] {
        var names: [String] = []
        var isBefore = false
        for word in line.split(separator: " ") {
            if word.hasSuffix(":") {
                isBefore = word == "pre:"
            } else if isBefore {
                names.append(String(word))
            }
        }
        return names
    }

    private static let marker = Array("~Module signature appended~\n".utf8)
    private static let signatureHeaderSize = 12

    /// A verified boot image already vouches for its modules, and checking a signature costs the handset
    /// about 45 million instructions each.
    static func withoutSignature(_ bytes: [UInt8]) -> [UInt8] {
        let tail = signatureHeaderSize + marker.count
        guard bytes.count > tail, bytes.suffix(marker.count).elementsEqual(marker) else { return bytes }
        let length = bytes[(bytes.count - marker.count - 4)...].prefix(4).reduce(0) { $0 << 8 | Int($1) }
        guard length <= bytes.count - tail else { return bytes }
        return Array(bytes.prefix(bytes.count - tail - length))
    }

    private static func section(named name: String, in bytes: [UInt8]) -> Range<Int>? {
        func number(_ offset: Int, _ size: Int) -> Int? {
            guard offset >= 0, size <= bytes.count, offset <= bytes.count - size else { return nil }
            return Int(
                truncatingIfNeeded: (0..<size).reduce(0) { $0 | UInt64(bytes[offset + $1]) << (8 * $1) })
        }
        guard bytes.starts(with: [0x7f, 0x45, 0x4c, 0x46, 2, 1]), let headers = number(40, 8),
            let count = number(60, 2), let names = number(62, 2),
            headers < bytes.count, let nameTable = number(headers + names * 64 + 24, 8)
        else { return nil }
        for index in 0..<count {
            let header = headers + index * 64
            guard let nameOffset = number(header, 4), let offset = number(header + 24, 8),
                let size = number(header + 32, 8), size >= 0, size <= bytes.count, offset >= 0,
                offset <= bytes.count - size
            else { return nil }
            guard nameTable >= 0, nameTable < bytes.count, nameOffset < bytes.count - nameTable else {
                return nil
            }
            let start = nameTable + nameOffset
            if bytes[start...].prefix(while: { $0 != 0 }).elementsEqual(name.utf8) {
                return offset..<(offset + size)
            }
        }
        return nil
    }
}
