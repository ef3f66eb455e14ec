import Wire

/// A file of the store by its place; `Digest256` is the name of its file.
public enum StoredFile: Sendable, Equatable {
    /// What is being written. Numbers are given out by whoever writes, and are free again after a start.
    case incoming(UInt32)
    /// Everything of a package before its payload, by the SHA-256 of its manifest.
    case manifest(Digest256)
    /// The EROFS file, by what fs-verity measures.
    case payload(Digest256)
    case generation(UInt64)

    public var folder: StoreFolder {
        switch self {
        case .incoming: .incoming
        case .manifest: .manifests
        case .payload: .payloads
        case .generation: .generations
        }
    }

    /// In its folder.
    public var name: String {
        switch self {
        case .incoming(let number): String(number)
        case .manifest(let digest), .payload(let digest): digest.hex
        case .generation(let number): String(number)
        }
    }
}

/// A folder with an app's own data: `NUMBER` in the folder of its id.
public struct StoredData: Sendable, Equatable {
    public let id: PackageID
    /// The set that it was made with.
    public let number: UInt64

    public init(_ id: PackageID, _ number: UInt64) { (self.id, self.number) = (id, number) }
}

extension StoredFile {
    /// Below the store's own folder.
    public var path: String { folder.name + "/" + name }

    /// Of a set's file; nil: it is none.
    public static func generationNumber(_ name: String) -> UInt64? {
        // As it is written, and with room for successors.
        guard let number = Decimal.number(Array(name.utf8)[...]), number > 0, number < UInt64(Int64.max),
            UTF8Text.equal(String(number), name)
        else { return nil }
        return number
    }
}

public enum StoreFolder: Sendable, CaseIterable {
    case incoming, manifests, payloads, generations

    public var name: String {
        switch self {
        case .incoming: "incoming"
        case .manifests: "manifests"
        case .payloads: "payloads"
        case .generations: "generations"
        }
    }
}

/// Why the store could not do something.
public enum StoreProblem: Error, Sendable {
    case noSpace
    /// Its file system cannot seal files.
    case noVerity
    case notFound
    /// What the kernel said.
    case failed(String)
}

/// The engine's one door to the disk. Each call is one effect: it happens or it throws, and a power cut after
/// it keeps only what was synchronised.
///
/// A class, because an install and the engine that began it use the same one.
public protocol PackageStore: AnyObject {
    /// A new, empty file with room on the disk for `size` bytes.
    func create(_ file: StoredFile, size: UInt64) throws(StoreProblem)
    func write(_ bytes: Span<UInt8>, to file: StoredFile, at offset: UInt64) throws(StoreProblem)
    /// fsync(2): its bytes are on the disk.
    func synchronize(_ file: StoredFile) throws(StoreProblem)
    /// Makes its bytes unchangeable (FS_IOC_ENABLE_VERITY). Nobody writes to it afterwards.
    func seal(_ file: StoredFile) throws(StoreProblem)
    /// What the kernel says a sealed file holds (FS_IOC_MEASURE_VERITY).
    func measure(_ file: StoredFile) throws(StoreProblem) -> Digest256
    /// rename(2), over what is there.
    func place(_ file: StoredFile, as target: StoredFile) throws(StoreProblem)
    /// fsync(2) of the folder: the names in it are on the disk.
    func synchronize(_ folder: StoreFolder) throws(StoreProblem)
    /// One that is not there is fine.
    func remove(_ file: StoredFile) throws(StoreProblem)
    /// By name, which may be anything; no order.
    func remove(_ name: String, from folder: StoreFolder) throws(StoreProblem)
    func names(in folder: StoreFolder) throws(StoreProblem) -> [String]
    func read(_ file: StoredFile, limit: Int) throws(StoreProblem) -> [UInt8]
    /// Reads every byte: what a sealed file has lost shows as an error.
    func readThrough(_ file: StoredFile) throws(StoreProblem)

    /// An empty folder that nobody but `user` enters; one that is there already stays as it is.
    func makeData(_ data: StoredData, user: UInt32) throws(StoreProblem)
    /// A copy of everything in a folder, in one that may be there already and goes first; on the disk as a
    /// whole when this returns. An original that is not there is an empty one.
    /// - Returns: false, and there is no copy: it holds more, or something else, than is copied.
    func copyData(_ data: StoredData, to copy: StoredData, user: UInt32) throws(StoreProblem) -> Bool
    /// Names of folders, which may be anything: of ids, and within one of them.
    func dataNames(in id: String?) throws(StoreProblem) -> [String]
    /// nil: all of the id.
    func removeData(_ name: String?, of id: String) throws(StoreProblem)
}

/// A SHA-256 that is fed piece by piece.
public protocol RunningDigest: AnyObject {
    func add(_ bytes: Span<UInt8>)
    /// nil: the library had no memory on the way.
    func finish() -> Digest256?
}

public protocol StreamCryptography: PackageCryptography {
    associatedtype Running: RunningDigest
    func beginSHA256() -> Running
}
