import CLinux
import Wire

/// A call into the kernel that failed: which one, on what, and why.
public struct SystemCallError: Error, Equatable, Sendable, CustomStringConvertible {
    /// One reference wide: errors travel through every caller's registers, also when there is none.
    private let facts: Facts

    private final class Facts: Sendable {
        let call: String
        let subject: String
        let code: Int32

        init(call: String, subject: String, code: Int32) {
            self.call = call
            self.subject = subject
            self.code = code
        }
    }

    public init(_ call: String, _ subject: String = "", code: Int32) {
        facts = Facts(call: call, subject: subject, code: code)
    }

    /// The C function's name, or what was being done.
    public var call: String { facts.call }
    /// The path or thing it was called on; may be empty.
    public var subject: String { facts.subject }
    /// The `errno` value.
    public var code: Int32 { facts.code }

    public static func == (one: SystemCallError, other: SystemCallError) -> Bool {
        one.code == other.code && one.call.utf8.elementsEqual(other.call.utf8)
            && one.subject.utf8.elementsEqual(other.subject.utf8)
    }

    public static let notFound = ENOENT
    public static let exists = EEXIST
    public static let wouldBlock = EAGAIN
    public static let busy = EBUSY
    public static let brokenPipe = EPIPE
    public static let readOnlyFileSystem = EROFS

    /// "No such file or directory"
    public var reason: String { String(cString: amos_reason(code)) }

    /// "open /dev/vda: No such file or directory"
    public var description: String {
        subject.isEmpty ? call + ": " + reason : call + " " + subject + ": " + reason
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
