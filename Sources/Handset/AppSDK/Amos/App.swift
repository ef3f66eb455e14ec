import Glibc

/// The app that this program is: who it is, what it was started with, and where its files are.
///
/// `amos-launch` tells a program all of this:
///
///     AMOS_APP           com.example.notes
///     AMOS_APP_VERSION   1.4.0
///     HOME               the private data folder: kept on upgrade, nobody else's
///     /run/app           the package's payload, read-only
///
/// A program that was started by hand, on a build machine under qemu-aarch64 for example, has them from the
/// file it was started from: it works the same there, in the folder that is `HOME`.
public enum App {
    /// `com.example.notes`; of a program that was started by hand, the name of its file.
    public static var id: String { variable("AMOS_APP") ?? Path.name(of: executable) }

    /// Of the package, `1.4.0`; `0.0.0` of a program that was started by hand.
    public static var version: String { variable("AMOS_APP_VERSION") ?? "0.0.0" }

    /// The words after the program's name.
    public static var arguments: [String] { Array(words.dropFirst()) }

    /// The app's own folder. What is written here stays, over restarts and upgrades, until the app goes.
    public static var data: Folder { Folder(path: variable("HOME") ?? ".") }

    /// What came in the package, `share/words.txt` for example. Nobody can write here.
    public static var files: Folder {
        if variable("AMOS_APP") != nil { return Folder(path: "/run/app") }
        // A package keeps its programs in bin/, beside everything else.
        let folder = Path.folder(of: executable)
        return Folder(path: Path.name(of: folder) == "bin" ? Path.folder(of: folder) : folder)
    }

    /// Of the environment; nil: it is not set, or empty.
    public static func variable(_ name: String) -> String? {
        guard let value = getenv(name), value.pointee != 0 else { return nil }
        return String(cString: value)
    }

    /// The program's own file.
    public static var executable: String {
        var path = [CChar](repeating: 0, count: Int(PATH_MAX))
        let count = readlink("/proc/self/exe", &path, path.count - 1)
        return count > 0 ? String(decoding: path[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self) : ""
    }

    /// Embedded Swift has no `CommandLine`; the kernel keeps the words, each with a zero behind it.
    private static var words: [String] {
        guard let bytes = try? Folder(path: "/proc/self").read("cmdline") else { return [] }
        return bytes.split(separator: 0, omittingEmptySubsequences: false).dropLast()
            .map { String(decoding: $0, as: UTF8.self) }
    }
}

/// The two halves of a path.
enum Path {
    static func name(of path: String) -> String {
        let bytes = Array(path.utf8)
        let start = bytes.lastIndex(of: slash).map { $0 + 1 } ?? 0
        return String(decoding: bytes[start...], as: UTF8.self)
    }

    static func folder(of path: String) -> String {
        let bytes = Array(path.utf8)
        guard let end = bytes.lastIndex(of: slash) else { return "." }
        return end == 0 ? "/" : String(decoding: bytes[..<end], as: UTF8.self)
    }

    private static let slash = UInt8(ascii: "/")
}
