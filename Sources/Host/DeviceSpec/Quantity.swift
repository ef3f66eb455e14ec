import Foundation

/// Sizes, durations and modes as device files write them. The text has passed its `TextRule`.
enum Quantity {
    static let sizeUnits: [(String, UInt64)] = [
        ("B", 1), ("KiB", 1 << 10), ("MiB", 1 << 20), ("GiB", 1 << 30),
    ]
    static let durationUnits: [(String, UInt64)] = [
        ("ms", 1), ("s", 1_000), ("min", 60_000), ("h", 3_600_000), ("d", 86_400_000),
    ]

    /// Longer waits are for the calendar. PID 1 counts milliseconds in 32 bits, which hold 49 days: with this
    /// bound, sums and roundings of its own have room as well.
    static let longestDurationDays: UInt64 = 31

    static func bytes(_ text: String) -> UInt64? { value(text, sizeUnits) }

    static func milliseconds(_ text: String) -> UInt32? {
        guard let time = value(text, durationUnits), time <= longestDurationDays * 86_400_000 else {
            return nil
        }
        return UInt32(time)
    }

    static func mode(_ text: String) -> UInt16? { UInt16(text, radix: 8) }

    /// `10 %`
    static func percent(_ text: String) -> Int? { text.split(separator: " ").first.flatMap { Int($0) } }

    /// `5 per 1 min`
    static func rate(_ text: String) -> (count: UInt16, milliseconds: UInt32)? {
        let parts = text.split(separator: " ", maxSplits: 2)
        guard parts.count == 3, let count = UInt16(parts[0]),
            let milliseconds = milliseconds(String(parts[2]))
        else { return nil }
        return (count, milliseconds)
    }

    /// `50 %` of a processor in each tenth of a second, or `20 ms per 100 ms`; in microseconds.
    static func processorShare(_ text: String) -> (quota: UInt32, period: UInt32)? {
        let units: [(String, UInt64)] = [("us", 1), ("ms", 1_000), ("s", 1_000_000)]
        if text.hasSuffix("%") { return percent(text).map { (UInt32($0 * 1_000), 100_000) } }
        let parts = text.components(separatedBy: " per ")
        guard parts.count == 2, let quota = value(parts[0], units).flatMap({ UInt32(exactly: $0) }),
            let period = value(parts[1], units).flatMap({ UInt32(exactly: $0) })
        else { return nil }
        return (quota, period)
    }

    private static func value(_ text: String, _ units: [(String, UInt64)]) -> UInt64? {
        let parts = text.split(separator: " ")
        guard parts.count == 2, let number = UInt64(parts[0]),
            let unit = units.first(where: { $0.0 == parts[1] })
        else { return nil }
        let (product, overflow) = number.multipliedReportingOverflow(by: unit.1)
        return overflow ? nil : product
    }

    /// How a wrong size or duration was probably meant: `16MB` → `16 MiB`, `3sec` → `3 s`, `200` → nothing.
    static func correction(of text: String, isSize: Bool) -> String? {
        let digits = text.prefix { $0.isASCII && $0.isNumber }
        let unit = text.dropFirst(digits.count).drop { $0 == " " }.lowercased()
        let meant: [String: String] =
            isSize
            ? [
                "b": "B", "k": "KiB", "kb": "KiB", "kib": "KiB", "m": "MiB", "mb": "MiB", "mib": "MiB",
                "g": "GiB",
                "gb": "GiB", "gib": "GiB",
            ]
            : [
                "ms": "ms", "msec": "ms", "s": "s", "sec": "s", "secs": "s", "second": "s", "seconds": "s",
                "m": "min", "min": "min", "minute": "min", "minutes": "min", "hr": "h", "hour": "h",
                "hours": "h", "day": "d", "days": "d",
            ]
        guard !digits.isEmpty, let unit = meant[unit] else { return nil }
        return "\(digits) \(unit)"
    }
}
