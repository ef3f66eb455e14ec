import Foundation
import Testing

/// Whole images, judged by programs that we did not write and booted in QEMU.
///
/// One after the other: a boot takes both processors of a small machine. Those tests that start many guests
/// run as many of them at once as there are processors.
@Suite(.serialized) enum DeviceTests {
    /// `make torture`: the long numbers.
    static let isTorture = ProcessInfo.processInfo.environment["AMOS_TORTURE"] == "1"

    static func count(_ ordinary: Int, torture: Int) -> Int { isTorture ? torture : ordinary }
}

/// Choices that can be repeated: `AMOS_SEED` sets the seed, every failure prints it.
struct SeededGenerator: RandomNumberGenerator {
    static let seed =
        ProcessInfo.processInfo.environment["AMOS_SEED"].flatMap { UInt64($0) } ?? .random(in: 0..<1_000_000)

    private var state: UInt64

    /// - Parameter stream: tests and their iterations do not share random numbers.
    init(stream: Int) { state = Self.seed &* 1_000_003 &+ UInt64(stream) }

    /// SplitMix64 (Steele, Lea, Flood 2014).
    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var value = state
        value = (value ^ value >> 30) &* 0xbf58_476d_1ce4_e5b9
        value = (value ^ value >> 27) &* 0x94d0_49bb_1331_11eb
        return value ^ value >> 31
    }
}
