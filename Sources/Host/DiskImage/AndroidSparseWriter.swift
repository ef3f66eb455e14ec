import HostSystem

/// Writes an image in Android's sparse format (AOSP: system/core/libsparse/sparse_format.h): what `fastboot`
/// takes, and how the pristine data file system travels in the boot image.
///
///     file header   magic.4  1.2  0.2  header size.2  chunk header size.2  block size.4  blocks.4
///                   chunks.4  0.4
///     chunk         type.2  0.2  blocks.4  size with header.4  then
///                     raw:        the blocks
///                     fill:       4 bytes that repeat
///                     don't care: nothing
public struct AndroidSparseWriter {
    /// What stands for blocks of zeros.
    public enum Zeros: Sendable {
        /// Written on the target: right for a partition that was in use.
        case written
        /// Left alone on the target: right for one that is known to be empty.
        case skipped
    }

    private static let blockSize: UInt64 = 4096
    private let zeros: Zeros

    public init(zeros: Zeros = .written) {
        self.zeros = zeros
    }

    public func write(_ source: String, to output: borrowing OutputFile) throws(DiskImageError) {
        let image = try InputFile(source)
        let writer = RegionWriter(output, at: 0)
        var state = State(writer: writer, zeros: zeros)
        try writer.append([UInt8](repeating: 0, count: 28))
        var extents = DataExtents(image)
        var position: UInt64 = 0
        while let extent = try extents.next() {
            let start = max(position, extent.lowerBound / Self.blockSize * Self.blockSize)
            let end = min(extent.upperBound.roundedUp(to: Self.blockSize), image.size)
            state.pendingZeros += (start - position) / Self.blockSize
            position = start
            while position < end {
                let piece = try image.bytes(at: position, count: Int(min(1 << 20, end - position)))
                try state.append(piece)
                position += UInt64(piece.count)
            }
        }
        let blocks = image.size.roundedUp(to: Self.blockSize) / Self.blockSize
        if state.blocks + state.pendingZeros < blocks { state.pendingZeros = blocks - state.blocks }
        try state.flushZeros()
        try writer.finish()
        try writeHeader(blocks: state.blocks, chunks: state.chunks, to: output)
    }

    private func writeHeader(
        blocks: UInt64, chunks: UInt32, to output: borrowing OutputFile
    ) throws(DiskImageError) {
        guard let blocks = UInt32(exactly: blocks) else {
            throw .tooLarge(what: "the sparse image", size: blocks * Self.blockSize, limit: 1 << 44)
        }
        var header: [UInt8] = []
        header.append(littleEndian: UInt32(0xed26_ff3a))
        for field in [1, 0, 28, 12] as [UInt16] { header.append(littleEndian: field) }
        for field in [UInt32(Self.blockSize), blocks, chunks, 0] { header.append(littleEndian: field) }
        do { try output.write(header, at: 0) } catch { throw .system(error) }
    }

    /// The chunks so far; zeros are held back until it is known how many follow one another.
    private struct State {
        let writer: RegionWriter
        let zeros: Zeros
        var pendingZeros: UInt64 = 0
        var blocks: UInt64 = 0
        var chunks: UInt32 = 0

        mutating func append(_ piece: [UInt8]) throws(DiskImageError) {
            var padded = piece
            padded.pad(to: piece.count.roundedUp(to: Int(blockSize)))
            let step = Int(blockSize)
            var start = 0
            while start < padded.count {
                var end = start
                while end < padded.count, !isZero(padded[end..<end + step]) { end += step }
                if end > start {
                    try flushZeros()
                    try chunk(type: 0xcac1, blocks: UInt64((end - start) / step), payload: end - start)
                    try writer.append(Array(padded[start..<end]))
                } else {
                    pendingZeros += 1
                    end += step
                }
                start = end
            }
        }

        mutating func flushZeros() throws(DiskImageError) {
            guard pendingZeros > 0 else { return }
            switch zeros {
            case .written:
                try chunk(type: 0xcac2, blocks: pendingZeros, payload: 4)
                try writer.append([0, 0, 0, 0])
            case .skipped:
                try chunk(type: 0xcac3, blocks: pendingZeros, payload: 0)
            }
            pendingZeros = 0
        }

        private mutating func chunk(type: UInt16, blocks: UInt64, payload: Int) throws(DiskImageError) {
            var header: [UInt8] = []
            header.append(littleEndian: type)
            header.append(littleEndian: UInt16(0))
            header.append(littleEndian: UInt32(truncatingIfNeeded: blocks))
            header.append(littleEndian: UInt32(payload + 12))
            try writer.append(header)
            chunks += 1
            self.blocks += blocks
        }

        private func isZero(_ block: ArraySlice<UInt8>) -> Bool {
            block.withUnsafeBytes { DiskImage.isZero($0[...]) }
        }
    }
}
