import LinuxSystem
import Slots
import Wire

/// The `misc` partition: what this boot tells the loader about its slot.
enum SlotRecord {
    /// The slot that is running, from stage 1; nil on machines without slots.
    static let slot: Slot? = {
        guard let name = ProcessArguments.environment("AMOS_SLOT"), let letter = name.utf8.first else {
            return nil
        }
        return Slot(letter: letter)
    }()

    /// Reads, changes and writes the metadata, and returns when it is on the disk; false if that failed. A
    /// failure is logged, and the loader's accounting then counts this boot as failed, which is the safe
    /// side.
    @discardableResult
    static func update(_ change: (inout SlotMetadata, Slot) -> Void) -> Bool {
        guard let slot, let path = PartitionTable.device(labelled: "misc") else { return false }
        do throws(SystemCallError) {
            let device = try BlockDevice(opening: path, writable: true)
            let bytes = try device.descriptor.read(SlotMetadata.miscBytes, at: 0)
            var metadata = SlotMetadata.load(misc: bytes.span).metadata
            let before = metadata
            change(&metadata, slot)
            if metadata == before { return true }
            let write = metadata.nextWrite()
            try device.descriptor.write(write.bytes, at: UInt64(write.offset))
            try device.descriptor.synchronize()
            return true
        } catch {
            Log.say(.error, error.description)
            return false
        }
    }
}
