import Wire

/// A version for people and for ranges: Semantic Versioning 2.0.0 without build metadata, so that two
/// versions of equal precedence are the same text and the order is total.
///
///     version    = number "." number "." number [ "-" identifier *( "." identifier ) ]     at most 64 bytes
///     number     = "0" / digit that is not 0, then digits                                  at most 15 digits
///     identifier = number / letters, digits and "-" with at least one that is no digit
///
/// Order (semver.org, 11): the three numbers, then a pre-release before its release, then identifier by
/// identifier: numbers by value and before words, words by ASCII, and of two that begin alike the shorter
/// first.
///
/// What is newer than what *on a handset* is decided by the version code alone: whoever publishes keeps the
/// two in step.
public struct PackageVersion: Sendable {
    public static let limit = 64
    /// Numbers of 15 digits are exact in every JSON reader.
    static let digitLimit = 15
    public static let grammar = "a version such as 1.4.0 or 2.0.0-beta.1"

    public let major: UInt64
    public let minor: UInt64
    public let patch: UInt64
    /// Without the "-"; empty for a release.
    public let preRelease: String

    public init(_ major: UInt64, _ minor: UInt64, _ patch: UInt64) {
        (self.major, self.minor, self.patch, preRelease) = (major, minor, patch, "")
    }

    private init(_ major: UInt64, _ minor: UInt64, _ patch: UInt64, preRelease: String) {
        (self.major, self.minor, self.patch, self.preRelease) = (major, minor, patch, preRelease)
    }

    /// nil: not a version.
    public init?(_ text: String) {
        guard text.utf8.count <= Self.limit else { return nil }
        var bytes = Array(text.utf8)[...]
        guard let major = Self.takeNumber(&bytes), Self.take(UInt8(ascii: "."), &bytes),
            let minor = Self.takeNumber(&bytes), Self.take(UInt8(ascii: "."), &bytes),
            let patch = Self.takeNumber(&bytes)
        else { return nil }
        (self.major, self.minor, self.patch) = (major, minor, patch)
        if bytes.isEmpty {
            preRelease = ""
            return
        }
        guard Self.take(UInt8(ascii: "-"), &bytes),
            bytes.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
                .allSatisfy(Self.isIdentifier)
        else { return nil }
        preRelease = String(decoding: bytes, as: UTF8.self)
    }

    /// The first of all versions with these numbers: what an upper bound excludes together with its release.
    public static func first(_ major: UInt64, _ minor: UInt64, _ patch: UInt64) -> PackageVersion {
        PackageVersion(major, minor, patch, preRelease: "0")
    }

    public var text: String {
        let numbers = String(major) + "." + String(minor) + "." + String(patch)
        return preRelease.utf8.isEmpty ? numbers : numbers + "-" + preRelease
    }

    private static func take(_ byte: UInt8, _ bytes: inout ArraySlice<UInt8>) -> Bool {
        guard bytes.first == byte else { return false }
        bytes.removeFirst()
        return true
    }

    private static func takeNumber(_ bytes: inout ArraySlice<UInt8>) -> UInt64? {
        let digits = bytes.prefix { $0 >= 0x30 && $0 <= 0x39 }
        bytes = bytes.dropFirst(digits.count)
        return number(digits)
    }

    /// nil: not a number as versions write it.
    private static func number(_ digits: ArraySlice<UInt8>) -> UInt64? {
        guard !digits.isEmpty, digits.count <= digitLimit, digits.count == 1 || digits.first != 0x30 else {
            return nil
        }
        var value: UInt64 = 0
        for digit in digits {
            guard digit >= 0x30, digit <= 0x39 else { return nil }
            value = value * 10 + UInt64(digit - 0x30)
        }
        return value
    }

    private static func isIdentifier(_ bytes: ArraySlice<UInt8>) -> Bool {
        guard !bytes.isEmpty else { return false }
        if bytes.allSatisfy({ $0 >= 0x30 && $0 <= 0x39 }) { return number(bytes) != nil }
        return bytes.allSatisfy { byte in
            (0x30...0x39).contains(byte) || (0x61...0x7a).contains(byte | 0x20)
                || byte == UInt8(ascii: "-")
        }
    }
}

extension PackageVersion: Hashable, Comparable, CustomStringConvertible {
    public static func == (left: PackageVersion, right: PackageVersion) -> Bool {
        left.major == right.major && left.minor == right.minor && left.patch == right.patch
            && UTF8Text.equal(left.preRelease, right.preRelease)
    }

    public static func < (left: PackageVersion, right: PackageVersion) -> Bool {
        if left.major != right.major { return left.major < right.major }
        if left.minor != right.minor { return left.minor < right.minor }
        if left.patch != right.patch { return left.patch < right.patch }
        if left.preRelease.utf8.isEmpty { return false }
        if right.preRelease.utf8.isEmpty { return true }
        let leftParts = Array(left.preRelease.utf8).split(separator: UInt8(ascii: "."))
        let rightParts = Array(right.preRelease.utf8).split(separator: UInt8(ascii: "."))
        for index in 0..<min(leftParts.count, rightParts.count) {
            let (one, other) = (leftParts[index], rightParts[index])
            if one.elementsEqual(other) { continue }
            switch (number(one), number(other)) {
            case (.some(let one), .some(let other)): return one < other
            case (.some, nil): return true
            case (nil, .some): return false
            case (nil, nil): return one.lexicographicallyPrecedes(other)
            }
        }
        return leftParts.count < rightParts.count
    }

    public func hash(into hasher: inout Hasher) {
        hasher.combine(major)
        hasher.combine(minor)
        hasher.combine(patch)
        for byte in preRelease.utf8 { hasher.combine(byte) }
    }

    public var description: String { text }
}

/// Which of two builds of a package is newer; it only grows, and it is what a downgrade floor is about.
public enum VersionCode {
    /// The largest whole number that every JSON reader keeps exactly (2^53 - 1).
    public static let limit: UInt64 = (1 << 53) - 1
}
