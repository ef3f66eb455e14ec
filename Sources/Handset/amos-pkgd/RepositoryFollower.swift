import Crypto
import LinuxSystem
import Packages
import Transfer
import Trust
import Wire

/// Follows one repository: does what the updater decides, over `amos-fetchd`.
final class RepositoryFollower {
    /// Seconds of one metadata file: what is trickled must not hold the others up for ever.
    private static let metadataSeconds: UInt32 = 120
    /// Of an index; the handset holds it in memory.
    private static let indexLimit: Int64 = 16 << 20
    /// 2024: a clock that shows less was never set.
    private static let oldestSeconds: Int64 = 1_704_067_200

    let files: RepositoryFiles
    private let fetcher: FetchClient
    private var updater: Updater<HandsetTrust>

    init(_ files: RepositoryFiles, _ fetcher: FetchClient) throws(RepositoryProblem) {
        (self.files, self.fetcher) = (files, fetcher)
        let root: [UInt8]
        do throws(SystemCallError) { root = try files.root() } catch { throw .system(error) }
        let now = WallClock.unixNanoseconds / 1_000_000_000
        do throws(TrustError) {
            updater = try Updater(
                trustedRoot: root, floor: files.floor, clock: now < Self.oldestSeconds ? nil : now,
                cryptography: HandsetTrust())
        } catch {
            throw .trust(repository: files.name, error)
        }
    }

    /// Brings the metadata and the index up to date.
    func refresh() throws(RepositoryProblem) -> [IndexedPackage] {
        _ = try perform(updater.refresh())
        let target = try find(RepositoryIndex.path)
        guard target.length <= Self.indexLimit else {
            throw .fetch(file: "index", "longer than " + String(Self.indexLimit) + " bytes")
        }
        if let stored = files.load(RepositoryIndex.path), Self.isRight(stored, target) {
            return try decode(stored)
        }
        let bytes = try load(target)
        let packages = try decode(bytes)
        do throws(SystemCallError) {
            try files.persist(RepositoryIndex.path, bytes)
        } catch {
            throw .system(error)
        }
        return packages
    }

    /// What the last refresh found; for showing, not for installing.
    func stored() throws(RepositoryProblem) -> [IndexedPackage] {
        guard let bytes = files.load(RepositoryIndex.path) else {
            throw .notRefreshed(repository: files.name)
        }
        return try decode(bytes)
    }

    private static func isRight(_ bytes: [UInt8], _ target: TargetFile) -> Bool {
        do throws(TrustError) {
            try target.check(length: Int64(bytes.count)) { HandsetTrust().hash($0, bytes.span) }
            return true
        } catch {
            return false
        }
    }

    private func decode(_ bytes: [UInt8]) throws(RepositoryProblem) -> [IndexedPackage] {
        do throws(WireError) {
            return try RepositoryIndex.decode(bytes)
        } catch {
            throw .badIndex(repository: files.name, error)
        }
    }

    /// After `refresh`.
    func find(_ path: String) throws(RepositoryProblem) -> TargetFile {
        guard case .found(let target) = try perform(updater.find(path)) else {
            throw .notOffered(path)
        }
        return target
    }

    /// A whole small target, as it is signed.
    func load(_ target: TargetFile) throws(RepositoryProblem) -> [UInt8] {
        let bytes = try small(address(of: target), limit: target.length)
        do throws(TrustError) {
            try target.check(length: Int64(bytes.count)) { HandsetTrust().hash($0, bytes.span) }
        } catch {
            throw .trust(repository: files.name, error)
        }
        return bytes
    }

    func address(of target: TargetFile) -> String {
        files.address + "/targets/" + Self.escaped(updater.fetchName(of: target))
    }

    /// A whole small file.
    private func small(_ address: String, limit: Int64) throws(RepositoryProblem) -> [UInt8] {
        var request = FetchRequest(address, byteLimit: UInt64(limit))
        request.seconds = Self.metadataSeconds
        var bytes: [UInt8] = []
        switch try fetcher.fetch(request, take: { (more) throws(RepositoryProblem) in bytes += more }) {
        case .done: return bytes
        case .absent: throw .fetch(file: address, "the repository does not have it")
        case .failed(let reason): throw .fetch(file: address, reason)
        }
    }

    private func perform(_ first: [UpdateEffect]) throws(RepositoryProblem) -> UpdateEffect {
        var effects = first
        while true {
            var event: UpdateEvent?
            for effect in effects {
                switch effect {
                case .load(let file): event = .loaded(files.load(file))
                case .fetch(let name, let limit): event = try fetch(name, limit)
                case .persist, .remove, .persistFloor: try store(effect)
                case .refreshed, .found: return effect
                case .failed(let error): throw .trust(repository: files.name, error)
                }
            }
            guard let event else { throw .fetch(file: files.name, "the update asks for nothing") }
            effects = updater.handle(event)
        }
    }

    private func fetch(_ name: String, _ limit: Int64) throws(RepositoryProblem) -> UpdateEvent {
        let address = files.address + "/metadata/" + Self.escaped(name)
        var request = FetchRequest(address, byteLimit: UInt64(limit))
        request.seconds = Self.metadataSeconds
        var bytes: [UInt8] = []
        switch try fetcher.fetch(request, take: { (more) throws(RepositoryProblem) in bytes += more }) {
        case .done: return .fetched(bytes)
        case .absent: return .absent
        case .failed(let reason): return .failed(reason: reason)
        }
    }

    private func store(_ effect: UpdateEffect) throws(RepositoryProblem) {
        do throws(SystemCallError) {
            switch effect {
            case .persist(let file, let bytes): try files.persist(file, bytes)
            case .remove(let file): files.remove(file)
            case .persistFloor(let floor): try files.persist(floor)
            default: break
            }
        } catch {
            throw .system(error)
        }
    }

    /// Role names arrive percent-encoded; of a target's path only what no URL has is encoded.
    private static func escaped(_ name: String) -> String {
        let digits = Array("0123456789ABCDEF".utf8)
        let odd = Array("\"<>\\^`{|}".utf8)
        var bytes: [UInt8] = []
        for byte in name.utf8 {
            if byte > 0x20, byte < 0x7f, !odd.contains(byte) {
                bytes.append(byte)
            } else {
                bytes += [0x25, digits[Int(byte >> 4)], digits[Int(byte & 15)]]
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
