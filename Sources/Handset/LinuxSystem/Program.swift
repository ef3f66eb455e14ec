import CLinux
import Wire

/// Programs run to their end, and the one that replaces this one.
public enum Program {
    /// How a program ended.
    public enum Outcome: Equatable, Sendable {
        case exited(UInt8)
        case killed(signal: Int32)
    }

    /// The exit status of a program that could not be started, as in a shell.
    public static let notStarted: UInt8 = 127

    /// Runs a program and waits for it; after `limitSeconds` it is killed by SIGALRM, so that nothing hangs.
    /// A program that cannot be started exits with `notStarted`.
    public static func run(
        _ path: String, _ arguments: [String], limitSeconds: UInt32
    ) throws(SystemCallError) -> Outcome {
        let argumentStrings = CStringArray([path] + arguments)
        let environment = CStringArray([])
        let status = try retryingOnInterrupt("run", path) {
            path.withCString { amos_run($0, argumentStrings.pointers, environment.pointers, limitSeconds) }
        }
        // wait(2): the low 7 bits are the signal, the next byte is the exit status.
        let signal = Int32(status & 0x7f)
        return signal == 0 ? .exited(UInt8(status >> 8 & 0xff)) : .killed(signal: signal)
    }

    /// Where this process's program lies (`/proc/self/exe`); the kernel's own link where its file is gone.
    public static var ownPath: String {
        let link = "/proc/self/exe"
        guard let path = Directory.target(ofLink: link), Directory.exists(path) else { return link }
        return path
    }

    /// `execve(2)`: this process becomes `path`. Comes back only when that failed, with the reason.
    public static func replaceThisProcess(
        with path: String, _ arguments: [String] = [], environment: [String] = []
    ) -> SystemCallError {
        let argumentStrings = CStringArray([path] + arguments)
        let environmentStrings = CStringArray(environment)
        let result = path.withCString {
            amos_execve($0, argumentStrings.pointers, environmentStrings.pointers)
        }
        return SystemCallError("execute", path, code: Int32(-result))
    }
}

/// A null-terminated array of C strings, as `execve` wants it.
final class CStringArray {
    let pointers: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>
    private let count: Int

    init(_ strings: [String]) {
        count = strings.count
        pointers = .allocate(capacity: count + 1)
        for (index, string) in strings.enumerated() {
            (pointers + index).initialize(
                to: string.zeroTerminated.withUnsafeBufferPointer { $0.baseAddress.flatMap { strdup($0) } })
        }
        (pointers + count).initialize(to: nil)
    }

    deinit {
        for index in 0..<count { free(pointers[index]) }
        pointers.deallocate()
    }
}
