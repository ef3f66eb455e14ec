import CLinux

/// A call into the kernel that failed: which one, on what, and why.
public struct SystemCallError: Error, Equatable, Sendable, CustomStringConvertible {
    /// The C function's name.
    public let call: String
    /// The path or thing it was called on; may be empty.
    public let subject: String
    /// The `errno` value.
    public let code: Int32

    public init(_ call: String, _ subject: String = "", code: Int32) {
        self.call = call
        self.subject = subject
        self.code = code
    }

    public static let notFound = ENOENT
    public static let exists = EEXIST
    public static let wouldBlock = EAGAIN
    public static let busy = EBUSY
    public static let invalid = EINVAL

    /// "open /dev/vda: No such file or directory"
    public var description: String {
        let reason = String(cString: strerror(code))
        return subject.isEmpty ? call + ": " + reason : call + " " + subject + ": " + reason
    }
}

/// The one place that knows about EINTR: calls again until the call ends for another reason.
///
/// `body` follows the convention of `CLinux.h`: negative results are `-errno`.
@discardableResult
public func retryingOnInterrupt(
    _ call: StaticString, _ subject: @autoclosure () -> String = "", _ body: () -> Int
) throws(SystemCallError) -> Int {
    while true {
        let result = body()
        if result >= 0 { return result }
        if result != -Int(EINTR) {
            throw SystemCallError(call.description, subject(), code: Int32(-result))
        }
    }
}
