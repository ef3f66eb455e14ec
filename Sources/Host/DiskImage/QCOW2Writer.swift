import HostSystem

/// Writes a raw image as qcow2, version 3 (QEMU: docs/interop/qcow2.txt), with the clusters that hold data
/// only.
///
///     cluster 0   header
///     1…          data, in the order of the disk
///     then        L2 tables: 8192 × where a cluster's data is
///                 L1 table:  where the L2 tables are
///                 refcount blocks: 32768 × 1, refcount table: where they are
///
/// Clusters have 64 KiB, fields are big-endian, everything is used exactly once.
public struct QCOW2Writer {
    private static let clusterSize: UInt64 = 65_536
    private static let entriesPerL2: UInt64 = clusterSize / 8
    private static let countsPerBlock: UInt64 = clusterSize / 2
    /// "The reference count is exactly one."
    private static let copied: UInt64 = 1 << 63

    public init() {}

    public func write(_ source: String, to output: borrowing OutputFile) throws(DiskImageError) {
        let image = try InputFile(source)
        let size = image.size.roundedUp(to: 512)
        let writer = RegionWriter(output, at: 0)
        try writer.append([0])
        try writer.pad(to: Int(Self.clusterSize))
        var tables = try writeData(image, writer)
        let l1 = try writeL2(&tables, virtualSize: size, writer)
        let l1Offset = writer.offset
        try append(l1, writer)
        let refcounts = try writeRefcounts(writer)
        try writer.finish()
        let header = header(
            size: size, l1Entries: l1.count, l1Offset: l1Offset, refcountsAt: refcounts.offset,
            refcountClusters: refcounts.clusters)
        do { try output.write(header, at: 0) } catch { throw .system(error) }
    }

    /// Where the data of each virtual cluster is, by L2 table.
    private func writeData(
        _ image: borrowing InputFile, _ writer: RegionWriter
    ) throws(DiskImageError) -> [UInt64: [UInt64]] {
        var tables: [UInt64: [UInt64]] = [:]
        var extents = DataExtents(image)
        var next: UInt64 = 0
        while let extent = try extents.next() {
            next = max(next, extent.lowerBound / Self.clusterSize)
            while next * Self.clusterSize < extent.upperBound {
                let start = next * Self.clusterSize
                let bytes = try image.bytes(at: start, count: Int(min(Self.clusterSize, image.size - start)))
                if !bytes.withUnsafeBytes({ isZero($0[...]) }) {
                    let empty = [UInt64](repeating: 0, count: Int(Self.entriesPerL2))
                    let place = writer.offset | Self.copied
                    tables[next / Self.entriesPerL2, default: empty][Int(next % Self.entriesPerL2)] = place
                    try writer.append(bytes)
                    try writer.pad(to: Int(Self.clusterSize))
                }
                next += 1
            }
        }
        return tables
    }

    private func writeL2(
        _ tables: inout [UInt64: [UInt64]], virtualSize: UInt64, _ writer: RegionWriter
    ) throws(DiskImageError) -> [UInt64] {
        let coverage = Self.clusterSize * Self.entriesPerL2
        var l1 = [UInt64](repeating: 0, count: Int((virtualSize + coverage - 1) / coverage))
        for index in l1.indices {
            guard let table = tables[UInt64(index)] else { continue }
            l1[index] = writer.offset | Self.copied
            try append(table, writer)
        }
        return l1
    }

    /// Every cluster up to the end of the file is used once, those of the refcounts included.
    private func writeRefcounts(
        _ writer: RegionWriter
    ) throws(DiskImageError) -> (offset: UInt64, clusters: UInt64) {
        let used = writer.offset / Self.clusterSize
        var blocks: UInt64 = 0
        var tableClusters: UInt64 = 0
        while true {
            let total = used + blocks + tableClusters
            let wantedBlocks = (total + Self.countsPerBlock - 1) / Self.countsPerBlock
            let wantedTable = (wantedBlocks * 8 + Self.clusterSize - 1) / Self.clusterSize
            if wantedBlocks == blocks, wantedTable == tableClusters { break }
            (blocks, tableClusters) = (wantedBlocks, wantedTable)
        }
        var table: [UInt64] = []
        var left = used + blocks + tableClusters
        for _ in 0..<blocks {
            table.append(writer.offset)
            var counts: [UInt8] = []
            for _ in 0..<min(left, Self.countsPerBlock) { counts += [0, 1] }
            left -= UInt64(counts.count / 2)
            try writer.append(counts)
            try writer.pad(to: Int(Self.clusterSize))
        }
        let offset = writer.offset
        try append(table, writer)
        return (offset, tableClusters)
    }

    private func append(_ table: [UInt64], _ writer: RegionWriter) throws(DiskImageError) {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(table.count * 8)
        for entry in table { bytes.append(littleEndian: entry.byteSwapped) }
        try writer.append(bytes)
        try writer.pad(to: Int(Self.clusterSize))
    }

    private func header(
        size: UInt64, l1Entries: Int, l1Offset: UInt64, refcountsAt: UInt64, refcountClusters: UInt64
    ) -> [UInt8] {
        var bytes = Array("QFI".utf8) + [0xfb]
        func append(_ values: UInt32...) {
            for value in values { bytes.append(littleEndian: value.byteSwapped) }
        }
        func append(_ values: UInt64...) {
            for value in values { bytes.append(littleEndian: value.byteSwapped) }
        }
        append(UInt32(3))  // version
        append(UInt64(0))  // no backing file
        append(UInt32(0), UInt32(16))  // its name's length; cluster size as a power of two
        append(size)
        append(UInt32(0), UInt32(l1Entries))  // no encryption
        append(l1Offset, refcountsAt)
        append(UInt32(refcountClusters), UInt32(0))  // no snapshots
        append(UInt64(0), UInt64(0), UInt64(0), UInt64(0))  // their table; features of three kinds
        append(UInt32(4), UInt32(104))  // refcounts of 16 bits; length of this header
        append(UInt64(0))  // no extensions
        return bytes
    }
}
