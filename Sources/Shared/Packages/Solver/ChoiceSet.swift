/// A set of what can become of one package: choice 0 is that it is not installed, choice n its n-th oldest
/// release.
struct ChoiceSet: Equatable, Sendable {
    /// Two machine words; a repository that offers more releases of one package than this is not searched to
    /// its oldest ones.
    static let releaseLimit = 127

    private var low: UInt64
    private var high: UInt64

    static let none = ChoiceSet(low: 0, high: 0)
    static let absent = ChoiceSet(low: 1, high: 0)

    private init(low: UInt64, high: UInt64) { (self.low, self.high) = (low, high) }

    /// One choice.
    init(_ choice: Int) {
        low = choice < 64 ? 1 << UInt64(choice) : 0
        high = choice < 64 ? 0 : 1 << UInt64(choice - 64)
    }

    /// Absence and that many releases.
    static func all(releases: Int) -> ChoiceSet {
        let count = UInt64(releases + 1)
        if count < 64 { return ChoiceSet(low: 1 << count - 1, high: 0) }
        return ChoiceSet(low: .max, high: count >= 128 ? .max : 1 << (count - 64) - 1)
    }

    var isEmpty: Bool { low | high == 0 }

    var hasAbsence: Bool { low & 1 != 0 }

    var count: Int { low.nonzeroBitCount + high.nonzeroBitCount }

    func contains(_ choice: Int) -> Bool { !intersection(ChoiceSet(choice)).isEmpty }

    func isSubset(of other: ChoiceSet) -> Bool { low & ~other.low | high & ~other.high == 0 }

    func isDisjoint(with other: ChoiceSet) -> Bool { low & other.low | high & other.high == 0 }

    func intersection(_ other: ChoiceSet) -> ChoiceSet {
        ChoiceSet(low: low & other.low, high: high & other.high)
    }

    func union(_ other: ChoiceSet) -> ChoiceSet { ChoiceSet(low: low | other.low, high: high | other.high) }

    func subtracting(_ other: ChoiceSet) -> ChoiceSet {
        ChoiceSet(low: low & ~other.low, high: high & ~other.high)
    }

    mutating func insert(_ choice: Int) { self = union(ChoiceSet(choice)) }

    /// The newest release in it; nil: none but perhaps absence.
    var newest: Int? {
        if high != 0 { return 127 - high.leadingZeroBitCount }
        let releases = low & ~1
        return releases == 0 ? nil : 63 - releases.leadingZeroBitCount
    }

    /// The releases in it, oldest first.
    var releases: [Int] {
        var releases: [Int] = []
        for choice in 1..<128 where contains(choice) { releases.append(choice) }
        return releases
    }
}
