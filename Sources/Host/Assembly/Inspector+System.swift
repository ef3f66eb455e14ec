import DiskImage
import Foundation
import HostSystem

extension Inspector {
    /// Adds what is known of the system partition at `start`; returns what file system and tree take.
    @discardableResult
    func addSystem(
        _ path: String, _ label: String, at start: UInt64, limit: UInt64, _ inspection: inout Inspection
    ) -> UInt64? {
        guard
            var system = inspection.attempt(
                label,
                { () throws(DiskImageError) in
                    try Self.system(path, label, at: start)
                })
        else { return nil }
        let blockSize = UInt64(DMVerity.blockSize)
        let size = (system.size + blockSize - 1) / blockSize * blockSize
        // A bare EROFS file has no tree; a partition must have one.
        if inspection.kind == .disk || size < limit {
            let tree = inspection.attempt(label) { () throws(DiskImageError) in
                try DMVerity.check(try InputFile(path), dataOffset: start, dataSize: size)
            }
            if let tree {
                system.verity = .init(
                    rootHash: "\(tree.rootHash)", salt: hex(tree.salt), dataBlocks: tree.dataBlocks)
                system.verityBytes = tree.size
            }
        }
        if let root = system.verity?.rootHash,
            let twin = inspection.systems.first(where: { $0.verity?.rootHash == root })
        {
            system.sameAs = twin.label
            system.files = []
        }
        inspection.systems.append(system)
        return size + system.verityBytes
    }

    static func system(
        _ path: String, _ label: String, at start: UInt64
    ) throws(DiskImageError) -> Inspection.System {
        let reader = try EROFSReader(path, at: start)
        let entries = try reader.entries()
        var seen: Set<UInt64> = []
        var content: UInt64 = 0
        var stored: UInt64 = 0
        for entry in entries where seen.insert(entry.inode).inserted {
            // A damaged inode may claim any size; the sums are for people, so they stop instead of trapping.
            content = entry.kind == .file ? content.addingUpToLimit(entry.size) : content
            stored = entry.kind == .file ? stored.addingUpToLimit(entry.storedSize) : stored
        }
        let volume = reader.volume
        return Inspection.System(
            label: label, volume: volume.name, uuid: "\(volume.uuid)", size: volume.size,
            inodes: volume.inodes, isCompressed: volume.isCompressed, contentBytes: content,
            storedBytes: stored, savedBytes: volume.isCompressed && content > stored ? content - stored : 0,
            verity: nil, verityBytes: 0, sameAs: nil, files: entries.map { Inspection.File($0) })
    }

    private func hex(_ bytes: [UInt8]) -> String {
        bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }

    /// Packages and origins, if the `image.json` beside the image tells of this very image.
    func addManifest(_ location: ImageLocation, _ inspection: inout Inspection) {
        guard let manifest = try? ImageManifest.load(location.manifestFile) else { return }
        let hashes = inspection.systems.compactMap { $0.verity?.rootHash } + inspection.boots.map(\.rootHash)
        guard hashes.contains(manifest.verity.rootHash) else { return }
        inspection.packages = manifest.packages.map {
            .init(name: $0.name, version: $0.version, size: $0.installedSize)
        }.sorted { ($1.size, $0.name) < ($0.size, $1.name) }
        let origins = Dictionary(manifest.files.map { ($0.path, $0.origin) }, uniquingKeysWith: { $1 })
        for index in inspection.systems.indices {
            guard inspection.systems[index].verity?.rootHash == manifest.verity.rootHash else { continue }
            for file in inspection.systems[index].files.indices {
                inspection.systems[index].files[file].origin =
                    origins[inspection.systems[index].files[file].path]
            }
        }
    }
}

extension UInt64 {
    fileprivate func addingUpToLimit(_ other: UInt64) -> UInt64 {
        let (sum, overflow) = addingReportingOverflow(other)
        return overflow ? .max : sum
    }
}

extension Inspection.File {
    init(_ entry: EROFSReader.Entry) {
        let (type, target): (String, String?) =
            switch entry.kind {
            case .directory: ("directory", nil)
            case .file: ("file", nil)
            case .symbolicLink(let target): ("link", target)
            case .characterDevice(let major, let minor): ("device", "c \(major):\(minor)")
            case .blockDevice(let major, let minor): ("device", "b \(major):\(minor)")
            case .fifo: ("fifo", nil)
            case .socket: ("socket", nil)
            }
        self.init(
            path: "/" + entry.path, type: type, mode: String(entry.mode, radix: 8),
            owner: "\(entry.userID):\(entry.groupID)", size: entry.size, storedSize: entry.storedSize,
            modificationTime: entry.modificationTime, target: target, origin: nil)
    }
}
