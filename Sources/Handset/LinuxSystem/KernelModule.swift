import CLinux

/// Loadable kernel modules.
public enum KernelModule {
    public enum Outcome: Sendable {
        case inserted
        /// It was there before (or is built into this kernel).
        case alreadyPresent
    }

    /// `finit_module(2)` for an uncompressed `.ko` file.
    public static func insert(_ path: String) throws(SystemCallError) -> Outcome {
        let file = try FileDescriptor.open(path)
        let fd = file.rawValue
        do throws(SystemCallError) {
            try retryingOnInterrupt("insert module", path) { amos_finit_module(fd, "") }
        } catch  where error.code == SystemCallError.exists {
            return .alreadyPresent
        }
        return .inserted
    }
}
