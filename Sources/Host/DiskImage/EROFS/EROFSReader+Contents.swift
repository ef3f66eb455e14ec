extension EROFSReader {
    private static let blockSize = UInt64(EROFSFormat.blockSize)
    private static let pieceSize: UInt64 = 1 << 20
    /// The kernel's limit for what one cluster unpacks to is higher; nobody writes more.
    private static let clusterLimit: UInt64 = 1 << 20

    func read(
        _ inode: EROFSSource.Inode, _ receive: ([UInt8]) throws(DiskImageError) -> Void
    ) throws(DiskImageError) {
        guard inode.hasContent, inode.size > 0 else { return }
        switch inode.layout {
        case .plain: try readPlain(inode, count: inode.size, receive)
        case .inline:
            let tail = inode.size % Self.blockSize
            try readPlain(inode, count: inode.size - tail, receive)
            if tail > 0 {
                let position = inode.position + UInt64(inode.headSize)
                try receive(try source.bytes(at: position, count: Int(tail), image))
            }
        case .compressedFull: try readCompressed(inode, receive)
        case .compressedCompact, .chunkBased:
            throw source.corrupt("inode \(inode.number) has a layout that is not supported here")
        }
    }

    private func readPlain(
        _ inode: EROFSSource.Inode, count: UInt64, _ receive: ([UInt8]) throws(DiskImageError) -> Void
    ) throws(DiskImageError) {
        var done: UInt64 = 0
        while done < count {
            let piece = min(count - done, Self.pieceSize)
            let position = source.offset + UInt64(inode.address) * Self.blockSize + done
            try receive(try source.bytes(at: position, count: Int(piece), image))
            done += piece
        }
    }

    /// One run of 4 KiB pieces that are stored together.
    private struct Cluster {
        let pieces: UInt64
        let isPlain: Bool
        let address: UInt32
        let blocks: UInt64
    }

    private func readCompressed(
        _ inode: EROFSSource.Inode, _ receive: ([UInt8]) throws(DiskImageError) -> Void
    ) throws(DiskImageError) {
        let map = try source.map(inode, image)
        let total = inode.clusters
        let indexSize = UInt64(EROFSFormat.Map.indexSize)
        let indexEnd = map.indexStart + total * indexSize
        guard indexEnd <= source.end else {
            throw source.corrupt("a map of inode \(inode.number) is cut off")
        }
        let inflater = Inflater()
        var next: UInt64 = 0
        while next < total {
            let cluster = try cluster(inode, map, at: next, of: total)
            let count = min(cluster.pieces * Self.blockSize, inode.size - next * Self.blockSize)
            next += cluster.pieces
            let start = source.offset + UInt64(cluster.address) * Self.blockSize
            if cluster.isPlain {
                try receive(try source.bytes(at: start, count: Int(count), image))
                continue
            }
            let isInline = map.hasInlineTail && next == total
            let packed =
                isInline
                ? try source.bytes(at: indexEnd, count: map.inlineSize, image)
                : try source.bytes(at: start, count: Int(cluster.blocks * Self.blockSize), image)
            guard let bytes = inflater.inflate(packed.drop { $0 == 0 }, count: Int(count)) else {
                throw source.corrupt("a compressed cluster of inode \(inode.number) cannot be unpacked")
            }
            try receive(bytes)
        }
    }

    private func cluster(
        _ inode: EROFSSource.Inode, _ map: EROFSSource.Map, at first: UInt64, of total: UInt64
    ) throws(DiskImageError) -> Cluster {
        typealias Format = EROFSFormat.Map
        let count = min(total - first, Self.clusterLimit / Self.blockSize + 1)
        let size = Format.indexSize
        let position = map.indexStart + first * UInt64(size)
        let indexes = try source.bytes(at: position, count: Int(count) * size, image)
        guard let type = indexes.field(UInt16.self, at: 0), indexes.field(UInt16.self, at: 2) == 0,
            type == Format.typePlain || type == Format.typeHead,
            let address = indexes.field(UInt32.self, at: 4)
        else { throw source.corrupt("the map of inode \(inode.number) is wrong at \(first)") }
        if type == Format.typePlain { return Cluster(pieces: 1, isPlain: true, address: address, blocks: 1) }
        var pieces = 1
        while pieces < Int(count), indexes.field(UInt16.self, at: pieces * size) == Format.typeFollowing {
            pieces += 1
        }
        var blocks: UInt64 = 1
        if pieces > 1, let field = indexes.field(UInt16.self, at: size + 4) {
            blocks = UInt64(field & ~Format.blockCountFlag)
            guard field & Format.blockCountFlag != 0, blocks > 0, blocks <= Self.clusterLimit / Self.blockSize
            else { throw source.corrupt("the map of inode \(inode.number) is wrong at \(first)") }
        }
        return Cluster(pieces: UInt64(pieces), isPlain: false, address: address, blocks: blocks)
    }
}
