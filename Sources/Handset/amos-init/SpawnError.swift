import LinuxSystem
import Wire

/// Why a service's process could not be started.
enum SpawnError: Error {
    case system(SystemCallError)
    /// Whoever may change or read the file could give the service something else, or know what it alone
    /// should know.
    case openToOthers(path: String, command: StaticString)
    case wrongOwner(path: String)
    case notRegular(path: String)
    case malformed(path: String, StaticString)

    var description: String {
        switch self {
        case .system(let error): error.description
        case .openToOthers(let path, let command):
            path + " is open to others than its owner; " + command.description + " " + path
        case .wrongOwner(let path): path + " must belong to root; chown root " + path
        case .notRegular(let path): path + " is not of the kind that belongs there"
        case .malformed(let path, let reason): path + " " + reason.description
        }
    }

    /// For `execFailed`: an `errno` value.
    var code: Int32 {
        switch self {
        case .system(let error): error.code
        case .openToOthers, .wrongOwner: SystemCallError.notPermitted
        case .notRegular, .malformed: SystemCallError.invalid
        }
    }
}

/// Files that only root may have written; on a machine that this is not PID 1 of, also the person who runs
/// it.
enum TrustedFile {
    /// - Parameters:
    ///   - forbidden: permission bits that must not be set.
    ///   - command: what sets the permissions right.
    static func open(
        _ path: String, _ kind: FileStatus.Kind, forbidden: UInt32, command: StaticString, isSystem: Bool
    ) throws(SpawnError) -> FileDescriptor {
        let file = try open(path)
        let status: FileStatus
        do throws(SystemCallError) { status = try file.status() } catch { throw .system(error) }
        guard status.kind == kind else { throw .notRegular(path: path) }
        guard status.user == 0 || !isSystem && status.user == ChildProcess.effectiveUser else {
            throw .wrongOwner(path: path)
        }
        guard status.permissions & forbidden == 0 else { throw .openToOthers(path: path, command: command) }
        return file
    }

    private static func open(_ path: String) throws(SpawnError) -> FileDescriptor {
        // A pipe that lies there must not make PID 1 wait.
        do throws(SystemCallError) {
            return try FileDescriptor.open(path, .nonBlocking)
        } catch { throw .system(error) }
    }
}
