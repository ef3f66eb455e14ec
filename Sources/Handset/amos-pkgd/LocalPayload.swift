import Crypto
import LinuxSystem
import Packages

/// The payload of an installed package, in the blocks that it shares with other versions.
struct LocalPayload {
    private static let pieceSize = 256 << 10

    let file: HeldDescriptor
    let blocks: BlockList

    /// nil: it cannot be read; then all is fetched.
    init?(_ package: Generation.Package, _ options: Options) {
        let path = options.directory + "/" + StoreFolder.payloads.name + "/" + package.payload.hex
        do throws(SystemCallError) {
            file = HeldDescriptor(try FileDescriptor.open(path, [.readOnly, .noFollow]))
            blocks = try Self.cut(file)
        } catch {
            return nil
        }
    }

    private static func cut(_ file: HeldDescriptor) throws(SystemCallError) -> BlockList {
        var list = BlockList()
        var cutter = BlockCutter()
        var digest = SHA256()
        var (offset, open) = (UInt64(0), 0)
        var piece = [UInt8](repeating: 0, count: pieceSize)
        while true {
            let filled = try file.descriptor.fill(&piece, at: offset)
            if filled == 0 { break }
            offset += UInt64(filled)
            let bytes = piece.span.extracting(0..<filled)
            var start = 0
            while start < filled {
                let (count, ends) = cutter.scan(bytes, from: start)
                digest.add(bytes.extracting(start..<start + count))
                start += count
                open += count
                guard ends else { continue }
                list.append(BlockName(digest.finish() ?? []), length: open)
                digest = SHA256()
                open = 0
            }
        }
        if open > 0 { list.append(BlockName(digest.finish() ?? []), length: open) }
        return list
    }
}
