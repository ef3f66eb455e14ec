import CLinux
import Wire

/// The kernel's device mapper (`linux/dm-ioctl.h`): virtual block devices made of tables.
///
/// ```
/// struct dm_ioctl, 312 bytes            followed, for TABLE_LOAD, by struct dm_target_spec
/// ┌──────────┬───────────┬────────────┐  ┌───────┬────────┬────────┬──────┬──────────┬───────────┐
/// │ version  │ data_size │ data_start │  │ start │ length │ status │ next │ type     │ parameters│
/// │ 3 × u32  │ u32       │ u32 = 312  │  │ u64   │ u64    │ i32    │ u32  │ 16 bytes │ text, NUL │
/// ├──────────┼───────────┴┬─────┬─────┤  └───────┴────────┴────────┴──────┴──────────┴───────────┘
/// │ targets  │ open count │flags│event│   start and length count sectors of 512 bytes
/// ├─────┬────┴──────┬─────┴─────┼─────┤
/// │ pad │ dev (u64) │ name[128] │uuid…│   dev at byte 40, name at 48, uuid at 176
/// └─────┴───────────┴───────────┴─────┘
/// ```
public struct DeviceMapper: ~Copyable {
    static let headerSize = 312
    static let targetSize = 40
    static let readOnlyFlag: UInt32 = 1 << 0

    private let control: FileDescriptor
    private let name: String

    /// Creates the device `name`, still without a table (`DM_DEV_CREATE`).
    public init(creating name: String) throws(SystemCallError) {
        precondition(name.utf8.count < 128, "device-mapper names have at most 127 bytes")
        let control = try FileDescriptor.open("/dev/mapper/control", .readWrite)
        _ = try Self.call(control.rawValue, "create device", AMOS_DM_DEV_CREATE, name)
        self.control = control
        self.name = name
    }

    /// Gives the device a read-only table of one target and starts it; returns its path, `/dev/dm-N`.
    ///
    /// A device that already runs switches to the new table without losing a request.
    public borrowing func run(
        target: String, parameters: String, sectors: UInt64
    ) throws(SystemCallError) -> String {
        let fd = control.rawValue
        _ = try Self.call(
            fd, "load table", AMOS_DM_TABLE_LOAD, name,
            Self.encodeTarget(target, parameters: parameters, sectors: sectors))
        // Without the suspend flag the call resumes, which makes the loaded table live.
        let answer = try Self.call(fd, "resume", AMOS_DM_DEV_SUSPEND, name)
        return "/dev/dm-" + String(Self.minor(in: answer))
    }

    private static func call(
        _ fd: Int32, _ what: StaticString, _ request: UInt, _ name: String, _ payload: [UInt8] = []
    ) throws(SystemCallError) -> [UInt8] {
        var message = encodeHeader(name: name, payload: payload.count) + payload
        try retryingOnInterrupt(what, "device mapper " + name) {
            message.withUnsafeMutableBytes { amos_ioctl(fd, request, $0.baseAddress) }
        }
        return message
    }

    static func encodeHeader(name: String, payload: Int) -> [UInt8] {
        var header: [UInt8] = []
        header.reserveCapacity(headerSize + payload)
        for version: UInt32 in [4, 0, 0] { header.append(littleEndian: version) }
        header.append(littleEndian: UInt32(headerSize + payload))
        header.append(littleEndian: UInt32(headerSize))
        header.append(littleEndian: UInt32(payload > 0 ? 1 : 0))
        header.append(littleEndian: UInt32(0))
        header.append(littleEndian: readOnlyFlag)
        header.append(contentsOf: repeatElement(0, count: 48 - header.count))
        header.append(contentsOf: name.utf8)
        header.append(contentsOf: repeatElement(0, count: headerSize - header.count))
        return header
    }

    static func encodeTarget(_ type: String, parameters: String, sectors: UInt64) -> [UInt8] {
        // The next target, and so the end of this one, is aligned to 8 bytes.
        let size = (targetSize + parameters.utf8.count + 1 + 7) / 8 * 8
        var target: [UInt8] = []
        target.append(littleEndian: UInt64(0))
        target.append(littleEndian: sectors)
        target.append(littleEndian: UInt32(0))
        target.append(littleEndian: UInt32(size))
        target.append(contentsOf: type.utf8)
        target.append(contentsOf: repeatElement(0, count: targetSize - target.count))
        target.append(contentsOf: parameters.utf8)
        target.append(contentsOf: repeatElement(0, count: size - target.count))
        return target
    }

    /// The minor number in the `dev` field of the kernel's answer (`huge_encode_dev`).
    static func minor(in answer: [UInt8]) -> UInt64 {
        var device: UInt64 = 0
        for index in 0..<8 { device |= UInt64(answer[40 + index]) << UInt64(8 * index) }
        return device & 0xff | device >> 12 & 0xfff00
    }
}

extension [UInt8] {
    mutating func append(littleEndian value: some FixedWidthInteger) {
        for shift in stride(from: 0, to: value.bitWidth, by: 8) {
            append(UInt8(truncatingIfNeeded: value >> shift))
        }
    }
}
