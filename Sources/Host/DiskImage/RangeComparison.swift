import Foundation

/// How two ranges of images differ, byte by byte. Holes are zeros, and where both images have one nothing is
/// read.
public struct RangeComparison: Sendable, Equatable {
    public private(set) var differingBytes: UInt64 = 0
    /// Counted from the start of the ranges.
    public private(set) var firstDifference: UInt64?

    private static let pieceSize: UInt64 = 1 << 20
    private static let pageSize = 4096
    /// `SEEK_DATA` of Linux, which the C library's headers only show with _GNU_SOURCE.
    private static let seekData: Int32 = 3

    public init(
        _ first: borrowing InputFile, at firstStart: UInt64, _ second: borrowing InputFile,
        at secondStart: UInt64, count: UInt64
    ) throws(DiskImageError) {
        var position: UInt64 = 0
        while position < count {
            let next = min(
                Self.nextData(first, firstStart + position, firstStart + count) - firstStart,
                Self.nextData(second, secondStart + position, secondStart + count) - secondStart)
            guard next < count else { break }
            let size = Int(min(Self.pieceSize, count - next))
            let one = try first.bytes(at: firstStart + next, count: size)
            let other = try second.bytes(at: secondStart + next, count: size)
            // Arrays compare at the speed of memory.
            if one != other { note(one, other, at: next) }
            position = next + UInt64(size)
        }
    }

    /// Whether a range holds nothing but zeros.
    public static func isEmpty(
        _ image: borrowing InputFile, at start: UInt64, count: UInt64
    ) throws(DiskImageError) -> Bool {
        let zeros = [UInt8](repeating: 0, count: Int(pieceSize))
        var position = nextData(image, start, start + count)
        while position < start + count {
            let piece = try image.bytes(at: position, count: Int(min(pieceSize, start + count - position)))
            if piece != (piece.count == zeros.count ? zeros : Array(zeros[..<piece.count])) { return false }
            position = nextData(image, position + UInt64(piece.count), start + count)
        }
        return true
    }

    private mutating func note(_ one: [UInt8], _ other: [UInt8], at position: UInt64) {
        for page in stride(from: 0, to: one.count, by: Self.pageSize) {
            let range = page..<min(page + Self.pageSize, one.count)
            guard one[range] != other[range] else { continue }
            for index in range where one[index] != other[index] {
                differingBytes += 1
                if firstDifference == nil { firstDifference = position + UInt64(index) }
            }
        }
    }

    /// The next byte that may not be zero; `end` if there is none.
    private static func nextData(_ image: borrowing InputFile, _ from: UInt64, _ end: UInt64) -> UInt64 {
        let found = lseek(image.descriptor, off_t(from), seekData)
        if found < 0 { return errno == ENXIO ? end : from }
        return min(max(UInt64(found), from), end)
    }
}
