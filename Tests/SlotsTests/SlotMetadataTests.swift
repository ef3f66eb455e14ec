import Slots
import Testing

@Suite struct SlotMetadataTests {
    static let sample: SlotMetadata = {
        var metadata = SlotMetadata()
        metadata.rollbackFloor = 0x1122_3344_5566_7788
        metadata.command = .factoryReset
        metadata.boot = .init(phase: .failed, slot: .b, attemptWasSpent: true, rollbackIndex: 9)
        metadata.a = .init(priority: 15, attemptsLeft: 0, isSuccessful: true)
        metadata.b = .init(
            priority: 1, attemptsLeft: 2, lastFailure: .init(.moduleFailed, detail: Array("ext4: 8".utf8)))
        return metadata
    }()

    @Test func bytesAreAsDrawn() {
        var metadata = Self.sample
        let write = metadata.nextWrite()
        #expect(write.offset == 4096)
        #expect(write.bytes.count == 512)
        #expect(Array(write.bytes[0..<12]) == Array("AMOSSLOT".utf8) + [1, 0, 0, 0])
        #expect(Array(write.bytes[16..<24]) == [1, 0, 0, 0, 0, 0, 0, 0])
        #expect(Array(write.bytes[24..<32]) == [0x88, 0x77, 0x66, 0x55, 0x44, 0x33, 0x22, 0x11])
        #expect(Array(write.bytes[40..<44]) == [3, 1, 1, 1])
        #expect(Array(write.bytes[64..<68]) == [15, 0, 1, 0])
        #expect(Array(write.bytes[128..<133]) == [1, 2, 0, 16, 7])
        #expect(Array(write.bytes[136..<143]) == Array("ext4: 8".utf8))
    }

    @Test func checksumIsCRC32C() {
        // "123456789" has the CRC-32C 0xE3069283 (RFC 3720's polynomial); here through a decoder that must
        // agree.
        var bytes = SlotMetadata().encoded()
        var remainder: UInt32 = 0xffff_ffff
        for byte in bytes[0..<508] {
            for bit in 0..<8 {
                let feedback = remainder & 1 ^ UInt32(byte >> UInt8(bit) & 1)
                remainder = remainder >> 1 ^ (feedback == 1 ? 0x82f6_3b78 : 0)
            }
        }
        let stored = bytes[508..<512].reversed().reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
        #expect(stored == ~remainder)
        bytes[508] ^= 1
        #expect(throws: SlotMetadata.CopyError.badChecksum) { try SlotMetadata(decoding: bytes.span) }
    }

    @Test func decodesWhatItEncodes() throws {
        #expect(try SlotMetadata(decoding: Self.sample.encoded().span) == Self.sample)
    }

    /// A CRC-32C finds every single flipped bit, wherever it is.
    @Test func everyFlippedBitIsFound() {
        let bytes = Self.sample.encoded()
        for bit in 0..<bytes.count * 8 {
            var damaged = bytes
            damaged[bit / 8] ^= 1 << UInt8(bit % 8)
            #expect(throws: SlotMetadata.CopyError.self) { try SlotMetadata(decoding: damaged.span) }
        }
    }

    @Test(arguments: [0, 8, 511]) func shortCopiesAreRefused(count: Int) {
        let bytes = Array(Self.sample.encoded().prefix(count))
        #expect(throws: SlotMetadata.CopyError.tooShort) { try SlotMetadata(decoding: bytes.span) }
        #expect(
            SlotMetadata.load(misc: bytes.span).source == .fresh(.tooShort, .tooShort))
    }

    @Test func writesTakeTurnsAndTheNewestCounts() {
        var misc = SlotMetadata.freshMisc()
        #expect(misc.count == SlotMetadata.miscBytes)
        var offsets: Set<Int> = []
        for round in UInt64(1)...5 {
            var metadata = SlotMetadata.load(misc: misc.span).metadata
            metadata.rollbackFloor = round
            let write = metadata.nextWrite()
            offsets.insert(write.offset)
            // A torn write must leave the previous metadata readable.
            var torn = misc
            torn.replaceSubrange(write.offset..<write.offset + 100, with: write.bytes[0..<100])
            #expect(SlotMetadata.load(misc: torn.span).metadata.rollbackFloor == round - 1)
            misc.replaceSubrange(write.offset..<write.offset + write.bytes.count, with: write.bytes)
            #expect(SlotMetadata.load(misc: misc.span).metadata == metadata)
        }
        #expect(offsets == [0, 4096])
    }

    @Test func oneBadCopyIsRewrittenBeforeTheGoodOne() {
        var misc = SlotMetadata.freshMisc()
        misc[4096 + 70] ^= 0xff
        var loaded = SlotMetadata.load(misc: misc.span)
        #expect(loaded.source == .copy(0))
        #expect(loaded.metadata.nextWrite().offset == 4096)
    }

    @Test func bothBadStartsOverAndSaysWhy() {
        var misc = SlotMetadata.freshMisc()
        misc[0] = 0
        misc[4096 + 200] ^= 1
        let loaded = SlotMetadata.load(misc: misc.span)
        #expect(loaded.source == .fresh(.badMagic, .badChecksum))
        #expect(loaded.metadata == SlotMetadata())
    }

    @Test func aCopyInTheOthersPlaceIsRefused() {
        var misc = SlotMetadata.freshMisc()
        misc.replaceSubrange(0..<512, with: misc[4096..<4608])
        #expect(SlotMetadata.load(misc: misc.span).source == .copy(1))
    }

    @Test func failureDetailsAreBoundedAndPrintable() {
        let detail = [UInt8](repeating: 0x1b, count: 300)
        let failure = SlotMetadata.Failure(.other, detail: detail)
        #expect(failure.detail == [UInt8](repeating: UInt8(ascii: "?"), count: 48))
    }
}
