import Wire

// A generation file. All numbers are little-endian, texts have a u16 length.
//
//      0 20  frame (FileFrame): magic "AMOSGEN\0", version 2
//     20     body:
//             8  number
//             4  the next app's user
//             4  packages, then that many:
//                 id, version (texts)
//                 version code.8
//                 kind.1 (0 app, 1 cloud-app, 2 extension, 3 library)   reason.1 (1 requested, 2 dependency)
//                 flags.1 (bit 0 held, bit 1 pinned)                    pin (text), if pinned
//                 manifest.32  payload.32  payload size.8  key.32
//                 user.4  data folder.8    (both 0 for kinds that do not run)
//             4  claims, then that many:   id (text), version code.8, key.32, user.4, data folder.8

extension Generation {
    private static var frame: FileFrame {
        FileFrame(
            magic: [0x41, 0x4d, 0x4f, 0x53, 0x47, 0x45, 0x4e, 0], version: 2, what: "a generation file",
            format: "version 2 of the generation format")
    }
    /// The longest entry a package can have: more than this times the limit is no generation.
    private static let entryLimit = 600
    public static let byteLimit = FileFrame.byteCount + 20 + (packageLimit + claimLimit) * entryLimit

    public func encode() -> [UInt8] {
        var body = ByteWriter(capacity: 20 + packages.count * 208)
        body.write(number)
        body.write(nextUser)
        body.write(UInt32(packages.count))
        for package in packages { Self.write(package, to: &body) }
        body.write(UInt32(claims.count))
        for claim in claims {
            body.write(claim.id.text)
            body.write(claim.versionCode)
            body.writeRaw(claim.key.bytes)
            body.write(claim.user)
            body.write(claim.data)
        }
        return Self.frame.around(body.bytes)
    }

    private static func write(_ package: Package, to body: inout ByteWriter) {
        body.write(package.id.text)
        body.write(package.version.text)
        body.write(package.versionCode)
        body.write(package.kind.rawValue)
        body.write(package.reason.rawValue)
        body.write(UInt8((package.isHeld ? 1 : 0) | (package.pin == nil ? 0 : 2)))
        if let pin = package.pin { body.write(pin.text) }
        body.writeRaw(package.manifest.bytes)
        body.writeRaw(package.payload.bytes)
        body.write(package.payloadSize)
        body.writeRaw(package.key.bytes)
        body.write(package.user)
        body.write(package.data)
    }

    /// Reads a generation file; anything that `encode` would not write is refused.
    public init(decoding bytes: Span<UInt8>) throws(PackageError) {
        do throws(WireError) {
            try self.init(reading: bytes)
        } catch {
            throw .bytes(of: .generation, error)
        }
    }

    public init(decoding bytes: [UInt8]) throws(PackageError) { try self.init(decoding: bytes.span) }

    private init(reading bytes: Span<UInt8>) throws(WireError) {
        guard bytes.count <= Self.byteLimit else { throw .tooLong(offset: 0, limit: Self.byteLimit) }
        var reader = ByteReader(bytes)
        try Self.frame.open(&reader, bytes)
        let number = try reader.readUInt64()
        let nextUser = try reader.readUInt32()
        let packages = try Self.readPackages(&reader)
        let claims = try Self.readClaims(&reader)
        try reader.finish()
        self.init(number: number, packages: packages, claims: claims, nextUser: nextUser)
        guard hasRightUsers else {
            throw .malformed(offset: bytes.count, expected: "a user of its own for each app")
        }
        for claim in claims where self[claim.id] != nil {
            throw .malformed(offset: bytes.count, expected: "claims of ids that are not installed")
        }
    }

    private var hasRightUsers: Bool {
        guard nextUser >= Self.firstUser, nextUser <= Self.userLimit else { return false }
        var users: [UInt32] = []
        for package in packages {
            if package.kind.runs { users.append(package.user) }
            if package.kind.runs ? package.data == 0 : package.user != 0 || package.data != 0 { return false }
        }
        for claim in claims {
            users.append(claim.user)
            if claim.data == 0 { return false }
        }
        users.sort()
        for (index, user) in users.enumerated() {
            if user < Self.firstUser || user >= nextUser || index > 0 && users[index - 1] == user {
                return false
            }
        }
        return true
    }

    private static func readPackages(_ reader: inout ByteReader) throws(WireError) -> [Package] {
        let count = Int(try reader.readUInt32())
        guard count <= packageLimit else { throw .tooLong(offset: reader.offset - 4, limit: packageLimit) }
        var packages: [Package] = []
        for _ in 0..<count {
            let start = reader.offset
            let package = try readPackage(&reader)
            if let last = packages.last, !(last.id < package.id) {
                throw .malformed(offset: start, expected: "packages sorted by id, each once")
            }
            packages.append(package)
        }
        return packages
    }

    private static func readPackage(_ reader: inout ByteReader) throws(WireError) -> Package {
        let start = reader.offset
        let id = PackageID(try reader.readText(limit: PackageID.limit))
        let version = PackageVersion(try reader.readText(limit: PackageVersion.limit))
        let code = try reader.readUInt64()
        let kind = PackageManifest.Kind(rawValue: try reader.readUInt8())
        let reason = Reason(rawValue: try reader.readUInt8())
        let flags = try reader.readUInt8()
        guard let id, let version, let kind, let reason, flags <= 3, code <= VersionCode.limit else {
            throw .malformed(offset: start, expected: "an installed package")
        }
        var pin: VersionRange?
        if flags & 2 != 0 {
            let place = reader.offset
            let text = try reader.readText(limit: VersionRange.limit)
            pin = VersionRange(text)
            guard let range = pin, UTF8Text.equal(range.text, text) else {
                throw .malformed(offset: place, expected: "a range of versions")
            }
        }
        let manifest = try readDigest(&reader)
        let payload = try readDigest(&reader)
        let size = try reader.readUInt64()
        var package = Package(
            id: id, version: version, versionCode: code, kind: kind, reason: reason, manifest: manifest,
            payload: payload, payloadSize: size, key: try readDigest(&reader))
        package.isHeld = flags & 1 != 0
        package.pin = pin
        package.user = try reader.readUInt32()
        package.data = try reader.readUInt64()
        return package
    }

    private static func readClaims(_ reader: inout ByteReader) throws(WireError) -> [Claim] {
        let count = Int(try reader.readUInt32())
        guard count <= claimLimit else { throw .tooLong(offset: reader.offset - 4, limit: claimLimit) }
        var claims: [Claim] = []
        for _ in 0..<count {
            let start = reader.offset
            guard let id = PackageID(try reader.readText(limit: PackageID.limit)) else {
                throw .malformed(offset: start, expected: "an id")
            }
            let code = try reader.readUInt64()
            let key = try readDigest(&reader)
            let claim = Claim(
                id: id, key: key, versionCode: code, user: try reader.readUInt32(),
                data: try reader.readUInt64())
            if let last = claims.last, !(last.id < id) {
                throw .malformed(offset: start, expected: "claims sorted by id, each once")
            }
            claims.append(claim)
        }
        return claims
    }

    private static func readDigest(_ reader: inout ByteReader) throws(WireError) -> Digest256 {
        let start = reader.offset
        guard let digest = Digest256(try reader.readBytes(Digest256.byteCount)) else {
            throw .truncated(offset: start)
        }
        return digest
    }
}
