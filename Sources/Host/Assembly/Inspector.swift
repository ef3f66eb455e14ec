import DiskImage
import Foundation
import HostSystem
import Slots

/// Reads an image and says what is in it. Nothing is believed: signatures, hashes and checksums are tried,
/// and what is wrong becomes a problem of the inspection, so that the rest can still be seen.
public struct Inspector {
    /// This machine's keys: what a signer's fingerprint is looked for in.
    let keys: [(name: String, key: VerifyingKey)]

    public init(keys store: SigningKeyStore = .standard()) {
        keys = store.list().compactMap { name in
            (try? store.load(name)).map { (name, $0.verifying) }
        }
    }

    /// - Parameter path: an image, or a folder with a `disk.img`.
    public func inspect(_ path: String) throws(InspectionError) -> Inspection {
        let location = try ImageLocation(path)
        var inspection = Inspection(
            file: location.path, kind: location.kind, size: location.size, bytesOnDisk: location.bytesOnDisk)
        let name = URL(fileURLWithPath: location.path).lastPathComponent
        switch location.kind {
        case .disk: try inspectDisk(location, &inspection)
        case .bootImage: addBoot(location.path, name, at: 0, limit: location.size, &inspection)
        case .systemPartition: addSystem(location.path, name, at: 0, limit: location.size, &inspection)
        case .dataPartition: addData(location.path, name, at: 0, limit: location.size, &inspection)
        }
        addManifest(location, &inspection)
        return inspection
    }

    private func inspectDisk(
        _ location: ImageLocation, _ inspection: inout Inspection
    ) throws(InspectionError) {
        let layout: GPTDisk
        do throws(DiskImageError) {
            layout = try GPTDisk(reading: try InputFile(location.path))
        } catch {
            throw .damaged(error)
        }
        for partition in layout.partitions {
            let (used, content) = add(partition, of: location, &inspection)
            inspection.partitions.append(
                .init(
                    label: partition.label, offset: partition.offset, size: partition.size, usedBytes: used,
                    content: content))
        }
        checkRootHashes(&inspection)
    }

    private func add(
        _ partition: GPTDisk.Partition, of location: ImageLocation, _ inspection: inout Inspection
    ) -> (used: UInt64?, content: String) {
        let (path, label, start, limit) = (location.path, partition.label, partition.offset, partition.size)
        switch label.split(separator: "_").first {
        case "boot":
            return (addBoot(path, label, at: start, limit: limit, &inspection), "boot image")
        case "system":
            return (addSystem(path, label, at: start, limit: limit, &inspection), "EROFS and verity tree")
        case "data":
            return (addData(path, label, at: start, limit: limit, &inspection), "ext4")
        case "misc":
            return (addMisc(path, label, at: start, limit: limit, &inspection), "slot metadata")
        default:
            let isEmpty = inspection.attempt(label) { () throws(DiskImageError) in
                try RangeComparison.isEmpty(try InputFile(path), at: start, count: limit)
            }
            return isEmpty == true ? (0, "empty") : (nil, "unknown")
        }
    }

    /// A slot whose boot image does not vouch for its system partition cannot start.
    private func checkRootHashes(_ inspection: inout Inspection) {
        for slot in Slot.allCases {
            guard let boot = inspection.boots.first(where: { $0.label == "boot_\(slot.name)" }),
                let system = inspection.systems.first(where: { $0.label == "system_\(slot.name)" }),
                let verity = system.verity, verity.rootHash != boot.rootHash
            else { continue }
            inspection.problems.append(
                .init(
                    place: boot.label,
                    text: "it vouches for root hash \(boot.rootHash.prefix(16))…, but \(system.label) has "
                        + "\(verity.rootHash.prefix(16))…"))
        }
    }

    private func addMisc(
        _ path: String, _ label: String, at start: UInt64, limit: UInt64, _ inspection: inout Inspection
    ) -> UInt64? {
        let count = Int(min(limit, UInt64(SlotMetadata.miscBytes)))
        guard
            let bytes = inspection.attempt(
                label,
                { () throws(DiskImageError) in
                    try InputFile(path).bytes(at: start, count: count)
                })
        else { return nil }
        let loaded = SlotMetadata.load(misc: bytes.span)
        if case .fresh(let first, let second) = loaded.source {
            let text = "no valid slot metadata (copy 0 is \(first.text), copy 1 is \(second.text))"
            inspection.problems.append(.init(place: label, text: text))
            return nil
        }
        inspection.slotTable = .init(loaded.metadata)
        return UInt64(SlotMetadata.miscBytes)
    }

    @discardableResult
    private func addData(
        _ path: String, _ label: String, at start: UInt64, limit: UInt64, _ inspection: inout Inspection
    ) -> UInt64? {
        guard
            let block = inspection.attempt(
                label,
                { () throws(DiskImageError) in
                    try Ext4Superblock(try InputFile(path), at: start)
                })
        else { return nil }
        let size = block.blocks * block.blockSize
        if size > limit {
            inspection.problems.append(
                .init(place: label, text: "its file system is larger (\(size) bytes) than it is"))
        }
        let free = block.freeBlocks * block.blockSize
        inspection.dataVolumes.append(
            .init(
                label: label, volume: block.label, uuid: "\(block.uuid)", size: size, freeBytes: free,
                inodes: block.inodes, freeInodes: block.freeInodes, features: block.features,
                isClean: block.isClean && !block.needsRecovery))
        return size - free
    }
}

extension Inspection {
    /// The value, or nil with the error among the problems.
    mutating func attempt<Value, Failure: Error & CustomStringConvertible>(
        _ place: String, _ body: () throws(Failure) -> Value
    ) -> Value? {
        do {
            return try body()
        } catch {
            problems.append(Problem(place: place, text: error.description))
            return nil
        }
    }
}

extension Inspection.SlotTable {
    init(_ metadata: SlotMetadata) {
        self.init(
            slots: Slot.allCases.map { slot in
                let state = metadata[slot]
                let failure = state.lastFailure
                let detail = String(decoding: failure.detail, as: UTF8.self)
                return State(
                    slot: slot.name, priority: Int(state.priority), attemptsLeft: Int(state.attemptsLeft),
                    isSuccessful: state.isSuccessful,
                    lastFailure: failure.reason == .none
                        ? nil : failure.reason.text + (detail.isEmpty ? "" : " (\(detail))"))
            },
            rollbackFloor: metadata.rollbackFloor,
            pendingCommand: metadata.command == .factoryReset ? "factory-reset" : "none",
            latestBoot: Self.name(metadata.boot), sequence: metadata.sequence)
    }

    private static func name(_ boot: SlotMetadata.Boot) -> String {
        let phase =
            switch boot.phase {
            case .none: "none"
            case .started: "started"
            case .healthy: "healthy"
            case .failed: "failed"
            }
        return boot.phase == .none ? phase : "\(phase) in slot \(boot.slot.name)"
    }
}
