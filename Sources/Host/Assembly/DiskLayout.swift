import DeviceSpec
import DiskImage

/// The partitions of a handset's disk, in order; drawn in the boot protocol's documentation.
enum DiskLayout {
    static func make(for device: Device) throws -> GPTDisk {
        let storage = device.storage
        return try GPTDisk(
            seed: "amos/\(device.name)",
            partitions: [
                .init(label: "esp", type: .efiSystem, size: storage.espBytes),
                .init(label: "boot_a", size: storage.bootBytes),
                .init(label: "boot_b", size: storage.bootBytes),
                .init(label: "system_a", size: storage.systemBytes),
                .init(label: "system_b", size: storage.systemBytes),
                .init(label: "misc", size: storage.miscBytes),
                .init(label: "data", size: storage.dataBytes),
            ])
    }

    /// Refuses content that its partition cannot hold, where the device file gives the size.
    static func check(_ key: String, holds content: UInt64, partition: UInt64, device: Device) throws {
        guard content > partition else { return }
        let needed = (content + GPTDisk.alignment - 1) / GPTDisk.alignment
        throw DiagnosticList([
            Diagnostic(
                "the \(key) partition is too small: its content needs \(needed) MiB",
                at: device.storage.locations[key] ?? SourceLocation(file: device.file, line: 1, column: 1),
                expected: "at least \(needed) MiB")
        ])
    }
}
