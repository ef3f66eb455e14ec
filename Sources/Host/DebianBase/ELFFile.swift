/// What a program or library asks of the dynamic linker. Reads 32-bit and 64-bit little-endian files (gABI,
/// "Object Files" and "Dynamic Linking"); every offset is checked against the file.
///
///     header ─→ program headers ─→ PT_INTERP  ─→ the dynamic linker's path
///                               ─→ PT_DYNAMIC ─→ pairs (tag, value): DT_NEEDED, DT_SONAME, DT_RPATH,
///                                                DT_RUNPATH: offsets into the strings at DT_STRTAB
///                               ─→ PT_LOAD        tells where an address lies in the file
public struct ELFFile: Sendable, Equatable {
    /// `e_machine`: 183 is aarch64.
    public var machine: UInt16
    public var interpreter: String?
    public var soname: String?
    public var needed: [String]
    /// DT_RUNPATH and DT_RPATH, `$ORIGIN` not replaced.
    public var searchPaths: [String]

    static let magic: [UInt8] = [0x7F, 0x45, 0x4C, 0x46]
    private static let dynamicLimit = 4096

    /// nil if it is no such file, or a damaged one.
    public init?(_ bytes: UnsafeRawBufferPointer) {
        guard let reader = Reader(bytes) else { return nil }
        let wide = reader.isWide
        machine = UInt16(truncatingIfNeeded: reader.number(18, 2) ?? 0)
        needed = []
        searchPaths = []
        guard let start = reader.word(wide ? 32 : 28), let size = reader.number(wide ? 54 : 42, 2),
            let count = reader.number(wide ? 56 : 44, 2)
        else { return nil }
        let headers = (0..<count).compactMap { reader.segment(at: start &+ $0 &* size) }
        guard headers.count == Int(count) else { return nil }
        if let segment = headers.first(where: { $0.type == 3 }) {
            guard let text = reader.text(at: segment.offset) else { return nil }
            interpreter = text
        }
        guard let dynamic = headers.first(where: { $0.type == 2 }) else { return }
        var pairs: [(tag: UInt64, value: UInt64)] = []
        let width: UInt64 = wide ? 8 : 4
        for number in 0..<min(dynamic.size / (2 * width), UInt64(Self.dynamicLimit)) {
            let offset = dynamic.offset &+ number &* 2 &* width
            guard let tag = reader.word(offset), let value = reader.word(offset &+ width) else { return nil }
            if tag == 0 { break }
            pairs.append((tag, value))
        }
        guard let address = pairs.first(where: { $0.tag == 5 })?.value,
            let load = headers.first(where: {
                $0.type == 1 && address >= $0.address && address - $0.address < $0.size
            })
        else { return }
        let strings = load.offset &+ (address - load.address)
        for pair in pairs where [1, 14, 15, 29].contains(pair.tag) {
            guard let text = reader.text(at: strings &+ pair.value) else { return nil }
            switch pair.tag {
            case 1: needed.append(text)
            case 14: soname = text
            default: searchPaths += text.split(separator: ":").map(String.init)
            }
        }
    }

    private struct Segment {
        var type: UInt64
        var offset: UInt64
        var address: UInt64
        var size: UInt64
    }

    private struct Reader {
        let bytes: UnsafeRawBufferPointer
        let isWide: Bool

        init?(_ bytes: UnsafeRawBufferPointer) {
            guard bytes.count >= 52, bytes.prefix(4).elementsEqual(ELFFile.magic), bytes[5] == 1,
                bytes[4] == 1 || bytes[4] == 2
            else { return nil }
            self.bytes = bytes
            isWide = bytes[4] == 2
        }

        /// An address or offset of the file's own width.
        func word(_ offset: UInt64) -> UInt64? { number(offset, isWide ? 8 : 4) }

        func number(_ offset: UInt64, _ width: UInt64) -> UInt64? {
            let end = UInt64(bytes.count)
            guard offset <= end, width <= end - offset else { return nil }
            return (0..<Int(width)).reduce(0) { $0 | UInt64(bytes[Int(offset) + $1]) << (8 * UInt64($1)) }
        }

        func segment(at start: UInt64) -> Segment? {
            guard let type = number(start, 4), let offset = word(start &+ (isWide ? 8 : 4)),
                let address = word(start &+ (isWide ? 16 : 8)), let size = word(start &+ (isWide ? 32 : 16))
            else { return nil }
            return Segment(type: type, offset: offset, address: address, size: size)
        }

        /// Up to the next NUL.
        func text(at offset: UInt64) -> String? {
            guard offset < UInt64(bytes.count) else { return nil }
            let rest = bytes[Int(offset)...].prefix(4096)
            guard let end = rest.firstIndex(of: 0) else { return nil }
            return String(decoding: rest[..<end], as: UTF8.self)
        }
    }
}
