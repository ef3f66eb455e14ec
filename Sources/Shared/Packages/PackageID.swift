import Wire

/// What a package is called, for ever: `com.example.notes`.
///
///     id    = label 1*( "." label )                 at most 127 bytes
///     label = letter *( letter / digit / "-" )      small letters, at most 63 bytes, no "-" at the end
///
/// It names folders, users and files, so nothing in it means anything to a shell or a path. Names that
/// packages provide follow the same grammar.
public struct PackageID: Sendable {
    /// Two of them and a separator fit into a file name (255 bytes).
    public static let limit = 127
    /// As in the domain name that an id reverses (RFC 1035, 2.3.4).
    public static let labelLimit = 63
    public static let grammar = "an id such as com.example.notes: small letters, digits and '-', two labels"

    public let text: String

    /// nil: not an id.
    public init?(_ text: String) {
        guard Self.isValid(text) else { return nil }
        self.text = text
    }

    private static func isValid(_ text: String) -> Bool {
        guard text.utf8.count <= limit else { return false }
        var labels = 1
        var length = 0
        var last = UInt8(ascii: ".")
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "."):
                guard length > 0, last != UInt8(ascii: "-") else { return false }
                labels += 1
                length = -1
            case UInt8(ascii: "a")...UInt8(ascii: "z"): break
            case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"):
                guard length > 0 else { return false }
            default: return false
            }
            length += 1
            last = byte
            guard length <= labelLimit else { return false }
        }
        return labels >= 2 && length > 0 && last != UInt8(ascii: "-")
    }
}

/// By bytes: comparing as text would need the Unicode tables.
extension PackageID: Hashable, Comparable, CustomStringConvertible {
    public static func == (left: PackageID, right: PackageID) -> Bool {
        UTF8Text.equal(left.text, right.text)
    }

    public static func < (left: PackageID, right: PackageID) -> Bool {
        left.text.utf8.lexicographicallyPrecedes(right.text.utf8)
    }

    public func hash(into hasher: inout Hasher) {
        for byte in text.utf8 { hasher.combine(byte) }
    }

    public var description: String { text }
}
