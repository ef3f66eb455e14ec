import Foundation
import HostSystem

/// How far a download is.
public struct FetchProgress: Sendable, Equatable {
    public var packageCount: Int
    public var bytesDone: UInt64
    public var bytesTotal: UInt64
}

/// The packages that this machine has: downloads named by their SHA-256, and what was unpacked from them.
///
/// A download is verified when it arrives and again when it is unpacked; what is unpacked is only ever
/// written whole, so that a build in which nothing changed need not hash anything.
public struct PackageStore: Sendable {
    public let cache: CacheFolder
    /// `--mirror`; nil: found when it is first needed, so that a full cache needs none.
    private let givenMirror: String?

    public init(cache: CacheFolder = CacheFolder(), mirror: String? = nil) {
        self.cache = cache
        givenMirror = mirror
    }

    public func debPath(_ package: LockedPackage) -> String { "\(cache.path)/packages/\(package.sha256).deb" }

    /// Those of `packages` that would have to be downloaded before they can be unpacked or exported.
    public func missing(_ packages: [LockedPackage]) -> [LockedPackage] {
        packages.filter { fileSize(debPath($0)) != $0.size }
    }

    /// Downloads what is missing. Other amos processes that fetch wait for this one; what an interrupted one
    /// left is continued.
    public func fetch(
        _ packages: [LockedPackage], progress: (FetchProgress) -> Void = { _ in }
    ) throws(DebianError) {
        if missing(packages).isEmpty { return }
        _ = try cache.folder("packages/partial")
        let lock = try wrapping { () throws(SystemError) in
            try FileLock("\(cache.path)/packages/lock")
        }
        // Another process may have fetched them while this one waited.
        let wanted = missing(packages)
        if wanted.isEmpty { return }
        let mirror = try Mirror.find(given: givenMirror)
        try Download(mirror: mirror, store: self, lock: lock.descriptor).run(wanted, progress: progress)
    }

    /// Everything in `packages`, unpacked: fetches and unpacks what is not there yet, and fetches again what
    /// turns out damaged. In the order of `packages`.
    public func unpacked(
        _ packages: [LockedPackage], progress: (FetchProgress) -> Void = { _ in }
    ) throws(DebianError) -> [UnpackedPackage] {
        let absent = packages.filter { !UnpackedPackage.exists($0, in: cache) }
        if !absent.isEmpty {
            try fetch(absent, progress: progress)
            let damaged = try unpack(absent)
            if !damaged.isEmpty {
                try fetch(damaged, progress: progress)
                if let package = try unpack(damaged).first { throw .corrupted(package: package.name) }
            }
        }
        var result: [UnpackedPackage] = []
        result.reserveCapacity(packages.count)
        for package in packages {
            result.append(try UnpackedPackage(package, in: cache))
            noteUse(UnpackedPackage.indexPath(package, in: cache))
        }
        return result
    }

    public func unpacked(_ package: LockedPackage) throws(DebianError) -> UnpackedPackage {
        try unpacked([package])[0]
    }

    /// Unpacks on all processors, the largest first; returns those whose bytes are not what the lock says,
    /// whose downloads it removes.
    private func unpack(_ packages: [LockedPackage]) throws(DebianError) -> [LockedPackage] {
        let order = packages.sorted { ($0.size, $0.name) > ($1.size, $1.name) }
        let results = Results(count: order.count)
        let lanes = min(order.count, max(1, ProcessInfo.processInfo.activeProcessorCount))
        let next = Counter()
        DispatchQueue.concurrentPerform(iterations: lanes) { _ in
            while let number = next.take(below: order.count) {
                results.set(
                    number,
                    Result { () throws(DebianError) in
                        try Unpacker.unpack(order[number], deb: debPath(order[number]), cache: cache)
                    })
            }
        }
        var damaged: [LockedPackage] = []
        for (package, result) in zip(order, results.values) {
            switch result {
            case .success, nil: continue
            case .failure(.corrupted):
                unlink(debPath(package))
                damaged.append(package)
            case .failure(let error): throw error
            }
        }
        return damaged
    }

    /// `gc` keeps what was used lately. Once a day is enough to know.
    func noteUse(_ path: String) {
        var status = stat()
        guard stat(path, &status) == 0, time(nil) - status.st_mtim.tv_sec > 86_400 else { return }
        utimes(path, nil)
    }
}

/// Bytes of a regular file; nil if there is none.
func fileSize(_ path: String) -> UInt64? {
    var status = stat()
    guard lstat(path, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return nil }
    return UInt64(status.st_size)
}

/// Hands out the numbers from 0, each once, to several threads.
private final class Counter: @unchecked Sendable {
    private let lock = NSLock()
    private var value = 0

    func take(below limit: Int) -> Int? {
        lock.withLock {
            guard value < limit else { return nil }
            defer { value += 1 }
            return value
        }
    }
}

/// One result per package, written by several threads.
private final class Results: @unchecked Sendable {
    private let lock = NSLock()
    private(set) var values: [Result<Void, DebianError>?]

    init(count: Int) { values = Array(repeating: nil, count: count) }

    func set(_ number: Int, _ value: Result<Void, DebianError>) {
        lock.withLock { values[number] = value }
    }
}
