import HostSystem

/// What can go wrong between a device's package list and the unpacked packages; every case says what to do
/// next.
public enum DebianError: Error, CustomStringConvertible {
    /// A wanted package that the archive does not have.
    public struct UnknownPackage: Sendable, Equatable {
        public var name: String
        /// Which list asked for it, so that the caller can point at the place in the device file.
        public var set: PackageSet
        /// The valid name that looks most like it.
        public var nearest: String?
    }

    case noMirror
    case unknownPackages([UnknownPackage], suite: String)
    case unsatisfiable(packages: [String], message: String)
    case updateFailed(message: String)
    case incompleteArchive(package: String, field: String)
    case lockSyntax(file: String, line: Int, message: String)
    case notLocked(names: [String], file: String)
    case lockedOtherwise(what: String, locked: String, wanted: String, file: String)
    case vanished(packages: [String])
    case downloadFailed(message: String)
    case notCached(packages: [String])
    case corrupted(package: String)
    case malformed(package: String, reason: String)
    case licenceMissing(package: String)
    case badStoreArchive(file: String, reason: String)
    case tool(Tool.Failure)
    case system(SystemError)

    public var description: String {
        switch self {
        case .noMirror:
            "this machine's apt configuration names no Debian archive: give one with --mirror or AMOS_MIRROR"
        case .unknownPackages(let packages, let suite):
            packages.map { Self.describe($0, suite: suite) }.joined(separator: "\n")
        case .unsatisfiable(let packages, let message):
            "apt cannot install \(packages.joined(separator: ", ")) together: \(message)"
        case .updateFailed(let message):
            "apt cannot read the archive's package lists (is the mirror reachable? --mirror names another):"
                + " \(message)"
        case .incompleteArchive(let package, let field):
            "the archive's entry for \(package) has no usable \(field): choose another mirror with --mirror"
        case .lockSyntax(let file, let line, let message):
            "\(file):\(line):1: \(message); `\(Self.update(file))` writes the lock anew"
        case .notLocked(let names, let file):
            "\(file) does not pin \(names.joined(separator: ", ")): run `\(Self.update(file))`"
        case .lockedOtherwise(let what, let locked, let wanted, let file):
            "\(file) was made for \(what) \(locked), the device wants \(wanted): run `\(Self.update(file))`"
        case .vanished(let packages):
            "the mirror no longer has \(packages.joined(separator: ", ")): run `amos lock DEVICE --update`,"
                + " or bring the packages with `amos cache import`"
        case .downloadFailed(let message):
            "the download failed (run it again, it resumes): \(message)"
        case .notCached(let packages):
            "not in the cache: \(packages.joined(separator: ", ")); build the device once, then export"
        case .corrupted(let package):
            "\(package): the mirror delivers other bytes than the lock's SHA-256 says: run"
                + " `amos lock DEVICE --update`, or choose another mirror with --mirror"
        case .malformed(let package, let reason):
            "\(package) is not a package that can be unpacked safely: \(reason)"
        case .licenceMissing(let package):
            "\(package) has no licence text in the locked packages: lock the package that its"
                + " usr/share/doc/\(package) points into, by naming it in the device's packages"
        case .badStoreArchive(let file, let reason):
            "\(file) is not a complete export (\(reason)): make it again with `amos cache export`"
        case .tool(let failure): failure.description
        case .system(let error): error.description
        }
    }

    /// The command that writes this lock anew; the device file stands beside it.
    private static func update(_ lockFile: String) -> String {
        let device = lockFile.hasSuffix(".lock") ? String(lockFile.dropLast(5)) + ".yaml" : "DEVICE"
        return "amos lock \(device.contains(" ") ? "'\(device)'" : device) --update"
    }

    private static func describe(_ package: UnknownPackage, suite: String) -> String {
        let hint = package.nearest.map { "; did you mean \($0)?" } ?? ""
        return "Debian \(suite) has no package \(package.name)\(hint)"
    }
}

/// Runs `body` and wraps the small system layer's errors.
func wrapping<Value: ~Copyable>(_ body: () throws(SystemError) -> Value) throws(DebianError) -> Value {
    do { return try body() } catch { throw .system(error) }
}

/// Runs `body` and wraps an external program's failure.
func running<Value>(_ body: () throws(Tool.Failure) -> Value) throws(DebianError) -> Value {
    do { return try body() } catch { throw .tool(error) }
}
