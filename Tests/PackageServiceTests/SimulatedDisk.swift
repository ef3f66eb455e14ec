import Foundation
import Packages

/// A store in memory that forgets at a power cut what was not synchronised, and fails where it is told to.
final class SimulatedDisk: PackageStore {
    enum Fault: CaseIterable, Sendable {
        case noSpace, inputOutput
        /// Nothing happens any more after this effect.
        case powerCut
    }

    /// What a power cut leaves of things that were not synchronised.
    enum Loss: CaseIterable, Sendable {
        /// Only the program was killed.
        case nothing
        case everything
        /// Names reached the disk before what they name.
        case contents
        /// The same, and of what they name the first half.
        case torn
        /// Some names reached the disk, others that were changed before them did not.
        case reordered
    }

    private final class Inode {
        var bytes: [UInt8]
        var durableBytes: [UInt8]?
        var isSealed = false

        init(_ bytes: [UInt8]) { self.bytes = bytes }
    }

    private var names: [StoreFolder: [String: Inode]] = [:]
    private var durableNames: [StoreFolder: [String: Inode]] = [:]
    private(set) var effects = 0
    private var fault: Fault?
    private var faultyEffect = 0
    private var isDead = false

    /// The `effect`-th from now on, counted from 1.
    func fail(at effect: Int, with fault: Fault) {
        (self.fault, faultyEffect, effects) = (fault, effect, 0)
    }

    var hasFailed: Bool { fault != nil && effects >= faultyEffect }

    /// Power is back.
    func restart(after loss: Loss) {
        (fault, isDead) = (nil, false)
        if loss == .everything { names = durableNames }
        if loss == .reordered { reorder() }
        if loss != .nothing {
            for inode in names.values.flatMap(\.values) {
                let half = loss == .torn ? inode.bytes.count / 2 : 0
                let rest = [UInt8](repeating: 0, count: inode.bytes.count - half)
                inode.bytes = inode.durableBytes ?? inode.bytes.prefix(half) + rest
            }
        }
        durableNames = names
    }

    /// Every other name that was changed since is as it was.
    private func reorder() {
        var isOld = false
        for folder in StoreFolder.allCases {
            let (now, before) = (names[folder, default: [:]], durableNames[folder, default: [:]])
            for name in Set(now.keys).union(before.keys).sorted() where now[name] !== before[name] {
                isOld.toggle()
                if isOld { names[folder, default: [:]][name] = before[name] }
            }
        }
    }

    private func effect<Result>(_ body: () throws(StoreProblem) -> Result) throws(StoreProblem) -> Result {
        guard !isDead else { throw .failed("there is no power") }
        effects += 1
        if effects == faultyEffect {
            switch fault {
            case .noSpace: throw .noSpace
            case .inputOutput: throw .failed("Input/output error")
            case .powerCut: isDead = true
            case nil: break
            }
        }
        return try body()
    }

    private func inode(_ file: StoredFile) throws(StoreProblem) -> Inode {
        guard let inode = names[file.folder]?[file.name] else { throw .notFound }
        return inode
    }

    func create(_ file: StoredFile, size: UInt64) throws(StoreProblem) {
        let inode = Inode([UInt8](repeating: 0, count: Int(size)))
        try effect { names[file.folder, default: [:]][file.name] = inode }
    }

    func write(_ bytes: Span<UInt8>, to file: StoredFile, at offset: UInt64) throws(StoreProblem) {
        let copy = bytes.withUnsafeBufferPointer { Array($0) }
        try effect { () throws(StoreProblem) in
            let inode = try inode(file)
            guard !inode.isSealed else { throw .failed("it is sealed") }
            inode.bytes.replaceSubrange(Int(offset)..<Int(offset) + copy.count, with: copy)
        }
    }

    func synchronize(_ file: StoredFile) throws(StoreProblem) {
        try effect { () throws(StoreProblem) in
            let inode = try inode(file)
            inode.durableBytes = inode.bytes
        }
    }

