/// The notes at the start of an ELF core dump (elf(5), and the kernel's `fs/binfmt_elf.c`): why and where a
/// 64-bit program died. Memory, which follows the notes, is never looked at.
///
/// ```
/// ELF header │ program headers … │ PT_NOTE segment: note, note, …               │ PT_LOAD …
///   64 bytes │ 56 bytes each     │ u32 name size │ u32 size │ u32 type │ name │ data │ (each padded to 4)
/// ```
public struct CoreDump: Equatable, Sendable {
    /// Of a core, this much is read at most; notes of a thread are about 1 KiB.
    public static let readLimit = 1 << 20
    static let headerLimit = 4096
    static let mappingLimit = 4096

    public struct Register: Equatable, Sendable {
        public let name: String
        public let value: UInt64
    }

    public struct Mapping: Equatable, Sendable {
        public let start: UInt64
        public let end: UInt64
        /// Where in the file the mapping begins, in bytes.
        public let fileOffset: UInt64
        public let path: String
    }

    public private(set) var signal: Int32 = 0
    /// `si_code`: why the signal was sent.
    public private(set) var signalCode: Int32 = 0
    /// `si_addr`: for SIGSEGV and its like, the address that was touched.
    public private(set) var faultAddress: UInt64?
    public private(set) var processID: Int32 = 0
    /// Of the thread that died; empty for processors that this does not know.
    public private(set) var registers: [Register] = []
    public private(set) var mappings: [Mapping] = []

    /// From the beginning of a core dump; what is cut off is missing, what is malformed is refused.
    public init(start bytes: [UInt8]) throws(WireError) {
        let magic: [UInt8] = [0x7f, 0x45, 0x4c, 0x46, 2, 1]
        guard bytes.count >= 64, bytes.starts(with: magic), Self.number(bytes, 16, 2) == 4 else {
            throw .malformed(offset: 0, expected: "a 64-bit little-endian ELF core")
        }
        let machine = Self.number(bytes, 18, 2)
        let headers = Self.number(bytes, 32, 8)
        let count = Int(Self.number(bytes, 56, 2))
        guard Self.number(bytes, 54, 2) == 56, headers <= UInt64(Self.headerLimit) else {
            throw .malformed(offset: 32, expected: "program headers of 56 bytes near the start")
        }
        for index in 0..<count {
            let header = Int(headers) + index * 56
            guard header + 56 <= bytes.count else { return }
            guard Self.number(bytes, header, 4) == 4 else { continue }
            let start = Self.number(bytes, header + 8, 8)
            let size = Self.number(bytes, header + 32, 8)
            guard start < UInt64(bytes.count) else { return }
            let end = min(UInt64(bytes.count), start + min(size, UInt64(bytes.count)))
            readNotes(bytes, Int(start)..<Int(end), machine: machine)
        }
    }

    private mutating func readNotes(_ bytes: [UInt8], _ range: Range<Int>, machine: UInt64) {
        var offset = range.lowerBound
        while offset + 12 <= range.upperBound {
            let nameSize = Int(Self.number(bytes, offset, 4))
            let size = Int(Self.number(bytes, offset + 4, 4))
            let type = Self.number(bytes, offset + 8, 4)
            let data = offset + 12 + (nameSize + 3) / 4 * 4
            guard data + size <= range.upperBound else { return }
            switch type {
            case 1: readStatus(bytes, data..<data + size, machine)
            case 0x5349_4749: readSignal(bytes, data..<data + size)
            case 0x4649_4c45: readFiles(bytes, data..<data + size)
            default: break
            }
            offset = data + (size + 3) / 4 * 4
        }
    }

    /// `struct elf_prstatus`: signal at 12, process at 32, registers at 112. The first one is of the thread
    /// that died.
    private mutating func readStatus(_ bytes: [UInt8], _ data: Range<Int>, _ machine: UInt64) {
        guard registers.isEmpty, processID == 0, data.count >= 112 else { return }
        signal = Int32(truncatingIfNeeded: Self.number(bytes, data.lowerBound + 12, 2))
        processID = Int32(truncatingIfNeeded: Self.number(bytes, data.lowerBound + 32, 4))
        guard machine == 183, data.count >= 112 + 34 * 8 else { return }
        for index in 0..<34 {
            registers.append(
                Register(
                    name: Self.arm64Name(index),
                    value: Self.number(bytes, data.lowerBound + 112 + 8 * index, 8)))
        }
    }

    /// `siginfo_t`: number, errno, code, and for faults the address at 16.
    private mutating func readSignal(_ bytes: [UInt8], _ data: Range<Int>) {
        guard data.count >= 24 else { return }
        let number = Int32(truncatingIfNeeded: Self.number(bytes, data.lowerBound, 4))
        signal = number
        signalCode = Int32(truncatingIfNeeded: Self.number(bytes, data.lowerBound + 8, 4))
        // SIGILL, SIGTRAP, SIGBUS, SIGFPE, SIGSEGV, sent by the kernel.
        if number == 4 || number == 5 || number == 7 || number == 8 || number == 11, signalCode > 0 {
            faultAddress = Self.number(bytes, data.lowerBound + 16, 8)
        }
    }

    /// NT_FILE: u64 count, u64 page size, count × (u64 start, end, offset in pages), then the paths, each
    /// with a NUL.
    private mutating func readFiles(_ bytes: [UInt8], _ data: Range<Int>) {
        guard mappings.isEmpty, data.count >= 16 else { return }
        let count = Self.number(bytes, data.lowerBound, 8)
        let pageSize = Self.number(bytes, data.lowerBound + 8, 8)
        guard count <= UInt64(Self.mappingLimit), 16 + Int(count) * 24 <= data.count else { return }
        var path = data.lowerBound + 16 + Int(count) * 24
        for index in 0..<Int(count) {
            let entry = data.lowerBound + 16 + 24 * index
            guard let end = bytes[path..<data.upperBound].firstIndex(of: 0) else { return }
            mappings.append(
                Mapping(
                    start: Self.number(bytes, entry, 8), end: Self.number(bytes, entry + 8, 8),
                    fileOffset: Self.number(bytes, entry + 16, 8) &* pageSize,
                    path: String(decoding: bytes[path..<end], as: UTF8.self)))
            path = end + 1
        }
    }

    /// The file that an address lies in, and where in the file: what `addr2line` wants.
    public func location(of address: UInt64) -> (path: String, offset: UInt64)? {
        for mapping in mappings where mapping.start <= address && address < mapping.end {
            return (mapping.path, address - mapping.start + mapping.fileOffset)
        }
        return nil
    }

    private static func arm64Name(_ index: Int) -> String {
        switch index {
        case 30: "lr"
        case 31: "sp"
        case 32: "pc"
        case 33: "pstate"
        default: "x" + String(index)
        }
    }

    private static func number(_ bytes: [UInt8], _ offset: Int, _ width: Int) -> UInt64 {
        var value: UInt64 = 0
        for index in 0..<width { value |= UInt64(bytes[offset + index]) << UInt64(8 * index) }
        return value
    }
}
