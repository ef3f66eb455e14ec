import Foundation
import HostSystem
import Packages
import Packaging

// Block lists beside packages: by them an upgrade fetches only what the installed version lacks.
extension RepositoryFolder {
    /// The list of a package's payload.
    static func blockList(of bytes: [UInt8], _ package: PackageFile) -> BlockList {
        var list = BlockList()
        var cutter = BlockCutter()
        let payload = bytes.span.extracting(droppingFirst: Int(package.head.header.payloadOffset))
        var (start, begin) = (0, 0)
        while start < payload.count {
            let (count, ends) = cutter.scan(payload, from: start)
            start += count
            guard ends || start == payload.count else { continue }
            let digest = payload.extracting(begin..<start).withUnsafeBytes { SHA256Digest.of($0).bytes }
            list.append(BlockName(digest), length: start - begin)
            begin = start
        }
        return list
    }
}
