import DiskImage
import HostSystem

extension ImageComparer {
    typealias Change = ImageDifference.Change
    typealias Detail = ImageDifference.Detail

    func compareBoots(
        _ one: Inspection, _ other: Inspection, _ difference: inout ImageDifference
    ) throws(DiskImageError) {
        var seen: Set<String> = []
        for (before, after) in Self.pairs(one.boots, other.boots, label: \.label) {
            // Both slots of a fresh image hold the same; one report will do.
            let key = "\(before.contents)/\(after.contents)"
            guard seen.insert(key).inserted else { continue }
            let details = Self.details(before, after)
            if !details.isEmpty {
                difference.bootImages.append(
                    Change(
                        kind: .changed, place: after.label, subject: after.label,
                        byteDelta: Int64(clamping: after.size) - Int64(clamping: before.size),
                        details: details))
            }
            guard before.initramfsSHA256 != after.initramfsSHA256 else { continue }
            let old = try Self.initramfs(one, before)
            let new = try Self.initramfs(other, after)
            difference.files += Self.changes(old, new, place: "initramfs of \(after.label)")
        }
    }

    private static func details(_ before: Inspection.Boot, _ after: Inspection.Boot) -> [Detail] {
        [
            Detail("kernel size", before.kernelSize, after.kernelSize),
            Detail("kernel", before.kernelSHA256.prefix(16), after.kernelSHA256.prefix(16)),
            Detail("initramfs size", before.initramfsSize, after.initramfsSize),
            Detail("initramfs", before.initramfsSHA256.prefix(16), after.initramfsSHA256.prefix(16)),
            Detail("command line", before.commandLine, after.commandLine),
            Detail("rollback index", before.rollbackIndex, after.rollbackIndex),
            Detail("root hash", before.rootHash.prefix(16), after.rootHash.prefix(16)),
            Detail("variant", before.variant, after.variant),
            Detail("signer", before.signer.prefix(16), after.signer.prefix(16)),
        ].compactMap(\.self)
    }

    func compareSystems(
        _ one: Inspection, _ other: Inspection, _ difference: inout ImageDifference
    ) throws(DiskImageError) {
        var seen: Set<String> = []
        for (before, after) in Self.pairs(one.systems, other.systems, label: \.label) {
            if let old = before.verity?.rootHash, let new = after.verity?.rootHash {
                // Verified trees with the same root hash have the same data.
                guard old != new, seen.insert("\(old)/\(new)").inserted else { continue }
            }
            difference.files += try Self.compareFiles(
                one.file, one.offset(of: before.label), other.file, other.offset(of: after.label),
                place: after.label)
        }
    }

    private static func pairs<Item>(
        _ first: [Item], _ second: [Item], label: (Item) -> String
    ) -> [(Item, Item)] {
        // Of images that are no disks the label is the file's name, which may differ.
        if first.count == 1, second.count == 1 { return [(first[0], second[0])] }
        return first.compactMap { item in
            second.first { label($0) == label(item) }.map { (item, $0) }
        }
    }

    private static func compareFiles(
        _ first: String, _ firstStart: UInt64, _ second: String, _ secondStart: UInt64, place: String
    ) throws(DiskImageError) -> [Change] {
        let one = try EROFSReader(first, at: firstStart)
        let other = try EROFSReader(second, at: secondStart)
        let before = try Dictionary(entries(of: one), uniquingKeysWith: { $1 })
        let after = try Dictionary(entries(of: other), uniquingKeysWith: { $1 })
        var changes: [Change] = []
        for path in sorted(before.keys, after.keys) {
            let (old, new) = (before[path], after[path])
            var oldDigest = ""
            var newDigest = ""
            if let old, let new, old.kind == .file, new.kind == .file {
                oldDigest = try digest(of: old, in: one)
                newDigest = try digest(of: new, in: other)
            }
            let change = change(
                old.map { Item($0, digest: oldDigest) }, new.map { Item($0, digest: newDigest) }, path, place)
            if let change { changes.append(change) }
        }
        return changes
    }

