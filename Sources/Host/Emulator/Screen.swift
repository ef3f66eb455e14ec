import Foundation

/// What the handset's display shows: read from QEMU's screen dump.
public struct Screen: Sendable, Equatable {
    public let width: Int
    public let height: Int
    /// Of the pixels, how many have the commonest colour.
    public let commonestCount: Int

    /// One colour from edge to edge, apart from a blinking cursor's worth of pixels.
    public var isBlank: Bool { width * height - commonestCount < 64 }

    public init(width: Int, height: Int, commonestCount: Int) {
        self.width = width
        self.height = height
        self.commonestCount = commonestCount
    }

    /// From a binary PPM (netpbm, `P6 WIDTH HEIGHT 255` and three bytes per pixel), which is all that QEMU
    /// writes.
    public init?(ppm bytes: [UInt8]) {
        var position = 0
        func word() -> String? {
            while position < bytes.count, bytes[position] <= 0x20 { position += 1 }
            let start = position
            while position < bytes.count, bytes[position] > 0x20 { position += 1 }
            return start < position ? String(decoding: bytes[start..<position], as: UTF8.self) : nil
        }
        guard word() == "P6", let width = word().flatMap({ Int($0) }),
            let height = word().flatMap({ Int($0) }),
            word() == "255", (1...16_384).contains(width), (1...16_384).contains(height),
            bytes.count == position + 1 + 3 * width * height
        else { return nil }
        position += 1
        var counts: [UInt32: Int] = [:]
        var last: UInt32 = 0
        var run = 0
        for index in stride(from: position, to: bytes.count, by: 3) {
            let colour = UInt32(bytes[index]) << 16 | UInt32(bytes[index + 1]) << 8 | UInt32(bytes[index + 2])
            if colour == last {
                run += 1
            } else {
                counts[last, default: 0] += run
                last = colour
                run = 1
            }
        }
        counts[last, default: 0] += run
        self.init(width: width, height: height, commonestCount: counts.values.max() ?? 0)
    }
}
