import CLinux

/// PID 1's control socket, as programs use it that only have something to tell.
public enum ControlSocket {
    static let path = "/run/amos/control.sock"

    /// Sends one request and waits, a second at most, for its answer. Nobody there is no failure: the
    /// caller's work does not depend on being heard.
    public static func tell(_ request: [UInt8]) {
        _ = path.withCString { path in
            request.withUnsafeBytes { amos_tell(path, $0.baseAddress, $0.count) }
        }
    }
}
