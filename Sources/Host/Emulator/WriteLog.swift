import DiskImage
import Foundation
import HostSystem

// The log that QEMU's `blklogwrites` driver records, in the format of Linux's dm-log-writes
// (drivers/md/dm-log-writes.c). All numbers are little-endian, one sector has 512 bytes.
//
//   sector 0   super block    0  8  magic 0x6a736677736872
//                             8  8  version, 1
//                            16  8  number of entries
//                            24  4  sector size
//   then per entry, in the order in which the guest was answered:
//              one sector     0  8  first sector on the disk
//                             8  8  number of sectors
//                            16  8  flags: 1 flush, 2 FUA, 4 discard, 8 mark
//                            24  8  length of a mark's text
//              the data, unless it is a discard

/// Every write and flush of a guest's disk, to see what a power cut at any of them leaves.
public struct WriteLog: Sendable {
    static let magic: UInt64 = 0x6a73_6677_7368_72
    static let sectorBytes: UInt64 = 512
    /// A boot makes some thousands; this bounds what a damaged count can ask for.
    static let entryLimit: UInt64 = 10_000_000

    public struct Entry: Sendable, Equatable {
        /// In bytes, on the disk.
        public let offset: UInt64
        public let count: UInt64
        public let isFlush: Bool
        /// The write itself waits for the medium.
        public let isForced: Bool
        public let isDiscard: Bool
        /// Where its data is in the log.
        let dataOffset: UInt64
    }

    public let path: String
    public let entries: [Entry]
    /// Indices of the entries that are flushes: the moments at which the guest relied on something.
    public let flushes: [Int]

    public init(reading path: String) throws(EmulatorError) {
        self.path = path
        let log = try LogFile(path, O_RDONLY)
        let header = try log.read(at: 0, count: 28)
        guard header.number(at: 0) == Self.magic, header.number(at: 8) == 1 else {
            throw .writeLog("\(path) does not begin like one")
        }
        let count = header.number(at: 16)
        guard count <= Self.entryLimit else { throw .writeLog("\(path) claims \(count) entries") }
        var entries: [Entry] = []
        var position = Self.sectorBytes
        for _ in 0..<count {
            let bytes = try log.read(at: position, count: 32)
            let flags = bytes.number(at: 16)
            let sectors = bytes.number(at: 8)
            guard sectors < 1 << 32, bytes.number(at: 0) < 1 << 40, flags < 32 else {
                throw .writeLog("\(path) is damaged at byte \(position)")
            }
            position += Self.sectorBytes
            let size = sectors * Self.sectorBytes
            entries.append(
                Entry(
                    offset: bytes.number(at: 0) * Self.sectorBytes, count: size, isFlush: flags & 1 != 0,
                    isForced: flags & 2 != 0, isDiscard: flags & 4 != 0, dataOffset: position))
            if flags & 4 == 0 { position += size }
        }
        self.entries = entries
        flushes = entries.indices.filter { entries[$0].isFlush }
    }

    /// Makes `output` the disk after a power cut somewhere between flush `index` and the next one.
    ///
    /// Everything up to the flush is there. Of what was written after it, up to a random moment, each write
    /// was lost, kept, or torn at a sector; a forced one (FUA) is kept. The same seed gives the same disk.
    /// - Parameter base: the disk as it was when the guest started.
    public func materialise(
        onto base: String, to output: String, afterFlush index: Int, seed: UInt64
    ) throws(EmulatorError) {
        guard flushes.indices.contains(index) else {
            throw .writeLog("there is no flush \(index); \(path) has \(flushes.count)")
        }
        unlink(output)
        try RunDisk.copy(base, to: output)
        let log = try LogFile(path, O_RDONLY)
        let disk = try LogFile(output, O_WRONLY)
        let durable = flushes[index]
        for entry in entries[0...durable] { try apply(entry, entry.count, log, disk) }
        let next = index + 1 < flushes.count ? flushes[index + 1] : entries.count
        var random = SplitMix64(state: seed &+ UInt64(index) &* 0x9e37_79b9)
        let cut = durable + 1 + Int(random.next() % UInt64(next - durable))
        for entry in entries[(durable + 1)..<max(durable + 1, cut)] {
            let fate = random.next() % 4
            let sectors = entry.count / Self.sectorBytes
            if entry.isForced || fate == 0 {
                try apply(entry, entry.count, log, disk)
            } else if fate == 1, sectors > 1 {
                try apply(entry, (1 + random.next() % (sectors - 1)) * Self.sectorBytes, log, disk)
            }
        }
    }

    /// Writes the first `count` bytes of an entry. What was discarded may read as anything; it is left as
    /// it was.
    private func apply(
        _ entry: Entry, _ count: UInt64, _ log: borrowing LogFile, _ disk: borrowing LogFile
    ) throws(EmulatorError) {
        guard !entry.isDiscard else { return }
        var done: UInt64 = 0
        while done < count {
            let size = Int(min(count - done, 1 << 20))
            try disk.write(
                try log.read(at: entry.dataOffset + done, count: size), at: entry.offset + done)
            done += UInt64(size)
        }
    }
}

/// A generator with a printable seed (Steele, Lea, Flood 2014).
struct SplitMix64 {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var value = state
        value = (value ^ value >> 30) &* 0xbf58_476d_1ce4_e5b9
        value = (value ^ value >> 27) &* 0x94d0_49bb_1331_11eb
        return value ^ value >> 31
    }
}

private struct LogFile: ~Copyable {
    let descriptor: Int32
    let path: String

    init(_ path: String, _ flags: Int32) throws(EmulatorError) {
        descriptor = open(path, flags | O_CLOEXEC)
        self.path = path
        if descriptor < 0 { throw .system(SystemError("open", path)) }
    }

    deinit { close(descriptor) }

    func read(at offset: UInt64, count: Int) throws(EmulatorError) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: count)
        guard pread(descriptor, &bytes, count, off_t(offset)) == count else {
            throw .writeLog("\(path) ends within an entry, at byte \(offset)")
        }
        return bytes
    }

    func write(_ bytes: [UInt8], at offset: UInt64) throws(EmulatorError) {
        guard pwrite(descriptor, bytes, bytes.count, off_t(offset)) == bytes.count else {
            throw .system(SystemError("write", path))
        }
    }
}

extension [UInt8] {
    fileprivate func number(at offset: Int) -> UInt64 {
        (0..<8).reduce(0) { $0 | UInt64(self[offset + $1]) << UInt64(8 * $1) }
    }
}
