import DeviceSpec
import Foundation

/// Where the shipped devices, services, base files and handset sources are: the package this `amos` was built
/// from, or the folder that `AMOS_HOME` names.
public struct AmosHome: Sendable, Equatable {
    public let path: String

    public enum Failure: Error, CustomStringConvertible {
        case notFound(executable: String)
        case notAHome(path: String)

        public var description: String {
            switch self {
            case .notFound(let executable):
                "\(executable) stands outside the Amos package, so its shipped devices cannot be found; "
                    + "set AMOS_HOME to the package's folder"
            case .notAHome(let path):
                "AMOS_HOME is \(path), which has no rootfs/devices and Sources/Handset; "
                    + "set it to the Amos package's folder"
            }
        }
    }

    public init(path: String) throws(Failure) {
        guard Self.isHome(path) else { throw .notAHome(path: path) }
        self.path = path
    }

    /// `AMOS_HOME`, else the nearest folder above the executable that is one.
    public static func locate(
        environment: [String: String] = ProcessInfo.processInfo.environment
    ) throws(Failure) -> AmosHome {
        if let path = environment["AMOS_HOME"] {
            return try AmosHome(path: URL(fileURLWithPath: path).standardizedFileURL.path)
        }
        let executable = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? ""
        var folder = URL(fileURLWithPath: executable).deletingLastPathComponent()
        while folder.path != "/" {
            if isHome(folder.path) { return try AmosHome(path: folder.path) }
            folder.deleteLastPathComponent()
        }
        throw .notFound(executable: executable)
    }

    public var rootfs: String { path + "/rootfs" }

    private static func isHome(_ path: String) -> Bool {
        ["/rootfs/devices", "/Sources/Handset"].allSatisfy {
            FileManager.default.fileExists(atPath: path + $0)
        }
    }
}
