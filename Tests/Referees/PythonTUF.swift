import DebianBase
import Foundation
import HostSystem

/// python-tuf, the reference implementation of The Update Framework, in an environment of its own in the
/// cache that builds use. `make referees` puts it there; nothing of it is needed to use Amos.
public struct PythonTUF: Sendable {
    /// The name that the Makefile gives the environment.
    public static let folder = CacheFolder().path + "/python-tuf-7.0.0"

    private let starter: Tool

    public struct Missing: Error, CustomStringConvertible {
        public var description: String {
            "\(PythonTUF.folder) has no python-tuf; `make referees` installs it (once, with a network)"
        }
    }

    public init() throws {
        guard access(Self.folder + "/complete", R_OK) == 0 else { throw Missing() }
        starter = try Tool("env", package: "coreutils")
    }

    /// Runs a script of the tests'; it must end with status 0.
    @discardableResult
    public func run(_ script: String, _ arguments: [String]) throws -> Tool.Output {
        // Without -B it would leave compiled files beside the sources.
        try starter.check(["\(Self.folder)/bin/python", "-B", script] + arguments)
    }
}
