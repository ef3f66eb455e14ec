import LinuxSystem
import Packages

/// What makes a file unchangeable and says what is in it. A handset has the kernel; nothing else may be in a
/// program that ships.
protocol FileSealer {
    static func seal(_ path: String) throws(SystemCallError)
    static func measure(_ path: String) throws(SystemCallError) -> [UInt8]
}

enum KernelSealer: FileSealer {
    static func seal(_ path: String) throws(SystemCallError) { try Verity.seal(path) }
    static func measure(_ path: String) throws(SystemCallError) -> [UInt8] { try Verity.measure(path) }
}

/// The store in a folder.
final class FileStore<Sealer: FileSealer>: PackageStore {
    /// Read at once by `readThrough`.
    private static var pieceSize: Int { 128 << 10 }

    private let root: String
    private let data: DataFolders
    /// Of files that are written.
    private var open: [(file: StoredFile, descriptor: HeldDescriptor)] = []

    /// Makes the folders that are missing.
    init(_ root: String, data: String) throws(SystemCallError) {
        self.root = root
        self.data = try DataFolders(data)
        try Directory.makeAll(root)
        for folder in StoreFolder.allCases {
            try Directory.make(root + "/" + folder.name, permissions: 0o755)
        }
    }

    private func path(_ file: StoredFile) -> String { root + "/" + file.path }
    private func path(_ folder: StoreFolder) -> String { root + "/" + folder.name }

    private func attempt<Result>(
        _ body: () throws(SystemCallError) -> Result
    ) throws(StoreProblem) -> Result {
        do throws(SystemCallError) {
            return try body()
        } catch {
            if error.isOutOfSpace { throw .noSpace }
            if error.isUnsupported { throw .noVerity }
            if error.code == SystemCallError.notFound { throw .notFound }
            throw .failed(error.description)
        }
    }

    func makeData(_ data: StoredData, user: UInt32) throws(StoreProblem) {
        try attempt { () throws(SystemCallError) in
            try self.data.make(data.id.text, String(data.number), user: user)
        }
    }

    func copyData(_ data: StoredData, to copy: StoredData, user: UInt32) throws(StoreProblem) -> Bool {
        try attempt { () throws(SystemCallError) in
            try self.data.copy(data.id.text, String(data.number), to: String(copy.number), user: user)
        }
    }

    func dataNames(in id: String?) throws(StoreProblem) -> [String] {
        try attempt { () throws(SystemCallError) in try data.names(in: id) }
    }

    func removeData(_ name: String?, of id: String) throws(StoreProblem) {
        try attempt { () throws(SystemCallError) in try data.remove(name, of: id) }
    }

    func create(_ file: StoredFile, size: UInt64) throws(StoreProblem) {
        let made = try attempt { () throws(SystemCallError) in
            let descriptor = try FileDescriptor.open(
                path(file), [.writeOnly, .create, .exclusive, .noFollow], permissions: 0o644)
            try descriptor.reserve(size)
            return HeldDescriptor(descriptor)
        }
        open.append((file, made))
    }

    private func descriptor(of file: StoredFile) throws(StoreProblem) -> HeldDescriptor {
        for entry in open where entry.file == file { return entry.descriptor }
        throw .failed(path(file) + " is not being written")
    }

    private func close(_ file: StoredFile) { open.removeAll { $0.file == file } }

    func write(_ bytes: Span<UInt8>, to file: StoredFile, at offset: UInt64) throws(StoreProblem) {
        let held = try descriptor(of: file)
        do throws(SystemCallError) {
            try held.descriptor.write(bytes, at: offset)
        } catch {
            if error.isOutOfSpace { throw .noSpace }
            throw .failed(error.description)
        }
    }

    func synchronize(_ file: StoredFile) throws(StoreProblem) {
        let held = try descriptor(of: file)
        try attempt { () throws(SystemCallError) in try held.descriptor.synchronize() }
    }

    func seal(_ file: StoredFile) throws(StoreProblem) {
        // The kernel seals nothing that somebody can still write to.
        close(file)
        try attempt { () throws(SystemCallError) in try Sealer.seal(path(file)) }
    }

    func measure(_ file: StoredFile) throws(StoreProblem) -> Digest256 {
        let bytes = try attempt { () throws(SystemCallError) in try Sealer.measure(path(file)) }
        guard let digest = Digest256(bytes) else { throw .failed("a digest of another length") }
        return digest
    }

    func place(_ file: StoredFile, as target: StoredFile) throws(StoreProblem) {
        close(file)
        try attempt { () throws(SystemCallError) in try Directory.rename(path(file), to: path(target)) }
    }

    func synchronize(_ folder: StoreFolder) throws(StoreProblem) {
        try attempt { () throws(SystemCallError) in
            try FileDescriptor.open(path(folder), [.readOnly, .directory]).synchronize()
        }
    }

    func remove(_ file: StoredFile) throws(StoreProblem) {
        close(file)
        try remove(file.name, from: file.folder)
    }

    func remove(_ name: String, from folder: StoreFolder) throws(StoreProblem) {
        try attempt { () throws(SystemCallError) in
            do throws(SystemCallError) {
                try Directory.unlink(path(folder) + "/" + name)
            } catch  where error.code == SystemCallError.notFound {}
        }
    }

    func names(in folder: StoreFolder) throws(StoreProblem) -> [String] {
        try attempt { () throws(SystemCallError) in
            try Directory.names(in: path(folder)).map { String(decoding: $0, as: UTF8.self) }
        }
    }

    func read(_ file: StoredFile, limit: Int) throws(StoreProblem) -> [UInt8] {
        try attempt { () throws(SystemCallError) in
            try FileDescriptor.open(path(file), [.readOnly, .noFollow]).readToEnd(limit: limit)
        }
    }

    func readThrough(_ file: StoredFile) throws(StoreProblem) {
        try attempt { () throws(SystemCallError) in
            let descriptor = try FileDescriptor.open(path(file), [.readOnly, .noFollow])
            var piece = [UInt8](repeating: 0, count: Self.pieceSize)
            var offset: UInt64 = 0
            while true {
                let count = try descriptor.fill(&piece, at: offset)
                if count == 0 { return }
                offset += UInt64(count)
            }
        }
    }
}
