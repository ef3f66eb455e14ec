/// Decimal numbers as the kernel, command lines and protocols write them: digits, and nothing else.
public enum Decimal {
    /// nil: none, something else among them, or more than 64 bits hold.
    public static func number(_ digits: Span<UInt8>) -> UInt64? {
        guard digits.count > 0 else { return nil }
        var value: UInt64 = 0
        for index in digits.indices {
            let digit = digits[index] &- UInt8(ascii: "0")
            guard digit <= 9 else { return nil }
            let (product, hasOverflown) = value.multipliedReportingOverflow(by: 10)
            let (sum, isTooLarge) = product.addingReportingOverflow(UInt64(digit))
            guard !hasOverflown, !isTooLarge else { return nil }
            value = sum
        }
        return value
    }

    public static func number(_ digits: ArraySlice<UInt8>) -> UInt64? { number(digits.span) }

    public static func number(_ text: String) -> UInt64? { number(Array(text.utf8).span) }

    /// The number that they begin with, up to the first byte that is no digit; nil: none, or too large.
    public static func leading(_ bytes: ArraySlice<UInt8>) -> UInt64? {
        number(bytes.prefix { $0 >= UInt8(ascii: "0") && $0 <= UInt8(ascii: "9") })
    }
}
