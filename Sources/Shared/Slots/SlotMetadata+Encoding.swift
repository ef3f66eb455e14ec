// The `misc` partition. All numbers are little-endian.
//
//      0 ┌──────────────────────────┐  A copy is written whole, in one 512-byte sector, and the
//        │ copy 0: even sequences   │  copies take turns: a write that the power interrupts can only
//    512 ├──────────────────────────┤  damage the older one. They are 4096 bytes apart, so that no
//        │ zero                     │  device block holds both.
//   4096 ├──────────────────────────┤
//        │ copy 1: odd sequences    │
//   4608 ├──────────────────────────┤
//        │ zero, to the end         │
//        └──────────────────────────┘
//
//   A copy:
//      0   8  magic "AMOSSLOT"
//      8   4  version, 1
//     12   4  zero
//     16   8  sequence number
//     24   8  rollback floor
//     32   8  latest boot: rollback index of its image
//     40   1  latest boot: phase (0 none, 1 started, 2 healthy, 3 failed)
//     41   1  latest boot: slot (0 a, 1 b)
//     42   1  latest boot: 1 if the loader spent the attempt at its start
//     43   1  pending command (0 none, 1 factory reset)
//     44  20  zero
//     64  64  slot a ┐   0  1  priority (0…15)           3  1  last failure: reason (`FailureReason`)
//    128  64  slot b ┘   1  1  attempts left (0…3)       4  1  last failure: length of the detail (0…48)
//                        2  1  1 if successful           5  3  zero
//                                                        8 48  last failure: detail, ASCII;  56 8 zero
//    192 316  zero
//    508   4  CRC-32C of the 508 bytes before it

extension SlotMetadata {
    public static let copyBytes = 512
    public static let copyStride = 4096
    /// What a reader needs of the partition, from its start.
    public static let miscBytes = copyStride + copyBytes

    public enum CopyError: Error, Equatable, Sendable {
        case tooShort
        case badMagic
        case unknownVersion
        case badChecksum
        /// The checksum fits, but a field has a value that no writer produces.
        case badField

        public var text: String {
            switch self {
            case .tooShort: "too short"
            case .badMagic: "empty or overwritten"
            case .unknownVersion: "of an unknown version"
            case .badChecksum: "damaged (checksum)"
            case .badField: "invalid"
            }
        }
    }

    /// One write of `misc`: these bytes at this offset, then a flush.
    public struct Write: Equatable, Sendable {
        public let offset: Int
        public let bytes: [UInt8]
    }

    /// The next write: it never touches the copy that counts now.
    public mutating func nextWrite() -> Write {
        sequence &+= 1
        return Write(offset: Int(sequence & 1) * Self.copyStride, bytes: encoded())
    }

    /// The start of a fresh `misc` partition, `miscBytes` long.
    public static func freshMisc() -> [UInt8] {
        var metadata = SlotMetadata()
        var bytes = metadata.encoded()
        bytes += [UInt8](repeating: 0, count: copyStride - copyBytes)
        bytes += metadata.nextWrite().bytes
        return bytes
    }

    public func encoded() -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: Self.copyBytes)
        for index in 0..<8 { bytes[index] = Layout.magic[index] }
        bytes.store(UInt64(Layout.version), at: 8)
        bytes.store(sequence, at: 16)
        bytes.store(rollbackFloor, at: 24)
        bytes.store(boot.rollbackIndex, at: 32)
        bytes[40] = boot.phase.rawValue
        bytes[41] = boot.slot.rawValue
        bytes[42] = boot.attemptWasSpent ? 1 : 0
        bytes[43] = command.rawValue
        Layout.store(a, into: &bytes, at: 64)
        Layout.store(b, into: &bytes, at: 128)
        let checksum = crc32c(bytes.span.extracting(0..<Layout.checksumOffset))
        for index in 0..<4 {
            bytes[Layout.checksumOffset + index] = UInt8(truncatingIfNeeded: checksum >> UInt32(8 * index))
        }
        return bytes
    }

    /// Reads one copy.
    public init(decoding copy: Span<UInt8>) throws(CopyError) {
        guard copy.count >= Self.copyBytes else { throw .tooShort }
        for index in 0..<8 where copy[index] != Layout.magic[index] { throw .badMagic }
        guard copy.load(at: 8) == UInt64(Layout.version) else { throw .unknownVersion }
        let checksum = crc32c(copy.extracting(0..<Layout.checksumOffset))
        for index in 0..<4
        where copy[Layout.checksumOffset + index] != UInt8(truncatingIfNeeded: checksum >> UInt32(8 * index))
        {
            throw .badChecksum
        }
        guard let phase = Boot.Phase(rawValue: copy[40]), let slot = Slot(rawValue: copy[41]), copy[42] <= 1,
            let command = Command(rawValue: copy[43]), let a = Layout.slot(in: copy, at: 64),
            let b = Layout.slot(in: copy, at: 128)
        else { throw .badField }
        self.a = a
        self.b = b
        self.command = command
        sequence = copy.load(at: 16)
        rollbackFloor = copy.load(at: 24)
        boot = Boot(
            phase: phase, slot: slot, attemptWasSpent: copy[42] == 1, rollbackIndex: copy.load(at: 32))
    }
}

