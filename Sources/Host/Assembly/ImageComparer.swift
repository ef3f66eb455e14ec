import DiskImage
import Foundation
import HostSystem

/// Compares two images by what is in them: nothing is taken from `image.json` but packages' names.
public struct ImageComparer {
    private let inspector: Inspector

    public init(inspector: Inspector = Inspector()) { self.inspector = inspector }

    /// - Parameters: images of the same kind, or folders with a `disk.img`.
    public func compare(_ first: String, _ second: String) throws(InspectionError) -> ImageDifference {
        let one = try inspector.inspect(first)
        let other = try inspector.inspect(second)
        guard one.kind == other.kind else {
            throw .differentKinds(one.file, one.kind, other.file, other.kind)
        }
        var difference = ImageDifference(first: one.file, second: other.file)
        for inspection in [one, other] {
            difference.problems += inspection.problems.map {
                .init(place: "\(inspection.file): \($0.place)", text: $0.text)
            }
        }
        do throws(DiskImageError) {
            try comparePartitions(one, other, &difference)
            guard !difference.isEmpty else { return difference }
            try compareBoots(one, other, &difference)
            try compareSystems(one, other, &difference)
        } catch {
            throw .damaged(error)
        }
        compareSlots(one.slotTable, other.slotTable, &difference)
        comparePackages(one.packages, other.packages, &difference)
        for change in difference.files {
            switch change.kind {
            case .added: difference.totals.added += 1
            case .removed: difference.totals.removed += 1
            case .changed: difference.totals.changed += 1
            }
            difference.totals.byteDelta += change.byteDelta
        }
        return difference
    }

    private func comparePartitions(
        _ one: Inspection, _ other: Inspection, _ difference: inout ImageDifference
    ) throws(DiskImageError) {
        let before = Self.ranges(one)
        let after = Self.ranges(other)
        for range in before where !after.contains(where: { $0.label == range.label }) {
            difference.partitions.append(
                .init(
                    kind: .removed, place: "", subject: range.label,
                    byteDelta: -Int64(clamping: range.size), details: []))
        }
        for range in after {
            guard let old = before.first(where: { $0.label == range.label }) else {
                difference.partitions.append(
                    .init(
                        kind: .added, place: "", subject: range.label, byteDelta: Int64(clamping: range.size),
                        details: []))
                continue
            }
            let details = Self.details(old, range)
            let bytes = try RangeComparison(
                try InputFile(one.file), at: old.offset, try InputFile(other.file), at: range.offset,
                count: min(old.size, range.size))
            guard !details.isEmpty || bytes.firstDifference != nil else { continue }
            let delta = Int64(clamping: range.usedBytes ?? 0) - Int64(clamping: old.usedBytes ?? 0)
            difference.partitions.append(
                .init(
                    kind: .changed, place: "", subject: range.label, byteDelta: delta, details: details,
                    differingBytes: bytes.firstDifference.map { _ in bytes.differingBytes },
                    firstDifference: bytes.firstDifference))
        }
    }

    /// The partitions of a disk with its tables at both ends; one range for everything else.
    private static func ranges(_ inspection: Inspection) -> [Inspection.Partition] {
        guard inspection.kind == .disk else {
            return [
                .init(
                    label: inspection.kind.rawValue, offset: 0, size: inspection.size,
                    usedBytes: inspection.size, content: "")
            ]
        }
        let start = inspection.partitions.map(\.offset).min() ?? inspection.size
        let end = inspection.partitions.map { $0.offset + $0.size }.max() ?? inspection.size
        func table(_ label: String, _ offset: UInt64, _ size: UInt64) -> Inspection.Partition {
            .init(label: label, offset: offset, size: size, usedBytes: nil, content: "")
        }
        return [table("partition table", 0, start)] + inspection.partitions
            + [table("backup partition table", end, inspection.size - end)]
    }

    private static func details(
        _ before: Inspection.Partition, _ after: Inspection.Partition
    ) -> [ImageDifference.Detail] {
        typealias Detail = ImageDifference.Detail
        var details = [
            Detail("size", before.size, after.size), Detail("offset", before.offset, after.offset),
        ].compactMap(\.self)
        if before.content != "" {
            details += [
                Detail(
                    "used", before.usedBytes.map(String.init) ?? "unknown",
                    after.usedBytes.map(String.init) ?? "unknown"),
                Detail("content", before.content, after.content),
            ].compactMap(\.self)
        }
        return details
    }

    private func compareSlots(
        _ before: Inspection.SlotTable?, _ after: Inspection.SlotTable?, _ difference: inout ImageDifference
    ) {
        typealias Detail = ImageDifference.Detail
        guard let before, let after, before != after else { return }
        for (old, new) in zip(before.slots, after.slots) where old != new {
            let details = [
                Detail("priority", old.priority, new.priority),
                Detail("attempts", old.attemptsLeft, new.attemptsLeft),
                Detail("successful", old.isSuccessful, new.isSuccessful),
                Detail("last failure", old.lastFailure ?? "none", new.lastFailure ?? "none"),
            ].compactMap(\.self)
            difference.slotMetadata.append(
                .init(
                    kind: .changed, place: "misc", subject: "slot \(old.slot)", byteDelta: 0, details: details
                ))
        }
        let details = [
            Detail("rollback floor", before.rollbackFloor, after.rollbackFloor),
            Detail("command", before.pendingCommand, after.pendingCommand),
            Detail("latest boot", before.latestBoot, after.latestBoot),
            Detail("sequence", before.sequence, after.sequence),
        ].compactMap(\.self)
        guard !details.isEmpty else { return }
        difference.slotMetadata.append(
            .init(kind: .changed, place: "misc", subject: "metadata", byteDelta: 0, details: details))
    }

    private func comparePackages(
        _ before: [Inspection.Package]?, _ after: [Inspection.Package]?, _ difference: inout ImageDifference
    ) {
        guard let before, let after else { return }
        let old = Dictionary(before.map { ($0.name, $0) }, uniquingKeysWith: { $1 })
        let new = Dictionary(after.map { ($0.name, $0) }, uniquingKeysWith: { $1 })
        for name in Set(old.keys).union(new.keys).sorted() where old[name] != new[name] {
            let delta = Int64(clamping: new[name]?.size ?? 0) - Int64(clamping: old[name]?.size ?? 0)
            let details = [
                ImageDifference.Detail("version", old[name]?.version ?? "none", new[name]?.version ?? "none"),
                ImageDifference.Detail("size", old[name]?.size ?? 0, new[name]?.size ?? 0),
            ].compactMap(\.self)
            difference.packages.append(
                .init(
                    kind: old[name] == nil ? .added : new[name] == nil ? .removed : .changed, place: "",
                    subject: name, byteDelta: delta, details: details))
        }
    }
}
