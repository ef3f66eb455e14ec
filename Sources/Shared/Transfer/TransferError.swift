import Wire

/// Why nothing, or not all, could be fetched.
public enum TransferError: Error, Equatable, Sendable {
    case badAddress(String)
    case insecureRedirect(host: String)
    case tooManyRedirects(limit: Int)
    /// 403, 404 or 410: storage services answer 403 for what is not there.
    case absent(status: Int)
    case refused(status: Int)
    case tooLong(limit: UInt64)
    /// The file is another one than before the interruption.
    case changed
    /// The answer's range is not the one that was asked for.
    case wrongRange
    case privateAddress(String)
    case wrongHash
    /// What went wrong last, and how many attempts there were.
    case unreachable(reason: String, attempts: Int)
    case deadline(seconds: UInt32)

    public static func == (left: Self, right: Self) -> Bool {
        left.code == right.code && left.description.utf8.elementsEqual(right.description.utf8)
    }

    /// On the wire.
    public var code: UInt8 {
        switch self {
        case .badAddress: 1
        case .insecureRedirect: 2
        case .tooManyRedirects: 3
        case .absent: 4
        case .refused: 5
        case .tooLong: 6
        case .changed: 7
        case .wrongRange: 8
        case .privateAddress: 9
        case .wrongHash: 10
        case .unreachable: 11
        case .deadline: 12
        }
    }
}

extension TransferError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .badAddress(let text): "'" + text + "' is no http or https address"
        case .insecureRedirect(let host): "the server leads from https to http at " + host
        case .tooManyRedirects(let limit): "the server redirects more than " + String(limit) + " times"
        case .absent(let status): "it is not there: the server answered " + String(status)
        case .refused(let status): "the server answered " + String(status)
        case .tooLong(let limit): "it is longer than " + String(limit) + " bytes"
        case .changed: "it changed on the server while it was fetched; ask again"
        case .wrongRange: "the server sent another part than was asked for"
        case .privateAddress(let address): address + " is no public address"
        case .wrongHash: "it is not what was expected: its SHA-256 differs"
        case .unreachable(let reason, let attempts): reason + " (" + String(attempts) + " attempts)"
        case .deadline(let seconds): "not finished after " + String(seconds) + " s"
        }
    }
}
