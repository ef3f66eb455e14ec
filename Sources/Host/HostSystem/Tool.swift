import Foundation

/// An external program, run to its end with everything it prints collected.
public struct Tool: Sendable {
    public struct Output: Sendable {
        public let status: Int32
        public let standardOutput: [UInt8]
        public let standardError: [UInt8]

        public var text: String { String(decoding: standardOutput, as: UTF8.self) }
        public var errorText: String { String(decoding: standardError, as: UTF8.self) }
    }

    public enum Failure: Error, CustomStringConvertible {
        /// The program is not on this machine; `package` is the Debian package that has it.
        case missing(program: String, package: String)
        case failed(program: String, status: Int32, message: String)

        public var description: String {
            switch self {
            case .missing(let program, let package):
                "\(program) is not installed: `apt-get install \(package)` (`amos doctor` checks the rest)"
            case .failed(let program, let status, let message):
                "\(program) failed with status \(status): \(message)"
            }
        }
    }

    public let name: String
    public let package: String
    public let path: String

    /// Looks through `PATH` and the system folders, which an ordinary user's `PATH` often lacks.
    public init(_ name: String, package: String) throws(Failure) {
        let folders = (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":").map(
            String.init)
        let candidates = (folders + ["/usr/sbin", "/sbin", "/usr/bin", "/bin"]).map { "\($0)/\(name)" }
        guard let path = candidates.first(where: { access($0, X_OK) == 0 }) else {
            throw .missing(program: name, package: package)
        }
        self.name = name
        self.package = package
        self.path = path
    }

    /// Runs it; a status other than 0 is not an error here.
    /// - Parameters:
    ///   - environment: replaces the whole environment where given.
    ///   - outputLimit: reads about this much; a program that writes more gets SIGPIPE.
    public func run(
        _ arguments: [String], environment: [String: String]? = nil, folder: String? = nil,
        outputLimit: Int = .max
    ) throws(Failure) -> Output {
        guard let child = ChildProcess(path, arguments, environment: environment, folder: folder) else {
            throw .missing(program: name, package: package)
        }
        let collected = Collected()
        let group = DispatchGroup()
        DispatchQueue.global().async(group: group) { collected.errors = child.errors.read(limit: .max) }
        let standardOutput = child.output.read(limit: outputLimit)
        group.wait()
        return Output(
            status: child.wait(), standardOutput: standardOutput, standardError: collected.errors)
    }

    /// Runs it and throws its last error lines unless it ends with status 0.
    @discardableResult
    public func check(
        _ arguments: [String], environment: [String: String]? = nil, folder: String? = nil
    ) throws(Failure) -> Output {
        let output = try run(arguments, environment: environment, folder: folder)
        guard output.status == 0 else {
            let lines = output.errorText.split(separator: "\n").suffix(5).joined(separator: "\n")
            throw .failed(program: name, status: output.status, message: lines)
        }
        return output
    }

    /// Written by one thread, read after it has ended (`DispatchGroup.wait` orders the two).
    private final class Collected: @unchecked Sendable {
        var errors: [UInt8] = []
    }
}
