import Assembly
import Foundation

/// An inspection as people read it.
struct InspectionText {
    let inspection: Inspection
    let top: Int
    let showsTree: Bool

    var text: String {
        let summary =
            "\(inspection.file): \(inspection.kind.rawValue), \(Terminal.size(inspection.size)), "
            + "\(Terminal.size(inspection.bytesOnDisk)) on disk"
        var sections = [summary, partitions, slots]
        sections += inspection.boots.map(boot)
        sections += inspection.systems.map(system)
        sections += inspection.dataVolumes.map(data)
        sections += [packages, files]
        return sections.filter { !$0.isEmpty }.joined(separator: "\n\n")
    }

    private func heading(_ text: String) -> String { Terminal.styled(text, .bold) + "\n" }

    private var partitions: String {
        guard !inspection.partitions.isEmpty else { return "" }
        let rows = inspection.partitions.map { partition in
            [
                partition.label, Terminal.size(partition.offset), Terminal.size(partition.size),
                partition.usedBytes.map(Terminal.size) ?? "?", partition.content,
            ]
        }
        return Terminal.table([["PARTITION", "OFFSET", "SIZE", "USED", "CONTENT"]] + rows, right: [1, 2, 3])
    }

    private var slots: String {
        guard let table = inspection.slotTable else { return "" }
        let rows = table.slots.map { slot in
            [
                slot.slot, "\(slot.priority)", "\(slot.attemptsLeft)", slot.isSuccessful ? "yes" : "no",
                slot.lastFailure ?? "-",
            ]
        }
        let header = ["SLOT", "PRIORITY", "ATTEMPTS", "SUCCESSFUL", "LAST FAILURE"]
        return Terminal.table([header] + rows, right: [1, 2])
            + "\nrollback floor \(table.rollbackFloor), pending command \(table.pendingCommand), "
            + "latest boot: \(table.latestBoot)"
    }

    private func boot(_ boot: Inspection.Boot) -> String {
        let title = heading("\(boot.label): boot image, \(Terminal.size(boot.size))")
        if let first = inspection.boots.first, first.label != boot.label {
            var twin = boot
            twin.label = first.label
            if twin == first { return title + "the same as \(first.label)" }
        }
        var signature = "signature not checked: the key is not on this machine"
        if let isValid = boot.isSignatureValid {
            signature = isValid ? "signature valid" : "SIGNATURE OR CONTENT WRONG"
        }
        let rows = [
            ["kernel", "\(Terminal.size(boot.kernelSize)), \(boot.kernelSHA256.prefix(16))…"],
            ["initramfs", "\(Terminal.size(boot.initramfsSize)), \(boot.initramfsSHA256.prefix(16))…"],
            ["command line", boot.commandLine],
            ["variant", boot.variant], ["rollback index", "\(boot.rollbackIndex)"],
            ["root hash", boot.rootHash],
            ["signed by", boot.signer + (boot.key.map { " (key \($0) of this machine)" } ?? "")],
            ["", signature],
        ]
        return title + Terminal.table(rows)
    }

    private func system(_ system: Inspection.System) -> String {
        let title = heading("\(system.label): EROFS \(system.volume), \(Terminal.size(system.size))")
        if let twin = system.sameAs { return title + "the same files as \(twin)" }
        var rows = [
            ["inodes", "\(system.inodes)"],
            [
                "files",
                "\(Terminal.size(system.contentBytes)), stored in \(Terminal.size(system.storedBytes))",
            ],
            [
                "compression",
                system.isCompressed ? "DEFLATE, saves \(Terminal.size(system.savedBytes))" : "none",
            ],
            ["uuid", system.uuid],
        ]
        if let verity = system.verity {
            rows.append(["verity root", verity.rootHash])
            rows.append(["verity tree", "\(Terminal.size(system.verityBytes)), every block checked"])
        }
        return title + Terminal.table(rows)
    }

    private func data(_ data: Inspection.DataVolume) -> String {
        heading("\(data.label): ext4 \(data.volume), \(Terminal.size(data.size))")
            + Terminal.table([
                ["free", "\(Terminal.size(data.freeBytes)), \(data.freeInodes) of \(data.inodes) inodes"],
                ["state", data.isClean ? "clean" : "its journal will be replayed"],
                ["uuid", data.uuid],
                ["features", "\(data.features.count): " + data.features.joined(separator: " ")],
            ])
    }

    private var packages: String {
        guard top > 0, let packages = inspection.packages, !packages.isEmpty else { return "" }
        let rows = packages.prefix(top).map { [$0.name, $0.version, Terminal.size($0.size)] }
        return Terminal.table([["PACKAGE", "VERSION", "SIZE"]] + rows, right: [2]) + more(packages.count)
    }

    private var files: String {
        if showsTree {
            return inspection.systems.filter { $0.sameAs == nil }.map(tree).joined(separator: "\n\n")
        }
        let all = inspection.systems.flatMap(\.files).filter { $0.type == "file" }
            .sorted { ($1.size, $0.path) < ($0.size, $1.path) }
        guard top > 0, !all.isEmpty else { return "" }
        let rows = all.prefix(top).map {
            [$0.path, Terminal.size($0.size), Terminal.size($0.storedSize), $0.origin ?? ""]
        }
        return Terminal.table([["FILE", "SIZE", "STORED", "FROM"]] + rows, right: [1, 2]) + more(all.count)
    }

    private func more(_ count: Int) -> String { count > top ? "\n… \(count - top) more" : "" }

    private func tree(_ system: Inspection.System) -> String {
        let rows = system.files.map { file in
            let depth = file.path == "/" ? 0 : file.path.split(separator: "/").count
            let name = file.path == "/" ? "/" : String(file.path.split(separator: "/").last ?? "")
            let target = file.target.map { file.type == "link" ? " -> \($0)" : " (\($0))" } ?? ""
            let size = file.type == "file" ? Terminal.size(file.size) : ""
            return [
                file.mode, file.owner, size,
                String(repeating: "  ", count: depth) + name
                    + (file.type == "directory" && depth > 0 ? "/" : "")
                    + target,
            ]
        }
        return heading("\(system.label)") + Terminal.table(rows, right: [0, 2])
    }
}
