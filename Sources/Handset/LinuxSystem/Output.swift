import CLinux
import Wire

/// A program's own lines for the log. `print` keeps them back until a buffer is full when the log reads a
/// pipe.
public enum Output {
    /// One line on standard output, at once.
    public static func say(_ line: String) {
        let bytes = Array((line + "\n").utf8)
        bytes.withUnsafeBytes { _ = amos_write(1, $0.baseAddress, $0.count) }
    }

    /// On standard error, as it is; nobody may be listening.
    public static func complain(_ text: String) {
        let bytes = Array(text.utf8)
        bytes.withUnsafeBytes { _ = amos_write(2, $0.baseAddress, $0.count) }
    }
}