extension SlotMetadata {
    /// What reading `misc` gave.
    public struct Loaded: Equatable, Sendable {
        public enum Source: Equatable, Sendable {
            /// The newer of two good copies, or the only good one.
            case copy(Int)
            /// Neither copy is good: the metadata starts over, and so does the rollback floor.
            case fresh(CopyError, CopyError)
        }

        public var metadata: SlotMetadata
        public let source: Source
    }

    /// Reads the start of the partition (`miscBytes` of it) and takes the newest valid copy.
    public static func load(misc: Span<UInt8>) -> Loaded {
        let first = copy(0, of: misc)
        let second = copy(1, of: misc)
        switch (first, second) {
        case (.success(let first), .success(let second)):
            return first.sequence > second.sequence
                ? Loaded(metadata: first, source: .copy(0)) : Loaded(metadata: second, source: .copy(1))
        case (.success(let first), .failure): return Loaded(metadata: first, source: .copy(0))
        case (.failure, .success(let second)): return Loaded(metadata: second, source: .copy(1))
        case (.failure(let first), .failure(let second)):
            return Loaded(metadata: SlotMetadata(), source: .fresh(first, second))
        }
    }

    private static func copy(_ index: Int, of misc: Span<UInt8>) -> Result<SlotMetadata, CopyError> {
        let start = index * copyStride
        guard misc.count >= start + copyBytes else { return .failure(.tooShort) }
        do throws(CopyError) {
            let metadata = try SlotMetadata(decoding: misc.extracting(start..<start + copyBytes))
            // In the other copy's place its next write would go over the only good one.
            guard Int(metadata.sequence & 1) == index else { return .failure(.badField) }
            return .success(metadata)
        } catch {
            return .failure(error)
        }
    }
}

private enum Layout {
    static let magic: [UInt8] = [0x41, 0x4d, 0x4f, 0x53, 0x53, 0x4c, 0x4f, 0x54]
    static let version: UInt32 = 1
    static let checksumOffset = 508

    static func store(_ slot: SlotMetadata.SlotState, into bytes: inout [UInt8], at offset: Int) {
        bytes[offset] = slot.priority
        bytes[offset + 1] = slot.attemptsLeft
        bytes[offset + 2] = slot.isSuccessful ? 1 : 0
        bytes[offset + 3] = slot.lastFailure.reason.rawValue
        let detail = slot.lastFailure.detail
        bytes[offset + 4] = UInt8(truncatingIfNeeded: detail.count)
        for index in 0..<detail.count { bytes[offset + 8 + index] = detail[index] }
    }

    static func slot(in copy: Span<UInt8>, at offset: Int) -> SlotMetadata.SlotState? {
        let length = Int(copy[offset + 4])
        guard copy[offset] <= SlotMetadata.priorityLimit, copy[offset + 1] <= SlotMetadata.attemptLimit,
            copy[offset + 2] <= 1, length <= SlotMetadata.Failure.detailLimit
        else { return nil }
        var detail: [UInt8] = []
        for index in 0..<length { detail.append(copy[offset + 8 + index]) }
        return SlotMetadata.SlotState(
            priority: copy[offset], attemptsLeft: copy[offset + 1], isSuccessful: copy[offset + 2] == 1,
            lastFailure: .init(FailureReason(code: copy[offset + 3]), detail: detail))
    }
}
