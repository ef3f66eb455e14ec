import Wire

/// What this program was called with, read from the kernel: Embedded Swift has no `CommandLine`.
public enum ProcessArguments {
    /// More than this is cut off; the handset's programs take a few short arguments.
    static let limit = 64 * 1024

    /// Arguments without the program's name.
    public static func read() -> [String] {
        Array(strings(in: "/proc/self/cmdline").dropFirst())
    }

    /// `NAME=value` each, as they were when the program started.
    public static func environment() -> [String] { strings(in: "/proc/self/environ") }

    /// The value of an environment variable, as it was when the program started.
    public static func environment(_ name: StaticString) -> String? {
        for entry in zeroSeparated("/proc/self/environ") {
            let key = name.description + "="
            if entry.starts(with: key.utf8) {
                return String(decoding: entry.dropFirst(key.utf8.count), as: UTF8.self)
            }
        }
        return nil
    }

    private static func strings(in path: String) -> [String] {
        zeroSeparated(path).map { String(decoding: $0, as: UTF8.self) }
    }

    private static func zeroSeparated(_ path: String) -> [ArraySlice<UInt8>] {
        var bytes = contents(of: path, limit: limit) ?? []
        if bytes.last == 0 { bytes.removeLast() }
        return bytes.isEmpty ? [] : bytes.split(separator: 0, omittingEmptySubsequences: false)
    }
}
