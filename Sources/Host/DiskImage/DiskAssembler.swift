import HostSystem

/// Puts a disk image together: a partition table and what fills its partitions, as one sparse file that
/// appears whole under its name (`commit`) or not at all.
public struct DiskAssembler: ~Copyable {
    public let layout: GPTDisk
    private let output: OutputFile

    public init(replacing destination: String, layout: GPTDisk) throws(DiskImageError) {
        let output = try system { () throws(SystemError) in try OutputFile(replacing: destination) }
        try layout.write(to: output)
        self.layout = layout
        self.output = output
    }

    /// Copies a file to the start of a partition; its holes and zero blocks become holes.
    public func fill(_ label: String, fromFile path: String) throws(DiskImageError) {
        let source = try InputFile(path)
        let partition = try partition(label, holds: source.size)
        try copySparse(source, to: output, at: partition.offset)
    }

    public func fill(_ label: String, with bytes: [UInt8]) throws(DiskImageError) {
        let partition = try partition(label, holds: UInt64(bytes.count))
        let writer = RegionWriter(output, at: partition.offset)
        try writer.append(bytes)
        try writer.finish()
    }

    /// Lets `write` put a partition's bytes where they belong, without an intermediate file. It gets the
    /// disk's file and the partition, and must stay inside.
    public func fill<Value>(
        _ label: String,
        _ write: (borrowing OutputFile, GPTDisk.Partition) throws(DiskImageError) -> Value
    ) throws(DiskImageError) -> Value {
        try write(output, try partition(label, holds: 0))
    }

    public consuming func commit(durable: Bool = false) throws(DiskImageError) {
        do { try output.commit(durable: durable) } catch { throw .system(error) }
    }

    private func partition(_ label: String, holds size: UInt64) throws(DiskImageError) -> GPTDisk.Partition {
        guard let partition = layout[label] else {
            throw .invalidLayout(reason: "there is no partition \(label)")
        }
        guard size <= partition.size else {
            throw .tooLarge(what: "partition \(label)", size: size, limit: partition.size)
        }
        return partition
    }
}
