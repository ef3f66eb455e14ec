// A boot image. All numbers are little-endian; sections follow each other, each from a multiple of 4096.
//
//      0 ┌──────────────────────┐     0   8  magic "AMOSBOOT"
//        │ header, 4096 bytes   │     8   4  version, 1
//   4096 ├──────────────────────┤    12   4  flags: bit 0 = a `dev` image (debugging words are allowed)
//        │ kernel, zeros        │    16   8  rollback index
//        ├──────────────────────┤    24   8  size of the whole image
//        │ initramfs, zeros     │    32  32  dm-verity root hash of the system partition
//        ├──────────────────────┤    64  32  SHA-256 of the signing key's 32 public bytes
//        │ command line, zeros  │    96  40  kernel        ┐  0  8  size in bytes, without the zeros
//   size └──────────────────────┘   136  40  initramfs     │  8 32  SHA-256 of these bytes
//                                   176  40  command line  ┘
//                                   216 3816 zero
//                                  4032  64  Ed25519 signature over the 4032 bytes before it

/// What a boot image says about itself. Pure; reading and signing are the caller's.
public struct BootImageHeader: Equatable, Sendable {
    public static let byteCount = 4096
    public static let signedByteCount = 4032
    public static let alignment: UInt64 = 4096
    /// Three times Debian's largest arm64 kernel today; a limit, so that a damaged size cannot ask for the
    /// memory.
    public static let kernelLimit: UInt64 = 128 << 20
    public static let initramfsLimit: UInt64 = 128 << 20
    /// The arm64 kernel takes 2048 bytes with the final NUL; the rest is for the words that the loader
    /// appends.
    public static let commandLineLimit: UInt64 = 1536

    public struct Section: Equatable, Sendable {
        public var size: UInt64
        /// 32 bytes.
        public var sha256: [UInt8]

        public init(size: UInt64, sha256: [UInt8]) {
            self.size = size
            self.sha256 = sha256
        }
    }

    public enum FormatError: Error, Equatable, Sendable {
        case tooShort
        case badMagic
        case unknownVersion
        case unknownFlags
        case badSize
        /// Bytes that must be zero are not.
        case badPadding

        public var text: String {
            switch self {
            case .tooShort: "it is cut short"
            case .badMagic: "it is not a boot image"
            case .unknownVersion: "it has an unknown version"
            case .unknownFlags: "it has unknown flags"
            case .badSize: "a section's size is out of bounds"
            case .badPadding: "bytes that must be zero are not"
            }
        }
    }

    public var isDebuggable: Bool
    public var rollbackIndex: UInt64
    /// 32 bytes.
    public var rootHash: [UInt8]
    /// 32 bytes; says which key to look for, trust comes from the signature alone.
    public var keyFingerprint: [UInt8]
    public var kernel: Section
    public var initramfs: Section
    public var commandLine: Section

    public init(
        isDebuggable: Bool, rollbackIndex: UInt64, rootHash: [UInt8], keyFingerprint: [UInt8],
        kernel: Section, initramfs: Section, commandLine: Section
    ) {
        self.isDebuggable = isDebuggable
        self.rollbackIndex = rollbackIndex
        self.rootHash = rootHash
        self.keyFingerprint = keyFingerprint
        self.kernel = kernel
        self.initramfs = initramfs
        self.commandLine = commandLine
    }

    public var kernelOffset: UInt64 { UInt64(Self.byteCount) }
    public var initramfsOffset: UInt64 { Self.align(kernelOffset + kernel.size) }
    public var commandLineOffset: UInt64 { Self.align(initramfsOffset + initramfs.size) }
    public var imageSize: UInt64 { Self.align(commandLineOffset + commandLine.size) }

    /// The next multiple of 4096.
    public static func align(_ offset: UInt64) -> UInt64 { (offset + alignment - 1) / alignment * alignment }
}

extension BootImageHeader {
    private static let magic: [UInt8] = [0x41, 0x4d, 0x4f, 0x53, 0x42, 0x4f, 0x4f, 0x54]
    private static let version: UInt64 = 1

    /// The 4032 bytes that are signed; the signature follows them.
    public func encoded() -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: Self.signedByteCount)
        bytes.replace(at: 0, with: Self.magic)
        bytes.store(Self.version | (isDebuggable ? 1 << 32 : 0), at: 8)
        bytes.store(rollbackIndex, at: 16)
        bytes.store(imageSize, at: 24)
        bytes.replace(at: 32, with: rootHash)
        bytes.replace(at: 64, with: keyFingerprint)
        Self.store(kernel, into: &bytes, at: 96)
        Self.store(initramfs, into: &bytes, at: 136)
        Self.store(commandLine, into: &bytes, at: 176)
        return bytes
    }

    /// Reads a header whose image must fit into `limit` bytes.
    public init(decoding bytes: Span<UInt8>, limit: UInt64) throws(FormatError) {
        guard bytes.count >= Self.byteCount else { throw .tooShort }
        for index in 0..<8 where bytes[index] != Self.magic[index] { throw .badMagic }
        let versionAndFlags = bytes.load(at: 8)
        guard versionAndFlags & 0xffff_ffff == Self.version else { throw .unknownVersion }
        guard versionAndFlags >> 32 <= 1 else { throw .unknownFlags }
        for index in 216..<Self.signedByteCount where bytes[index] != 0 { throw .badPadding }
        isDebuggable = versionAndFlags >> 32 == 1
        rollbackIndex = bytes.load(at: 16)
        rootHash = bytes.copy(at: 32, count: 32)
        keyFingerprint = bytes.copy(at: 64, count: 32)
        kernel = Self.section(in: bytes, at: 96)
        initramfs = Self.section(in: bytes, at: 136)
        commandLine = Self.section(in: bytes, at: 176)
        // The limits come first: with them the sums below cannot overflow.
        guard kernel.size > 0, kernel.size <= Self.kernelLimit, initramfs.size > 0,
            initramfs.size <= Self.initramfsLimit, commandLine.size <= Self.commandLineLimit,
            imageSize == bytes.load(at: 24), imageSize <= limit
        else { throw .badSize }
    }

    private static func store(_ section: Section, into bytes: inout [UInt8], at offset: Int) {
        bytes.store(section.size, at: offset)
        bytes.replace(at: offset + 8, with: section.sha256)
    }

    private static func section(in bytes: Span<UInt8>, at offset: Int) -> Section {
        Section(size: bytes.load(at: offset), sha256: bytes.copy(at: offset + 8, count: 32))
    }
}
