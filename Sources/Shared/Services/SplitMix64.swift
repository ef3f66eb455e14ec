/// Where jitter comes from: a seed gives the same numbers on every machine, so a simulated run can be
/// repeated, and one word is the whole state, so that it survives a re-exec.
///
/// Source: Steele, Lea, Flood: "Fast splittable pseudorandom number generators" (OOPSLA 2014).
struct SplitMix64: Equatable, Sendable {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var word = state
        word = (word ^ (word >> 30)) &* 0xbf58_476d_1ce4_e5b9
        word = (word ^ (word >> 27)) &* 0x94d0_49bb_1331_11eb
        return word ^ (word >> 31)
    }

    /// Between 0 and `limit`, both included. The modulo's bias is below 2⁻³⁰ for delays.
    mutating func upTo(_ limit: UInt64) -> UInt64 {
        let word = next()
        return limit == .max ? word : word % (limit + 1)
    }
}