    func seal(_ file: StoredFile) throws(StoreProblem) {
        try effect { () throws(StoreProblem) in try inode(file).isSealed = true }
    }

    func measure(_ file: StoredFile) throws(StoreProblem) -> Digest256 {
        try effect { () throws(StoreProblem) in
            let inode = try inode(file)
            guard inode.isSealed, let digest = try? TestPackage.verity(inode.bytes) else {
                throw .failed("it is not sealed")
            }
            return digest
        }
    }

    func place(_ file: StoredFile, as target: StoredFile) throws(StoreProblem) {
        try effect { () throws(StoreProblem) in
            names[target.folder, default: [:]][target.name] = try inode(file)
            names[file.folder]?[file.name] = nil
        }
    }

    func synchronize(_ folder: StoreFolder) throws(StoreProblem) {
        try effect { durableNames[folder] = names[folder] }
    }

    func remove(_ file: StoredFile) throws(StoreProblem) { try remove(file.name, from: file.folder) }

    func remove(_ name: String, from folder: StoreFolder) throws(StoreProblem) {
        try effect { names[folder]?[name] = nil }
    }

    func names(in folder: StoreFolder) throws(StoreProblem) -> [String] {
        try effect { names[folder, default: [:]].keys.sorted() }
    }

    func read(_ file: StoredFile, limit: Int) throws(StoreProblem) -> [UInt8] {
        try effect { () throws(StoreProblem) in Array(try inode(file).bytes.prefix(limit)) }
    }

    func readThrough(_ file: StoredFile) throws(StoreProblem) { _ = try read(file, limit: .max) }

    // MARK: Data of apps

    /// What each folder holds, on the disk at once; whole folders are made, copied and removed in one effect.
    private var data: [String: [String: String]] = [:]
    /// More than this is not copied.
    var copyLimit = 100

    func makeData(_ data: StoredData, user: UInt32) throws(StoreProblem) {
        try effect {
            if self.data[data.id.text]?[String(data.number)] == nil {
                self.data[data.id.text, default: [:]][String(data.number)] = ""
            }
        }
    }

    func copyData(_ data: StoredData, to copy: StoredData, user: UInt32) throws(StoreProblem) -> Bool {
        try effect {
            let content = self.data[data.id.text]?[String(data.number)] ?? ""
            guard content.utf8.count <= copyLimit else { return false }
            self.data[copy.id.text, default: [:]][String(copy.number)] = content
            return true
        }
    }

    func dataNames(in id: String?) throws(StoreProblem) -> [String] {
        try effect { id.map { data[$0, default: [:]].keys.sorted() } ?? data.keys.sorted() }
    }

    func removeData(_ name: String?, of id: String) throws(StoreProblem) {
        try effect { if let name { data[id]?[name] = nil } else { data[id] = nil } }
    }

    /// As the app sees it; nil: it has no folder.
    func content(of package: Generation.Package?) -> String? {
        package.flatMap { data[$0.id.text]?[String($0.data)] }
    }

    /// The app writes.
    func write(_ content: String, as package: Generation.Package?) {
        guard let package else { return }
        data[package.id.text]?[String(package.data)] = content
    }

    var dataFolders: [String] { data.flatMap { id, names in names.keys.map { "\(id)/\($0)" } }.sorted() }

    /// Flips one bit of a file that nobody should be able to change.
    func damage(_ folder: StoreFolder) {
        for inode in names[folder, default: [:]].values { Self.damage(inode) }
    }

    func damage(generation number: UInt64) {
        names[.generations]?[String(number)].map(Self.damage)
    }

    func damage(_ folder: StoreFolder, nameOf package: Generation.Package) {
        let name = (folder == .payloads ? package.payload : package.manifest).hex
        names[folder]?[name].map(Self.damage)
    }

    private static func damage(_ inode: Inode) { inode.bytes[inode.bytes.count / 2] ^= 1 }

    /// As a copy of the files would be.
    func unseal(_ folder: StoreFolder) {
        for inode in names[folder, default: [:]].values { inode.isSealed = false }
    }
}
