@testable import Services

/// The machine's own generator, for tests: fast, with a printable seed.
struct Seeded: RandomNumberGenerator {
    var source: SplitMix64

    init(state: UInt64) { source = SplitMix64(state: state) }

    mutating func next() -> UInt64 { source.next() }
    mutating func chance(_ percent: Int) -> Bool { pick(100) < percent }
    mutating func upTo(_ limit: UInt64) -> UInt64 { source.upTo(limit) }
    mutating func pick(_ limit: Int) -> Int { Int(source.upTo(UInt64(limit - 1))) }
}
