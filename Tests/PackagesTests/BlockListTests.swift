import Testing
import Wire

@testable import Packages

@Suite struct BlockListTests {
    /// Any name will do: the list only compares them.
    private static func list(of bytes: [UInt8], pieces: Int) -> BlockList {
        var list = BlockList()
        var cutter = BlockCutter()
        var block: [UInt8] = []
        for start in stride(from: 0, to: bytes.count, by: pieces) {
            let piece = Array(bytes[start..<min(start + pieces, bytes.count)])
            var place = 0
            while place < piece.count {
                let (count, ends) = cutter.scan(piece.span, from: place)
                block += piece[place..<place + count]
                place += count
                guard ends else { continue }
                list.append(BlockName(Self.name(block)), length: block.count)
                block = []
            }
        }
        if !block.isEmpty { list.append(BlockName(Self.name(block)), length: block.count) }
        return list
    }

    private static func name(_ bytes: [UInt8]) -> [UInt8] {
        var hashes: [UInt64] = [0xcbf2_9ce4_8422_2325, 0x8422_2325_cbf2_9ce4]
        for byte in bytes {
            for index in 0..<2 { hashes[index] = (hashes[index] ^ UInt64(byte)) &* 0x100_0000_01b3 }
        }
        return hashes.flatMap { hash in (0..<8).map { UInt8(truncatingIfNeeded: hash >> UInt64(8 * $0)) } }
    }

    private static func noise(_ count: Int) -> [UInt8] {
        var state: UInt64 = 7
        return (0..<count).map { _ in
            state ^= state << 13
            state ^= state >> 7
            state ^= state << 17
            return UInt8(truncatingIfNeeded: state >> 32)
        }
    }

    @Test func cutsDependOnContentOnly() throws {
        let bytes = Self.noise(1_000_000)
        let list = Self.list(of: bytes, pieces: bytes.count)
        #expect(list.size == 1_000_000 && list.blocks.count > 10 && list.blocks.count < 60)
        for block in list.blocks.dropLast() {
            #expect(block.length >= BlockCutter.shortest && block.length <= BlockCutter.longest)
        }
        for pieces in [1, 4096, 7777] {
            #expect(Self.list(of: bytes, pieces: pieces).encode() == list.encode())
        }
        // What has no content to cut at is cut at the longest.
        let zeros = Self.list(of: [UInt8](repeating: 0, count: 300_000), pieces: 65_536)
        #expect(zeros.blocks.map(\.length).dropLast().allSatisfy { $0 == BlockCutter.longest })
    }

    /// What a plan says, done: gives the new bytes, whatever was changed.
    @Test(
        arguments: [
            (500_000, 0, [1]), (500_000, 1, []), (0, 10, []), (999_999, 1, []), (0, 0, [9, 9, 9]),
            (300_000, 200_000, [5]), (0, 1_000_000, [1, 2, 3]),
        ] as [(Int, Int, [UInt8])])
    func plansGiveTheNewBytes(place: Int, removed: Int, inserted: [UInt8]) throws {
        let old = Self.noise(1_000_000)
        var new = old
        new.replaceSubrange(place..<place + removed, with: inserted)
        let plan = DeltaPlan(of: Self.list(of: new, pieces: 9999), from: Self.list(of: old, pieces: 9999))
        var made: [UInt8] = []
        var remote: UInt64 = 0
        for part in plan.parts {
            switch part {
            case .local(let offset, let count): made += old[Int(offset)..<Int(offset + count)]
            case .remote(let offset, let count):
                made += new[Int(offset)..<Int(offset + count)]
                remote += count
            }
        }
        #expect(made == new && remote == plan.remoteBytes)
        #expect(remote <= 3 * UInt64(BlockCutter.longest))
    }

    @Test func listsReadBack() throws {
        let list = Self.list(of: Self.noise(200_000), pieces: 4096)
        let bytes = list.encode()
        #expect(try BlockList(decoding: bytes).encode() == bytes)
        for count in bytes.indices {
            #expect(throws: WireError.self) { try BlockList(decoding: Array(bytes[..<count])) }
        }
        #expect(throws: WireError.self) { try BlockList(decoding: bytes + [0]) }
        for index in 16..<20 {
            var changed = bytes
            changed[index] = 0xff
            let other = try? BlockList(decoding: changed)
            #expect(other?.encode() != bytes)
        }
    }
}
