import Wire

// A package policy, as it lies in the system's image. All numbers are little-endian, texts have a u16 length.
//
//      0 20  frame (FileFrame): magic "AMOSPOL\0", version 1
//     20     body:
//             1  sideload (0 denied, 1 in developer mode, 2 allowed)
//             1  developer mode can be enabled (0 no, 1 yes)
//             1  architecture (0 any, 1 arm64, 2 x86_64)
//             4  reserved ids, then that many texts
//             4  publishers, then that many fingerprints.32, sorted
//             4  floors, then that many:   id (text), version code.8

extension InstallPolicy {
    private static var frame: FileFrame {
        FileFrame(
            magic: [0x41, 0x4d, 0x4f, 0x53, 0x50, 0x4f, 0x4c, 0], version: 1, what: "a package policy",
            format: "version 1 of the policy format")
    }
    /// More than anybody writes into a device file.
    public static let entryLimit = 1_024
    public static let byteLimit = FileFrame.byteCount + 15 + entryLimit * (2 * (PackageID.limit + 2) + 8 + 32)

    public func encode() -> [UInt8] {
        var body = ByteWriter(capacity: 64)
        body.write(sideload.rawValue)
        body.write(UInt8(offersDeveloperMode ? 1 : 0))
        body.write(architecture.rawValue)
        body.write(UInt32(reserved.count))
        for id in reserved { body.write(id.text) }
        body.write(UInt32(publishers.count))
        for key in publishers { body.writeRaw(key.bytes) }
        body.write(UInt32(floors.count))
        for floor in floors {
            body.write(floor.id.text)
            body.write(floor.versionCode)
        }
        return Self.frame.around(body.bytes)
    }

    public init(decoding bytes: [UInt8]) throws(PackageError) {
        do throws(WireError) {
            try self.init(reading: bytes.span)
        } catch {
            throw .bytes(of: .policy, error)
        }
    }

    private init(reading bytes: Span<UInt8>) throws(WireError) {
        guard bytes.count <= Self.byteLimit else { throw .tooLong(offset: 0, limit: Self.byteLimit) }
        var reader = ByteReader(bytes)
        try Self.frame.open(&reader, bytes)
        let sideload = Sideload(rawValue: try reader.readUInt8())
        let developerMode = try reader.readUInt8()
        let architecture = PackageManifest.Architecture(rawValue: try reader.readUInt8())
        guard let sideload, developerMode <= 1, let architecture else {
            throw .malformed(offset: FileFrame.byteCount, expected: "a policy")
        }
        self.init(sideload: sideload, architecture: architecture)
        offersDeveloperMode = developerMode == 1
        for _ in 0..<(try Self.readCount(&reader)) { reserved.append(try Self.readID(&reader)) }
        for _ in 0..<(try Self.readCount(&reader)) {
            let start = reader.offset
            guard let key = Digest256(try reader.readBytes(Digest256.byteCount)) else {
                throw .truncated(offset: start)
            }
            publishers.append(key)
        }
        for _ in 0..<(try Self.readCount(&reader)) {
            let id = try Self.readID(&reader)
            floors.append(.init(id: id, versionCode: try reader.readUInt64()))
        }
        try reader.finish()
    }

    private static func readCount(_ reader: inout ByteReader) throws(WireError) -> Int {
        let count = Int(try reader.readUInt32())
        guard count <= entryLimit else { throw .tooLong(offset: reader.offset - 4, limit: entryLimit) }
        return count
    }

    private static func readID(_ reader: inout ByteReader) throws(WireError) -> PackageID {
        let start = reader.offset
        guard let id = PackageID(try reader.readText(limit: PackageID.limit)) else {
            throw .malformed(offset: start, expected: "an id")
        }
        return id
    }
}
