import LinuxSystem
import Slots

/// The `misc` partition: reads and writes the slot metadata that loader, stage 1 and PID 1 share.
enum Misc {
    /// Changes the metadata on disk; returns when the disk has it.
    static func update(_ change: (inout SlotMetadata) -> Void) throws(SystemCallError) {
        guard let path = PartitionTable.device(labelled: "misc") else {
            throw SystemCallError("find partition", "misc", code: SystemCallError.notFound)
        }
        let device = try FileDescriptor.open(path, .readWrite)
        var metadata = try load(device)
        change(&metadata)
        let write = metadata.nextWrite()
        try device.write(write.bytes, at: UInt64(write.offset))
        try device.synchronize()
        try device.close()
    }

    static func read() throws(SystemCallError) -> SlotMetadata {
        guard let path = PartitionTable.device(labelled: "misc") else {
            throw SystemCallError("find partition", "misc", code: SystemCallError.notFound)
        }
        return try load(try FileDescriptor.open(path))
    }

    private static func load(_ device: borrowing FileDescriptor) throws(SystemCallError) -> SlotMetadata {
        let bytes = try device.read(SlotMetadata.miscBytes, at: 0)
        return SlotMetadata.load(misc: bytes.span).metadata
    }
}
