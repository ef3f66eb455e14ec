/// Why bytes from a socket, a file or a disk were refused.
public enum WireError: Error, Equatable, Sendable {
    /// The bytes end in the middle of a value that starts at `offset`.
    case truncated(offset: Int)
    /// A length or nesting above the format's limit.
    case tooLong(offset: Int, limit: Int)
    /// Text that is not UTF-8.
    case notText(offset: Int)
    /// Something else than the format allows here.
    case malformed(offset: Int, expected: StaticString)

    public var offset: Int {
        switch self {
        case .truncated(let offset), .notText(let offset): offset
        case .tooLong(let offset, _), .malformed(let offset, _): offset
        }
    }

    public static func == (left: WireError, right: WireError) -> Bool {
        switch (left, right) {
        case (.truncated(let a), .truncated(let b)), (.notText(let a), .notText(let b)): a == b
        case (.tooLong(let a, let limitA), .tooLong(let b, let limitB)): a == b && limitA == limitB
        case (.malformed(let a, _), .malformed(let b, _)): a == b
        default: false
        }
    }
}

extension WireError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .truncated(let offset):
            "the bytes end in the middle of a value that starts at byte " + String(offset)
        case .tooLong(let offset, let limit): Self.at(offset) + "longer than the limit of " + String(limit)
        case .notText(let offset): Self.at(offset) + "not UTF-8 text"
        case .malformed(let offset, let expected): Self.at(offset) + "expected " + expected.description
        }
    }

    private static func at(_ offset: Int) -> String { "at byte " + String(offset) + ": " }
}
