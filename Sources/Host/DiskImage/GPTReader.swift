extension GPTDisk {
    /// Reads the primary table and checks it against its checksums; every partition lies within the disk.
    public init(reading image: borrowing InputFile) throws(DiskImageError) {
        let header = try Self.checkedHeader(image)
        let path = image.path
        guard let entriesAt = header.field(UInt64.self, at: 72),
            let count = header.field(UInt32.self, at: 80), let size = header.field(UInt32.self, at: 84),
            let checksum = header.field(UInt32.self, at: 88)
        else { throw .corrupt(image: path, reason: "the partition table's header is cut off") }
        guard count <= 1024, size == UInt32(Self.entrySize), entriesAt < 1 << 40 else {
            throw .corrupt(image: path, reason: "\(count) partition entries of \(size) bytes")
        }
        let entries = try image.bytes(at: entriesAt * Self.sectorSize, count: Int(count) * Self.entrySize)
        guard Checksum.crc32(entries) == checksum else {
            throw .corrupt(image: path, reason: "the checksum of the partition entries is wrong")
        }
        var partitions: [Partition] = []
        for start in stride(from: 0, to: entries.count, by: Self.entrySize) {
            let entry = Array(entries[start..<start + Self.entrySize])
            if let partition = try Self.partition(entry, image) { partitions.append(partition) }
        }
        self.init(
            uniqueID: ImageUUID(mixedEndian: header[56..<72]), size: image.size, partitions: partitions)
    }

    /// The first sector of the header, its own checksum verified.
    private static func checkedHeader(_ image: borrowing InputFile) throws(DiskImageError) -> [UInt8] {
        let header = try image.bytes(at: sectorSize, count: Int(sectorSize))
        guard header.starts(with: "EFI PART".utf8) else {
            throw .corrupt(image: image.path, reason: "it has no GPT partition table")
        }
        guard let length = header.field(UInt32.self, at: 12), length >= 92, length <= 512,
            let checksum = header.field(UInt32.self, at: 16)
        else { throw .corrupt(image: image.path, reason: "the partition table's header has a wrong size") }
        var covered = Array(header[..<Int(length)])
        covered.store(littleEndian: UInt32(0), at: 16)
        guard Checksum.crc32(covered) == checksum else {
            throw .corrupt(image: image.path, reason: "the checksum of the partition table's header is wrong")
        }
        return header
    }

    private static func partition(
        _ entry: [UInt8], _ image: borrowing InputFile
    ) throws(DiskImageError) -> Partition? {
        guard entry[..<16].contains(where: { $0 != 0 }) else { return nil }
        let units = stride(from: 56, to: 128, by: 2).compactMap { entry.field(UInt16.self, at: $0) }
        let label = String(decoding: units.prefix { $0 != 0 }, as: UTF16.self)
        let sectors = image.size / sectorSize
        guard let first = entry.field(UInt64.self, at: 32), let last = entry.field(UInt64.self, at: 40),
            first <= last, last < sectors
        else { throw .corrupt(image: image.path, reason: "partition \(label) lies outside the disk") }
        return Partition(
            label: label, type: ImageUUID(mixedEndian: entry[0..<16]),
            uniqueID: ImageUUID(mixedEndian: entry[16..<32]), offset: first * sectorSize,
            size: (last - first + 1) * sectorSize)
    }
}
