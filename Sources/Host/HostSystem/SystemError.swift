import Foundation

/// A call to the build machine's system that failed: what was being done, to which file, and why.
public struct SystemError: Error, Equatable, CustomStringConvertible {
    public let action: String
    public let path: String
    public let code: Int32

    public init(_ action: String, _ path: String, code: Int32 = errno) {
        self.action = action
        self.path = path
        self.code = code
    }

    public var description: String {
        let reason = String(cString: strerror(code))
        let hint =
            switch code {
            case ENOSPC: "; free some space (`amos cache gc`) and run it again"
            case EACCES, EPERM: "; check who owns it"
            default: ""
            }
        return "cannot \(action) \(path): \(reason)\(hint)"
    }
}
