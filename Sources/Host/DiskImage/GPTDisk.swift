import HostSystem

/// A partition table (GPT, UEFI 2.10 chapter 5), laid out so that equal requests give equal bytes.
///
///     sector 0        protective MBR
///     sector 1        header              ─┐ primary
///     sectors 2…33    128 entries of 128 B ─┘
///     1 MiB           first partition; each starts at a multiple of 1 MiB
///     …
///     last 33         entries, header        backup
public struct GPTDisk: Sendable, Equatable {
    public struct Partition: Sendable, Equatable {
        public let label: String
        public let type: ImageUUID
        public let uniqueID: ImageUUID
        /// In bytes from the start of the disk.
        public let offset: UInt64
        public let size: UInt64
    }

    /// A partition that is to be laid out; its size is rounded up to 1 MiB.
    public struct Request: Sendable, Equatable {
        public let label: String
        public let type: ImageUUID
        public let size: UInt64

        public init(label: String, type: ImageUUID = .linuxData, size: UInt64) {
            self.label = label
            self.type = type
            self.size = size
        }
    }

    public static let sectorSize: UInt64 = 512
    /// What flash and SSDs like, and what every partitioning tool does.
    public static let alignment: UInt64 = 1 << 20
    static let entryCount = 128
    static let entrySize = 128
    /// The longest name an entry holds, in UTF-16 units.
    static let labelLimit = 36
    /// Header and entries at each end.
    static let tableSectors: UInt64 = 33

    public let uniqueID: ImageUUID
    /// Size of the whole disk in bytes.
    public let size: UInt64
    public let partitions: [Partition]

    /// Lays the partitions out one after the other.
    /// - Parameter seed: every unique GUID is derived from it and the partition's label.
    public init(seed: String, partitions requests: [Request]) throws(DiskImageError) {
        guard requests.count <= Self.entryCount else {
            throw .invalidLayout(reason: "\(requests.count) partitions; a GPT holds \(Self.entryCount)")
        }
        var next = Self.alignment
        var partitions: [Partition] = []
        for request in requests {
            let length = request.label.utf16.count
            guard length > 0, length <= Self.labelLimit else {
                throw .invalidLayout(reason: "the label “\(request.label)” does not have 1…36 characters")
            }
            guard !partitions.contains(where: { $0.label == request.label }) else {
                throw .invalidLayout(reason: "two partitions are called \(request.label)")
            }
            guard request.size > 0, request.size < 1 << 50 else {
                throw .invalidLayout(reason: "\(request.label) cannot have \(request.size) bytes")
            }
            let size = request.size.roundedUp(to: Self.alignment)
            partitions.append(
                Partition(
                    label: request.label, type: request.type,
                    uniqueID: ImageUUID(seed: "\(seed)/partition/\(request.label)"), offset: next, size: size
                ))
            next += size
        }
        self.init(
            uniqueID: ImageUUID(seed: "\(seed)/disk"), size: next + Self.alignment, partitions: partitions)
    }

    init(uniqueID: ImageUUID, size: UInt64, partitions: [Partition]) {
        self.uniqueID = uniqueID
        self.size = size
        self.partitions = partitions
    }

    public subscript(label: String) -> Partition? { partitions.first { $0.label == label } }

    /// Writes the tables at both ends and sets the file's length; what lies between is left alone.
    public func write(to output: borrowing OutputFile) throws(DiskImageError) {
        let last = size / Self.sectorSize - 1
        let entries = encodedEntries
        let primary = header(at: 1, other: last, entriesAt: 2, entries: entries)
        let backup = header(at: last, other: 1, entriesAt: last - 32, entries: entries)
        do {
            try output.truncate(to: size)
            try output.write(protectiveMBR + primary + entries, at: 0)
            try output.write(entries + backup, at: (last - 32) * Self.sectorSize)
        } catch {
            throw .system(error)
        }
    }

    /// One partition of type 0xEE over the whole disk, so that old tools keep their hands off.
    private var protectiveMBR: [UInt8] {
        var sector = [UInt8](repeating: 0, count: 446)
        sector += [0, 0x00, 0x02, 0x00, 0xee, 0xff, 0xff, 0xff]
        sector.append(littleEndian: UInt32(1))
        sector.append(littleEndian: UInt32(min(size / Self.sectorSize - 1, UInt64(UInt32.max))))
        sector.pad(to: 510)
        return sector + [0x55, 0xaa]
    }

    /// Type GUID, unique GUID, first and last sector, attributes, name in UTF-16.
    private var encodedEntries: [UInt8] {
        var bytes: [UInt8] = []
        for partition in partitions {
            let start = bytes.count
            bytes += partition.type.mixedEndian + partition.uniqueID.mixedEndian
            bytes.append(littleEndian: partition.offset / Self.sectorSize)
            bytes.append(littleEndian: (partition.offset + partition.size) / Self.sectorSize - 1)
            bytes.append(littleEndian: UInt64(0))
            for unit in partition.label.utf16 { bytes.append(littleEndian: unit) }
            bytes.pad(to: start + Self.entrySize)
        }
        bytes.pad(to: Self.entryCount * Self.entrySize)
        return bytes
    }

    /// "EFI PART", revision, header size, CRC of the header, its own and the other header's sector, usable
    /// sectors, disk GUID, where the entries are, how many, how large, and their CRC.
    private func header(at own: UInt64, other: UInt64, entriesAt: UInt64, entries: [UInt8]) -> [UInt8] {
        var bytes = Array("EFI PART".utf8)
        bytes.append(littleEndian: UInt32(0x0001_0000))
        bytes.append(littleEndian: UInt32(92))
        bytes.append(littleEndian: UInt64(0))
        bytes.append(littleEndian: own)
        bytes.append(littleEndian: other)
        bytes.append(littleEndian: UInt64(1 + Self.tableSectors))
        bytes.append(littleEndian: size / Self.sectorSize - 1 - Self.tableSectors)
        bytes += uniqueID.mixedEndian
        bytes.append(littleEndian: entriesAt)
        bytes.append(littleEndian: UInt32(Self.entryCount))
        bytes.append(littleEndian: UInt32(Self.entrySize))
        bytes.append(littleEndian: Checksum.crc32(entries))
        bytes.store(littleEndian: Checksum.crc32(bytes), at: 16)
        bytes.pad(to: Int(Self.sectorSize))
        return bytes
    }
}

extension ImageUUID {
    /// EFI system partition.
    public static let efiSystem = ImageUUID("c12a7328-f81f-11d2-ba4b-00a0c93ec93b")!
    /// "Linux filesystem data", also right for partitions of our own that no other system should touch.
    public static let linuxData = ImageUUID("0fc63daf-8483-4772-8e79-3d69d8477de4")!
}
