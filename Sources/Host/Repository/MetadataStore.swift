import Foundation
import HostSystem
import Trust

/// A client's folder of trusted metadata: `root.json`, `timestamp.json`, `snapshot.json`, `targets.json`,
/// delegated roles by their percent-encoded names, and `time-floor`, decimal seconds since 1970. Each file is
/// replaced all at once.
public struct MetadataStore: Sendable {
    static let floorFile = "time-floor"
    /// The longest file that is read back; the limits of fetching keep those that are written below it,
    /// unless a repository announces longer ones.
    static let readLimit: Int64 = 1 << 26

    public let folder: String

    public init(folder: String) { self.folder = folder }

    public func load(_ file: String) -> [UInt8]? {
        guard let fetcher = try? Fetcher(folder),
            case .bytes(let bytes) = fetcher.fetch(file, byteLimit: Self.readLimit)
        else { return nil }
        return bytes
    }

    public func persist(_ file: String, _ bytes: [UInt8]) throws(SystemError) {
        let output = try OutputFile(replacing: "\(folder)/\(file)")
        try output.write(bytes, at: 0)
        // A power cut must not leave an older file than one that was acted upon.
        try output.commit(durable: true)
    }

    public func remove(_ file: String) throws(SystemError) {
        guard unlink("\(folder)/\(file)") == 0 || errno == ENOENT else {
            throw SystemError("remove", "\(folder)/\(file)")
        }
    }

    public var floor: TimeFloor {
        let text = load(Self.floorFile).map { String(decoding: $0, as: UTF8.self) } ?? ""
        return TimeFloor(seconds: Int64(text.trimmingCharacters(in: .whitespacesAndNewlines)) ?? 0)
    }

    public func persist(_ floor: TimeFloor) throws(SystemError) {
        try persist(Self.floorFile, Array("\(floor.seconds)\n".utf8))
    }
}
