import DeviceSpec
import DiskImage
import Foundation
import HostSystem
import Packages
import Packaging
import Repository
import Trust

/// What an upgrade fetches, beside zsync and casync on the same two packages: one byte more in one of 500
/// files.
struct DeltaBenchmark {
    private static let fileCount = 500
    private static let fileSize = 100_000
    private static let id = "com.example.large"

    let workspace: Workspace

    func table() throws -> Table {
        let folder = workspace.path("delta")
        try workspace.makeFolder(folder)
        let keys = SigningKeyStore(folder: folder + "/keys")
        _ = try keys.create("bench")
        let repository = RepositoryFolder(
            path: folder + "/repository", keys: keys, now: RepositoryClient.clock)
        try repository.create(keys: ["root": "bench"])
        let old = try pack(1, in: folder, keys)
        let new = try pack(2, in: folder, keys)
        try repository.add([("old", old)])
        try repository.publish()
        try repository.add([("new", new)])
        try repository.publish()
        let own = try fetched(repository, folder)
        var rows = [
            Measurement(
                "Amos: blocks, their list, metadata and index", .bytes, [Double(own)], below: 400 * 1024)
        ]
        if let bytes = try zsync(old, new, folder) {
            rows.append(Measurement("zsync: blocks and control file", .bytes, [Double(bytes)]))
        }
        if let bytes = try casync(old, new, folder) {
            rows.append(Measurement("casync: compressed chunks and index", .bytes, [Double(bytes)]))
        }
        let size = try FileManager.default.attributesOfItem(atPath: new)[.size] as? Int ?? 0
        return Table(
            title: "Upgrade of a package of \(size) bytes: one byte more in one of \(Self.fileCount) files",
            remark: "Bodies of answers. Noise in every file: nothing to compress.", rows: rows)
    }

    private func pack(_ code: Int, in folder: String, _ keys: SigningKeyStore) throws -> String {
        let source = "\(folder)/source-\(code)"
        try workspace.makeFolder(source + "/files")
        try workspace.write(
            """
            id: \(Self.id)
            version: 1.\(code).0
            version-code: \(code)
            kind: library
            architecture: any
            name: Large
            licence: MIT

            """, to: source + "/package.yaml")
        var state: UInt64 = 1
        for index in 0..<Self.fileCount {
            var bytes = [UInt8](repeating: 0, count: Self.fileSize)
            for place in bytes.indices {
                state ^= state << 13
                state ^= state >> 7
                state ^= state << 17
                bytes[place] = UInt8(truncatingIfNeeded: state >> 32)
            }
            if code == 2, index == Self.fileCount / 2 { bytes.insert(0x55, at: Self.fileSize / 2) }
            try OutputFile.write(bytes, to: "\(source)/files/\(index)")
        }
        let file = "\(folder)/\(code).amospkg"
        let builder = try PackageBuilder(
            PackageDescription(folder: source), keys: keys, keyName: "bench")
        _ = try builder.build(to: file)
        return file
    }

    /// By what a handset asks for: the files of the newest state, and the blocks that the old list lacks.
    private func fetched(_ repository: RepositoryFolder, _ folder: String) throws -> UInt64 {
        let store = MetadataStore(folder: folder)
        let metadata = try Fetcher(repository.path + "/metadata")
        let targets = try Fetcher(repository.path + "/targets")
        try store.persist(
            "root.json", MetadataStore(folder: repository.path + "/metadata").load("1.root.json") ?? [])
        var client = try RepositoryClient(store: store, metadata: metadata, clock: RepositoryClient.clock)
        try client.refresh()
        var bytes: UInt64 = 0
        for file in ["timestamp.json", "snapshot.json", "targets.json"] {
            bytes += UInt64(store.load(file)?.count ?? 0)
        }
        bytes += UInt64(try client.find(RepositoryIndex.path).length)
        let lists = try ["old", "new"].map { name in
            let target = try client.find(name + BlockList.suffix)
            if name == "new" { bytes += UInt64(target.length) }
            return try BlockList(decoding: try client.download(target, from: targets))
        }
        return bytes + DeltaPlan(of: lists[1], from: lists[0]).remoteBytes
    }

    /// nil: it is not installed.
    private func zsync(_ old: String, _ new: String, _ folder: String) throws -> UInt64? {
        guard let make = try? Tool("zsyncmake", package: "zsync"),
            let fetch = try? Tool("zsync", package: "zsync")
        else { return nil }
        let server = try FileServer(folder: folder, port: 0)
        let port = server.port
        try make.check(
            ["-u", "http://127.0.0.1:\(port)/2.amospkg", "-o", folder + "/2.zsync", new], folder: folder)
        let running = Serving(server)
        Thread { running.run() }.start()
        let output = try fetch.run(
            ["-i", old, "-o", folder + "/zsynced", folder + "/2.zsync"], folder: folder)
        let text = output.text + output.errorText
        guard let line = text.split(whereSeparator: \.isNewline).last(where: { $0.contains("fetched ") }),
            let number = line.components(separatedBy: "fetched ").last.flatMap({ UInt64($0) })
        else { return nil }
        let control = try FileManager.default.attributesOfItem(atPath: folder + "/2.zsync")[.size] as? UInt64
        return number + (control ?? 0)
    }

    private final class Serving: @unchecked Sendable {
        private let body: () -> Void

        init(_ server: consuming FileServer) {
            let held = Held(server)
            body = { held.server.run { _, _ in } }
        }

        func run() { body() }

        private final class Held {
            let server: FileServer
            init(_ server: consuming FileServer) { self.server = server }
        }
    }

    /// What of the new one's store is not in the old one's.
    private func casync(_ old: String, _ new: String, _ folder: String) throws -> UInt64? {
        guard let casync = try? Tool("casync", package: "casync") else { return nil }
        var chunks: [Set<String>] = []
        for (index, file) in [old, new].enumerated() {
            let store = "\(folder)/store-\(index)"
            try casync.check(["make", "--store=\(store)", "\(folder)/\(index).caibx", file])
            chunks.append(Set(FileManager.default.subpaths(atPath: store) ?? []))
        }
        var bytes: UInt64 = 0
        for chunk in chunks[1].subtracting(chunks[0]) where chunk.hasSuffix(".cacnk") {
            bytes += try size("\(folder)/store-1/\(chunk)")
        }
        return try bytes + size("\(folder)/1.caibx")
    }

    private func size(_ path: String) throws -> UInt64 {
        try FileManager.default.attributesOfItem(atPath: path)[.size] as? UInt64 ?? 0
    }
}
