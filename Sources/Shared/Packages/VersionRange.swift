import Wire

/// An interval of versions in their order, and nothing cleverer: a pre-release lies in a range if it lies
/// between its bounds.
///
///     range      = "*" / comparator [ " " comparator ]
///     comparator = ( "=" / ">" / ">=" / "<" / "<=" / "^" / "~" ) version
///
///     =1.2.0      that version                  ^1.2.0   >=1.2.0 <2.0.0-0    (^0.2.1: >=0.2.1 <0.3.0-0)
///     >=1.2.0     it and everything after       ~1.2.0   >=1.2.0 <1.3.0-0
///
/// `^` and `~` end before the first pre-release of what follows. Several intervals are several alternatives
/// of a dependency.
public struct VersionRange: Sendable {
    public static let grammar = "a range such as *, ^1.2.0, ~1.2.0, =1.2.0 or \">=1.2.0 <3.0.0\""
    /// Two versions with operators and a blank.
    public static let limit = 2 * PackageVersion.limit + 5

    public struct Bound: Sendable, Equatable {
        public var version: PackageVersion
        public var isInclusive: Bool

        public init(_ version: PackageVersion, isInclusive: Bool) {
            self.version = version
            self.isInclusive = isInclusive
        }
    }

    /// nil: no bound.
    public let lower: Bound?
    public let upper: Bound?

    public static let any = VersionRange(uncheckedLower: nil, upper: nil)

    public static func exactly(_ version: PackageVersion) -> VersionRange {
        let bound = Bound(version, isInclusive: true)
        return VersionRange(uncheckedLower: bound, upper: bound)
    }

    private init(uncheckedLower lower: Bound?, upper: Bound?) { (self.lower, self.upper) = (lower, upper) }

    /// nil: no version could lie in it.
    public init?(lower: Bound?, upper: Bound?) {
        if let lower, let upper {
            guard lower.version <= upper.version else { return nil }
            let isPoint = lower.version == upper.version
            guard !isPoint || lower.isInclusive && upper.isInclusive else { return nil }
        }
        self.init(uncheckedLower: lower, upper: upper)
    }

    /// nil: not a range, or an empty one.
    public init?(_ text: String) {
        guard text.utf8.count <= Self.limit else { return nil }
        if UTF8Text.equal(text, "*") {
            self = .any
            return
        }
        var lower: Bound?
        var upper: Bound?
        let parts = Array(text.utf8).split(separator: 0x20, omittingEmptySubsequences: false)
        guard parts.count <= 2 else { return nil }
        for part in parts {
            guard let (low, high) = Self.comparator(part) else { return nil }
            // Two comparators are one from each side.
            guard low == nil || lower == nil, high == nil || upper == nil else { return nil }
            lower = low ?? lower
            upper = high ?? upper
        }
        self.init(lower: lower, upper: upper)
    }

    private static func comparator(_ bytes: ArraySlice<UInt8>) -> (Bound?, Bound?)? {
        let sign = bytes.prefix { !($0 >= 0x30 && $0 <= 0x39) }
        guard let version = PackageVersion(String(decoding: bytes.dropFirst(sign.count), as: UTF8.self))
        else {
            return nil
        }
        let bound = Bound(version, isInclusive: true)
        let open = Bound(version, isInclusive: false)
        if sign.elementsEqual("=".utf8) { return (bound, bound) }
        if sign.elementsEqual(">=".utf8) { return (bound, nil) }
        if sign.elementsEqual(">".utf8) { return (open, nil) }
        if sign.elementsEqual("<=".utf8) { return (nil, bound) }
        if sign.elementsEqual("<".utf8) { return (nil, open) }
        if sign.elementsEqual("~".utf8) {
            return (bound, Bound(.first(version.major, version.minor + 1, 0), isInclusive: false))
        }
        guard sign.elementsEqual("^".utf8) else { return nil }
        let next: PackageVersion =
            if version.major > 0 {
                .first(version.major + 1, 0, 0)
            } else if version.minor > 0 {
                .first(0, version.minor + 1, 0)
            } else {
                .first(0, 0, version.patch + 1)
            }
        return (bound, Bound(next, isInclusive: false))
    }

    public func contains(_ version: PackageVersion) -> Bool {
        if let lower, lower.isInclusive ? version < lower.version : version <= lower.version { return false }
        if let upper, upper.isInclusive ? version > upper.version : version >= upper.version { return false }
        return true
    }

    public var isAny: Bool { lower == nil && upper == nil }

    /// The one way to write it: bounds only, the lower one first.
    public var text: String {
        if let lower, let upper, lower == upper { return "=" + lower.version.text }
        var text = ""
        if let lower { text = (lower.isInclusive ? ">=" : ">") + lower.version.text }
        if let upper {
            text += (lower == nil ? "" : " ") + (upper.isInclusive ? "<=" : "<") + upper.version.text
        }
        return text.utf8.isEmpty ? "*" : text
    }
}

extension VersionRange {
    /// As short as a person would write it: `^1.2.0` instead of its bounds.
    public var shortText: String {
        guard let lower, lower.isInclusive, upper != nil else { return text }
        for sign in ["^", "~"] {
            let short = sign + lower.version.text
            if VersionRange(short) == self { return short }
        }
        return text
    }
}

extension VersionRange: Equatable, CustomStringConvertible {
    public static func == (left: VersionRange, right: VersionRange) -> Bool {
        left.lower == right.lower && left.upper == right.upper
    }

    public var description: String { text }
}
