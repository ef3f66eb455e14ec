import HostSystem

/// The index of an unpacked package: read on every build, so it is laid out to be read in one pass.
///
///      0  magic "AMOSPKG1"
///      8  u32 number of records N        12  u32 bytes of text T
///     16  N records of 80 bytes:
///          0 u64 size        8 i64 modification time   16 u32 user      20 u32 group
///         24 u32 path offset 28 u32 target offset      32 u16 path size 34 u16 target size
///         36 u16 mode        38 u8 kind                39 u8 0          40 32 bytes SHA-256
///         72 u32 number of the stored file, or major   76 u32 minor
///     16 + 80 N  T bytes of text (UTF-8), to which the offsets refer; then the file ends
///
/// Little-endian. Kinds: 0 directory, 1 file, 2 symbolic link, 3 hard link, 4 character device, 5 block
/// device, 6 fifo.
enum UnpackedIndex {
    static let magic = Array("AMOSPKG1".utf8)
    static let headerSize = 16
    static let recordSize = 80

    /// What is written for one entry; `number` names the stored file.
    struct Record {
        var entry: UnpackedPackage.Entry
        var number: UInt32
    }

    static func isWhole(_ bytes: UnsafeRawBufferPointer) -> Bool {
        guard bytes.count >= headerSize, bytes.prefix(8).elementsEqual(magic) else { return false }
        let count = Int(bytes.loadUnaligned(fromByteOffset: 8, as: UInt32.self).littleEndian)
        let text = Int(bytes.loadUnaligned(fromByteOffset: 12, as: UInt32.self).littleEndian)
        return bytes.count == headerSize + count * recordSize + text
    }

    static func write(_ records: [Record]) -> [UInt8] {
        var text: [UInt8] = []
        var body: [UInt8] = []
        body.reserveCapacity(records.count * recordSize)
        for record in records {
            let entry = record.entry
            let (kind, target, first, second, digest) = Self.parts(record)
            body.append(littleEndian: entry.size)
            body.append(littleEndian: UInt64(bitPattern: entry.modificationTime))
            body.append(littleEndian: entry.userID)
            body.append(littleEndian: entry.groupID)
            body.append(littleEndian: UInt32(text.count))
            text += entry.path.utf8
            body.append(littleEndian: UInt32(text.count))
            text += target.utf8
            body.append(littleEndian: UInt16(entry.path.utf8.count))
            body.append(littleEndian: UInt16(target.utf8.count))
            body.append(littleEndian: entry.mode)
            body += [kind, 0]
            body += digest
            body.append(littleEndian: first)
            body.append(littleEndian: second)
        }
        var bytes = magic
        bytes.append(littleEndian: UInt32(records.count))
        bytes.append(littleEndian: UInt32(text.count))
        return bytes + body + text
    }

    private static func parts(
        _ record: Record
    ) -> (kind: UInt8, target: String, first: UInt32, second: UInt32, digest: [UInt8]) {
        let none = [UInt8](repeating: 0, count: 32)
        switch record.entry.kind {
        case .directory: return (0, "", 0, 0, none)
        case .file(_, _, let digest): return (1, "", record.number, 0, digest.bytes)
        case .symbolicLink(let target): return (2, target, 0, 0, none)
        case .hardLink(let target): return (3, target, 0, 0, none)
        case .characterDevice(let major, let minor): return (4, "", major, minor, none)
        case .blockDevice(let major, let minor): return (5, "", major, minor, none)
        case .fifo: return (6, "", 0, 0, none)
        }
    }

    /// nil if the bytes are not a whole index.
    static func read(_ bytes: UnsafeRawBufferPointer, folder: String) -> [UnpackedPackage.Entry]? {
        guard isWhole(bytes) else { return nil }
        let count = Int(bytes.loadUnaligned(fromByteOffset: 8, as: UInt32.self).littleEndian)
        let text = UnsafeRawBufferPointer(rebasing: bytes[(headerSize + count * recordSize)...])
        let files = folder + "/files/"
        var entries: [UnpackedPackage.Entry] = []
        entries.reserveCapacity(count)
        for number in 0..<count {
            let start = headerSize + number * recordSize
            let record = UnsafeRawBufferPointer(rebasing: bytes[start..<start + recordSize])
            guard let entry = entry(record, text: text, files: files) else { return nil }
            entries.append(entry)
        }
        return entries
    }

    private static func entry(
        _ record: UnsafeRawBufferPointer, text: UnsafeRawBufferPointer, files: String
    ) -> UnpackedPackage.Entry? {
        func u32(_ offset: Int) -> UInt32 {
            record.loadUnaligned(fromByteOffset: offset, as: UInt32.self).littleEndian
        }
        func u16(_ offset: Int) -> UInt16 {
            record.loadUnaligned(fromByteOffset: offset, as: UInt16.self).littleEndian
        }
        func string(_ offset: UInt32, _ size: UInt16) -> String? {
            guard Int(offset) + Int(size) <= text.count else { return nil }
            return String(decoding: text[Int(offset)..<Int(offset) + Int(size)], as: UTF8.self)
        }
        let size = record.loadUnaligned(fromByteOffset: 0, as: UInt64.self).littleEndian
        guard let path = string(u32(24), u16(32)), let target = string(u32(28), u16(34)) else { return nil }
        let kind: UnpackedPackage.Kind
        switch record[38] {
        case 0: kind = .directory
        case 1:
            kind = .file(
                storedPath: files + String(u32(72)), size: size,
                digest: SHA256Digest(bytes: Array(record[40..<72])))
        case 2: kind = .symbolicLink(target: target)
        case 3: kind = .hardLink(to: target)
        case 4: kind = .characterDevice(major: u32(72), minor: u32(76))
        case 5: kind = .blockDevice(major: u32(72), minor: u32(76))
        case 6: kind = .fifo
        default: return nil
        }
        return UnpackedPackage.Entry(
            path: path, kind: kind, mode: u16(36), userID: u32(16), groupID: u32(20),
            modificationTime: Int64(littleEndian: record.loadUnaligned(fromByteOffset: 8, as: Int64.self)))
    }
}

extension [UInt8] {
    fileprivate mutating func append(littleEndian value: some FixedWidthInteger) {
        Swift.withUnsafeBytes(of: value.littleEndian) { append(contentsOf: $0) }
    }
}
