import DebianBase
import Foundation
import HostSystem

/// What Assembly adds to the cache: compiled handset programs and extracted kernel modules, each under the
/// hash of what it was made from.
public struct ProgramCache {
    private let folders: [String]

    public init(_ cache: CacheFolder) {
        folders = ["\(cache.path)/handset", "\(cache.path)/modules"]
    }

    public var bytes: UInt64 {
        let files = (try? FingerprintTable.filesBelow(folders.filter { access($0, F_OK) == 0 })) ?? []
        return files.reduce(0) { $0 + ((try? fileSize(of: $1)) ?? 0) }
    }

    /// Removes what was not made or used for so long; everything can be made again.
    public func clean(unusedDays days: Int) throws {
        let limit = Date(timeIntervalSinceNow: -Double(days) * 86_400)
        for folder in folders {
            for name in (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? [] {
                let path = "\(folder)/\(name)"
                let used = try FileManager.default.attributesOfItem(atPath: path)[.modificationDate] as? Date
                if let used, used <= limit { try FileManager.default.removeItem(atPath: path) }
            }
        }
    }
}
