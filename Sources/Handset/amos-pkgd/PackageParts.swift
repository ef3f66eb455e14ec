import LinuxSystem
import Packages
import Transfer
import Trust
import Wire

/// Where the bytes of a package come from, in their order.
enum PackagePart {
    case bytes([UInt8])
    case local(HeldDescriptor, offset: UInt64, count: UInt64)
    /// Of the target.
    case remote(offset: UInt64, count: UInt64)
}

/// Decides what of a package is fetched.
struct PackageParts {
    /// A list longer than this part of its package saves nothing worth its own bytes.
    private static let listShare: UInt64 = 8
    /// Below this the list, a request more and reading the old payload are not worth it.
    private static let smallest: UInt64 = 128 << 10

    let parts: [PackagePart]
    /// Kept bytes are those of the remote parts one after the other: of other parts they are other bytes.
    let isDelta: Bool

    static func whole(_ target: TargetFile) -> PackageParts {
        PackageParts(parts: [.remote(offset: 0, count: UInt64(target.length))], isDelta: false)
    }

    /// From the installed version, where that is less to fetch.
    static func delta(
        _ offer: RepositoryWorker.Offer, _ target: TargetFile, from installed: Generation.Package,
        _ options: Options
    ) -> PackageParts? {
        let length = UInt64(target.length)
        guard length >= smallest, let wanted = list(offer, limit: length / listShare),
            wanted.size == offer.head.header.payloadSize,
            let local = LocalPayload(installed, options)
        else { return nil }
        let plan = DeltaPlan(of: wanted, from: local.blocks)
        guard plan.remoteBytes < length, let head = try? offer.encodedHead() else { return nil }
        var parts: [PackagePart] = [.bytes(head)]
        for part in plan.parts {
            switch part {
            case .local(let offset, let count):
                parts.append(.local(local.file, offset: offset, count: count))
            case .remote(let offset, let count):
                parts.append(.remote(offset: offset + offer.head.header.payloadOffset, count: count))
            }
        }
        return PackageParts(parts: parts, isDelta: true)
    }

    /// The signed list beside the package; nil where there is none that can be used.
    private static func list(_ offer: RepositoryWorker.Offer, limit: UInt64) -> BlockList? {
        do throws(RepositoryProblem) {
            let target = try offer.follower.find(offer.indexed.path + BlockList.suffix)
            guard UInt64(target.length) <= limit else { return nil }
            let bytes = try offer.follower.load(target)
            return try? BlockList(decoding: bytes)
        } catch {
            return nil
        }
    }
}

extension RepositoryWorker.Offer {
    /// What stands before the payload: the index has all of it.
    func encodedHead() throws(PackageError) -> [UInt8] {
        try PackageHead.encode(
            manifest: head.manifestBytes, signatures: head.signatures, payloadSize: head.header.payloadSize)
    }
}