    private static func entries(
        of reader: borrowing EROFSReader
    ) throws(DiskImageError) -> [(String, EROFSReader.Entry)] {
        try reader.entries().map { ("/" + $0.path, $0) }
    }

    private static func digest(
        of entry: EROFSReader.Entry, in reader: borrowing EROFSReader
    ) throws(DiskImageError) -> String {
        var hasher = SHA256Hasher()
        try reader.read(entry) { (piece) throws(DiskImageError) in hasher.update(piece) }
        return hasher.finish().description
    }

    private static func sorted(
        _ first: some Sequence<String>, _ second: some Sequence<String>
    ) -> [String] {
        Set(first).union(second).sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    }

    private static func initramfs(
        _ inspection: Inspection, _ boot: Inspection.Boot
    ) throws(DiskImageError) -> [String: Item] {
        let start = inspection.offset(of: boot.label)
        let (header, _) = try Inspector.readBoot(inspection.file, at: start, limit: boot.size)
        let archive = try InputFile(inspection.file).bytes(
            at: start + header.initramfsOffset, count: Int(header.initramfs.size))
        let entries = try CPIOReader.entries(of: archive, name: "\(inspection.file): initramfs")
        return Dictionary(entries.map { ("/" + $0.path, Item($0)) }, uniquingKeysWith: { $1 })
    }

    private static func changes(
        _ before: [String: Item], _ after: [String: Item], place: String
    ) -> [Change] {
        sorted(before.keys, after.keys).compactMap { change(before[$0], after[$0], $0, place) }
    }

    private static func change(_ old: Item?, _ new: Item?, _ path: String, _ place: String) -> Change? {
        guard old != new else { return nil }
        let delta = Int64(clamping: new?.size ?? 0) - Int64(clamping: old?.size ?? 0)
        var details: [Detail] = []
        if let old, let new { details = Item.details(old, new) }
        return Change(
            kind: old == nil ? .added : new == nil ? .removed : .changed, place: place, subject: path,
            byteDelta: delta, details: details)
    }
}

/// What of a file counts when it is compared.
private struct Item: Equatable {
    var type: String
    var mode: String
    var owner: String
    var size: UInt64
    var time: Int64
    var target: String
    var digest: String

    init(_ entry: EROFSReader.Entry, digest: String) {
        let file = Inspection.File(entry)
        type = file.type
        mode = file.mode
        owner = file.owner
        // How a directory is packed is not its content.
        size = file.type == "file" ? file.size : 0
        time = file.modificationTime
        target = file.target ?? ""
        self.digest = digest
    }

    init(_ entry: CPIOReader.Entry) {
        type = String(entry.mode & 0o170000, radix: 8)
        mode = String(entry.mode & 0o7777, radix: 8)
        owner = "\(entry.userID):\(entry.groupID)"
        size = UInt64(entry.content.count)
        time = Int64(entry.modificationTime)
        target = ""
        digest = SHA256Digest.of(entry.content).description
    }

    static func details(_ old: Item, _ new: Item) -> [ImageDifference.Detail] {
        [
            .init("type", old.type, new.type), .init("size", old.size, new.size),
            .init("content", old.digest.prefix(16), new.digest.prefix(16)),
            .init("mode", old.mode, new.mode), .init("owner", old.owner, new.owner),
            .init("target", old.target, new.target), .init("time", old.time, new.time),
        ].compactMap(\.self)
    }
}

extension Inspection.Boot {
    /// Equal for boot images that differ in nothing but their place.
    fileprivate var contents: String { "\(signer) \(kernelSHA256) \(initramfsSHA256) \(commandLine)" }
}

extension Inspection {
    /// Where a partition starts; 0 for images that are no disks.
    func offset(of label: String) -> UInt64 { partitions.first { $0.label == label }?.offset ?? 0 }
}
