import Assembly
import DebianBase
import Foundation

/// A folder of this run's own, with a copy of `rootfs` to change at will; the sources are links. Removed when
/// the run ends.
final class Workspace {
    let folder: String
    /// `AMOS_HOME` of everything that is measured.
    let home: String
    let amos: String
    /// Where packages and compiled programs come from.
    let cache: CacheFolder

    enum Failure: Error, CustomStringConvertible {
        case notBuilt(path: String)

        var description: String {
            switch self {
            case .notBuilt(let path): "there is no \(path); run `make build` first"
            }
        }
    }

    init() throws {
        let project = try AmosHome.locate().path
        amos = project + "/.build/release/amos"
        guard access(amos, X_OK) == 0 else { throw Failure.notBuilt(path: amos) }
        cache = CacheFolder()
        let parent = FileManager.default.temporaryDirectory.path
        var template = Array("\(parent)/amos-bench-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw CocoaError(.fileWriteUnknown) }
        folder = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        home = folder + "/home"
        let files = FileManager.default
        try files.createDirectory(atPath: home, withIntermediateDirectories: true)
        try files.copyItem(atPath: project + "/rootfs", toPath: home + "/rootfs")
        for name in ["Sources", "Package.swift"] {
            try files.createSymbolicLink(atPath: "\(home)/\(name)", withDestinationPath: "\(project)/\(name)")
        }
    }

    deinit { try? FileManager.default.removeItem(atPath: folder) }

    func path(_ name: String) -> String { "\(folder)/\(name)" }

    func write(_ text: String, to path: String) throws {
        try text.write(toFile: path, atomically: true, encoding: .utf8)
    }

    func remove(_ path: String) throws {
        if access(path, F_OK) == 0 { try FileManager.default.removeItem(atPath: path) }
    }

    func makeFolder(_ path: String) throws {
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    /// The same files under another name; on another file system, copies of them.
    func linkFiles(from source: String, to destination: String, where isWanted: (String) -> Bool) throws {
        try makeFolder(destination)
        for name in try FileManager.default.contentsOfDirectory(atPath: source) where isWanted(name) {
            let (from, to) = ("\(source)/\(name)", "\(destination)/\(name)")
            if link(from, to) != 0 { try FileManager.default.copyItem(atPath: from, toPath: to) }
        }
    }

    /// `amos build DEVICE`, as a whole process.
    func build(_ device: String, to output: String, cache: String? = nil) throws -> MeasuredProcess.Outcome {
        var environment = ["AMOS_HOME": home]
        if let cache { environment["AMOS_CACHE"] = cache }
        let process = MeasuredProcess(environment: environment)
        return try process.run(amos, ["build", device, "-o", output])
    }

    /// Builds in this process, for what only the builder knows.
    func image(_ request: ImageBuilder.Request) throws -> ImageBuilder.Result {
        try ImageBuilder(home: AmosHome(path: home), cache: cache).build(request)
    }
}
