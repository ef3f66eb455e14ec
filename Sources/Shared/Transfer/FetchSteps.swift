/// One connection's request.
public struct FetchConnection: Sendable {
    public let target: WebAddress
    /// Numeric; of the proxy, where there is one.
    public let address: String
    /// The field Range; nil: all of it.
    public let range: String?
    /// The field If-Range.
    public let validator: String?
}

/// The head of an answer, as it came.
public struct FetchAnswer: Sendable {
    public var status = 200
    public var contentLength = ""
    public var contentRange = ""
    public var entityTag = ""
    public var location = ""
    public var retryAfter = ""

    public init() {}
}

public enum FetchEffect: Sendable {
    /// Find the addresses of a name; answered by `.resolved` or `.unresolved`.
    case resolve(host: String)
    /// Answered by `.answered` and `.ended`, or `.ended` alone.
    case connect(FetchConnection)
    /// Whatever the connection does now is not wanted.
    case disconnect
    /// Tell the caller how long the whole file is.
    case head(length: UInt64?)
    /// nil: all is there.
    case finish(TransferError?)
}

public enum FetchEvent: Sendable {
    /// Numeric addresses, the best first.
    case resolved([String])
    case unresolved(reason: String)
    case answered(FetchAnswer)
    /// No more bytes come. Everything that came was taken before. `isWhole`: the server ended it properly.
    case ended(isWhole: Bool, reason: String)
    /// `deadline` has come.
    case time
}
