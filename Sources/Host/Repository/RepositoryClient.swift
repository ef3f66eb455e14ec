import Foundation
import HostSystem
import Trust

/// Performs what the updater decides: files from a repository into a store.
public struct RepositoryClient {
    private let store: MetadataStore
    private let metadata: Fetcher
    private var updater: Updater<LibcryptoTrust>
    /// The trusted one, and each that followed it.
    private(set) var roots: [[UInt8]]

    /// - Parameter clock: seconds since 1970.
    public init(
        store: MetadataStore, metadata: Fetcher, clock: Int64, limits: UpdateLimits = UpdateLimits()
    ) throws(RepositoryError) {
        guard let root = store.load("root.json") else { throw .noTrustedRoot(folder: store.folder) }
        self.store = store
        self.metadata = metadata
        roots = [root]
        do throws(TrustError) {
            updater = try Updater(
                trustedRoot: root, floor: store.floor, clock: clock, cryptography: LibcryptoTrust(),
                limits: limits)
        } catch {
            throw .trust(error)
        }
    }

    var trusted: TrustedMetadata<LibcryptoTrust> { updater.trusted }

    func fetchName(of target: TargetFile) -> String { updater.fetchName(of: target) }

    /// Seconds since 1970, now.
    public static var clock: Int64 { Int64(time(nil)) }

    /// Brings the top-level metadata up to date; once.
    public mutating func refresh() throws(RepositoryError) {
        guard case .refreshed = try perform(updater.refresh()) else {
            preconditionFailure("a refresh ended as something else")
        }
    }

    /// After `refresh`.
    public mutating func find(_ path: String) throws(RepositoryError) -> TargetFile {
        guard case .found(let target) = try perform(updater.find(path)) else {
            preconditionFailure("a search ended as something else")
        }
        return target
    }

    /// Fetches a target that `find` has found; nothing is returned that is not what was announced.
    public func download(_ target: TargetFile, from targets: Fetcher) throws(RepositoryError) -> [UInt8] {
        let name = updater.fetchName(of: target)
        switch targets.fetch(name, byteLimit: target.length) {
        case .bytes(let bytes):
            do throws(TrustError) { try Self.check(bytes, target) } catch { throw .trust(error) }
            return bytes
        case .absent: throw .trust(.unavailable(file: name))
        case .failed(let reason): throw .trust(.fetchFailed(file: name, reason: reason))
        }
    }

    public static func check(_ bytes: [UInt8], _ target: TargetFile) throws(TrustError) {
        let cryptography = LibcryptoTrust()
        try target.check(length: Int64(bytes.count)) { cryptography.hash($0, bytes.span) }
    }

    private mutating func perform(_ first: [UpdateEffect]) throws(RepositoryError) -> UpdateEffect {
        var effects = first
        while true {
            var event: UpdateEvent?
            for effect in effects {
                switch effect {
                case .load(let file): event = .loaded(store.load(file))
                case .fetch(let name, let byteLimit):
                    switch metadata.fetch(name, byteLimit: byteLimit) {
                    case .bytes(let bytes): event = .fetched(bytes)
                    case .absent: event = .absent
                    case .failed(let reason): event = .failed(reason: reason)
                    }
                case .persist, .remove, .persistFloor:
                    if case .persist("root.json", let bytes) = effect { roots.append(bytes) }
                    try store(effect)
                case .refreshed, .found: return effect
                case .failed(let error): throw .trust(error)
                }
            }
            guard let event else { preconditionFailure("an update that asks for nothing and does not end") }
            effects = updater.handle(event)
        }
    }

    private func store(_ effect: UpdateEffect) throws(RepositoryError) {
        do throws(SystemError) {
            switch effect {
            case .persist(let file, let bytes): try store.persist(file, bytes)
            case .remove(let file): try store.remove(file)
            case .persistFloor(let floor): try store.persist(floor)
            default: break
            }
        } catch {
            throw .system(error)
        }
    }
}
