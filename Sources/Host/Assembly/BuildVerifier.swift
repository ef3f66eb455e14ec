import DebianBase
import DeviceSpec
import DiskImage
import Foundation
import HostSystem

/// Builds a device twice, as differently as one machine can, and compares the results byte by byte.
///
/// Both builds are processes of their own, because time zone, locale, umask and processors belong to a
/// process. Both compile the handset's programs afresh. The second one works on copies: of the project's
/// sources, of the device's own files, and of the downloaded packages, which it unpacks again.
public struct BuildVerifier {
    public struct Variation: Encodable, Sendable, Equatable {
        public var what: String
        public var first: String
        public var second: String
    }

    public struct Artefact: Encodable, Sendable, Equatable {
        public var name: String
        public var size: UInt64
        public var sha256: String
        public var isSame: Bool
    }

    public struct Report: Encodable, Sendable {
        public var variations: [Variation]
        public var artefacts: [Artefact]
        /// One line; nil: the builds are equal.
        public var firstDifference: String?
        /// Where both results are; nil: they are equal and were removed.
        public var folders: [String]?
        /// What each build took.
        public var seconds: [Double]
        public var isReproducible: Bool { firstDifference == nil }
    }

    public enum Failure: Error, CustomStringConvertible {
        case build(which: String, message: String)

        public var description: String {
            switch self {
            case .build(let which, let message): "the \(which) build failed:\n\(message)"
            }
        }
    }

    static let artefacts = ["disk.img", "boot.img", "image.json"]

    let home: AmosHome
    let cache: CacheFolder

    public init(home: AmosHome, cache: CacheFolder = CacheFolder()) {
        self.home = home
        self.cache = cache
    }

    public func verify(
        _ request: ImageBuilder.Request, progress: (String) -> Void = { _ in }
    ) throws -> Report {
        let tools = try BuildConditions.Tools()
        let device = try ImageBuilder(home: home, cache: cache).loadDevice(request)
        let folder = try VerifyFolder(in: cache)
        var isKept = false
        defer { if !isKept { folder.remove() } }
        let first = BuildConditions.ordinary(
            request, device: device, home: home, output: folder.path + "/first", cache: cache)
        progress("building here")
        var seconds = [try run(first, tools, "first")]
        let second = try BuildConditions.different(
            request, device: device, home: home, folder: folder.path + "/elsewhere", cache: cache)
        progress("building elsewhere, \(BuildConditions.days) days later")
        seconds.append(try run(second, tools, "second"))
        progress("comparing")
        var report = Report(
            variations: BuildConditions.variations(first, second), artefacts: [], firstDifference: nil,
            folders: nil, seconds: seconds)
        try compare(first.output, second.output, &report)
        // People want to look at what differs.
        isKept = !report.isReproducible
        if isKept { report.folders = [first.output, second.output] }
        return report
    }

    private func run(_ conditions: BuildConditions, _ tools: BuildConditions.Tools, _ which: String) throws
        -> Double
    {
        let start = Date()
        let (program, arguments) = try conditions.command(tools)
        let output = try program.run(
            arguments, environment: conditions.environment, folder: conditions.workingFolder)
        guard output.status == 0 else { throw Failure.build(which: which, message: output.errorText) }
        return Date().timeIntervalSince(start)
    }

    private func compare(_ first: String, _ second: String, _ report: inout Report) throws {
        for name in Self.artefacts {
            let one = try InputFile("\(first)/\(name)")
            let other = try InputFile("\(second)/\(name)")
            let comparison = try RangeComparison(one, at: 0, other, at: 0, count: min(one.size, other.size))
            report.artefacts.append(
                Artefact(
                    name: name, size: one.size, sha256: "\(try FingerprintTable.hash("\(first)/\(name)"))",
                    isSame: one.size == other.size && comparison.firstDifference == nil))
        }
        guard let wrong = report.artefacts.first(where: { !$0.isSame }) else { return }
        report.firstDifference = try describe(wrong.name, first, second)
    }

    /// What a person needs to know to find the cause.
    private func describe(_ artefact: String, _ first: String, _ second: String) throws -> String {
        if artefact == "image.json" {
            let field = try JSONDifference.first("\(first)/\(artefact)", "\(second)/\(artefact)")
            return "image.json differs: \(field ?? "in its layout only")"
        }
        let difference = try ImageComparer().compare("\(first)/\(artefact)", "\(second)/\(artefact)")
        guard let (area, change) = difference.mostTelling else { return "\(artefact) differs" }
        let place = change.place.isEmpty || change.place == change.subject ? "" : " in \(change.place)"
        return "\(artefact) differs: \(area) \(change.text)\(place)"
    }
}

/// A folder for one comparison inside of the cache, where hard links to the packages work. Its name holds the
/// process number, so that the next comparison removes what a killed one, or one that found a difference,
/// left behind.
private struct VerifyFolder {
    let path: String

    init(in cache: CacheFolder) throws {
        let parent = cache.path + "/verify"
        let manager = FileManager.default
        for name in (try? manager.contentsOfDirectory(atPath: parent)) ?? [] {
            guard let process = name.split(separator: "-").first.flatMap({ Int32($0) }) else { continue }
            if kill(process, 0) != 0, errno == ESRCH { try? manager.removeItem(atPath: "\(parent)/\(name)") }
        }
        path = "\(parent)/\(getpid())-\(UInt32.random(in: 0...UInt32.max))"
        try manager.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    func remove() { try? FileManager.default.removeItem(atPath: path) }
}
