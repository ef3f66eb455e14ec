import DeviceSpec
import DiskImage
import Foundation
import HostSystem
import Packages
import Packaging
import Referees
import Testing

@Suite struct PackageBuilderTests {
    /// The payload of a package, as a file of its own.
    private func extractPayload(_ folder: PackageFolder, _ name: String = "a.amospkg") throws -> PackageFile {
        let package = try PackageFile(folder.file(name))
        let bytes = try folder.read(name)
        try folder.write(Array(bytes[Int(package.head.header.payloadOffset)...]), to: "payload")
        return package
    }

    @Test func refereesAgree() throws {
        let payload = try checkedPayload(compression: "none")
        try Tool("fsck.erofs", package: "erofs-utils").check([payload.file("payload")])
    }

    @Test(
        .enabled(
            if: NewerFsck.command != nil, "no fsck.erofs that knows DEFLATE: neither here nor from the mirror"
        ))
    func refereesAgreeOnCompressedPayloads() throws {
        let payload = try checkedPayload(compression: "deflate")
        try #require(NewerFsck.command).check([payload.file("payload")])
    }

    /// Packs, and has everything but the file system judged.
    private func checkedPayload(compression: String) throws -> PackageFolder {
        let folder = try PackageFolder(PackageFolder.yaml + "\ncompression: \(compression)")
        try folder.write([UInt8](repeating: 7, count: 600_000), to: "files/share/data")
        symlink("../share/data", folder.file("files/bin/link"))
        let result = try folder.pack()
        let package = try extractPayload(folder)
        #expect(package.problems.isEmpty)
        let payload = folder.file("payload")
        let measured = try Tool("fsverity", package: "fsverity").check(["digest", "--compact", payload]).text
        #expect(measured == result.manifest.payload.verity.hex + "\n")
        let hashed = try Tool("sha256sum", package: "coreutils").check([payload]).text
        #expect(hashed.hasPrefix(result.manifest.payload.sha256.hex))
        let paths = package.files.map(\.path)
        #expect(paths.sorted() == ["", "bin", "bin/link", "bin/notes", "share", "share/data"])
        #expect(package.files.allSatisfy { $0.userID == 0 && $0.modificationTime == 0 })
        return folder
    }

    /// The public key as DER (RFC 8410) is twelve fixed bytes and the key.
    @Test func opensslAcceptsTheSignature() throws {
        let folder = try PackageFolder()
        try folder.pack()
        let package = try PackageFile(folder.file("a.amospkg"))
        let prefix: [UInt8] = [0x30, 0x2a, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 3, 0x21, 0]
        try folder.write(prefix + package.head.signatures.key.bytes, to: "key.der")
        try folder.write(Array("AMOSPKG1".utf8) + package.head.manifestBytes, to: "message")
        try folder.write(package.head.signatures.signature, to: "signature")
        let openssl = try Tool("openssl", package: "openssl")
        let arguments = [
            "pkeyutl", "-verify", "-pubin", "-keyform", "DER", "-inkey", folder.file("key.der"), "-rawin",
            "-in", folder.file("message"), "-sigfile", folder.file("signature"),
        ]
        try openssl.check(arguments)
        try folder.write(Array("AMOSPKG2".utf8) + package.head.manifestBytes, to: "message")
        #expect(try openssl.run(arguments).status != 0)
    }

    /// Other times, another order of creation, another umask: the same bytes.
    @Test func equalFoldersGiveEqualBytes() throws {
        let names = ["b", "a/x", "c/d/e", "a/y"]
        let one = try PackageFolder()
        for name in names { try one.write("content of \(name)", to: "files/\(name)") }
        try one.pack()
        let other = try PackageFolder()
        for name in names.reversed() {
            try other.write("content of \(name)", to: "files/\(name)")
            chmod(other.file("files/\(name)"), 0o600)
            let time = [timeval(tv_sec: 1_000_000, tv_usec: 0), timeval(tv_sec: 2_000_000, tv_usec: 0)]
            utimes(other.file("files/\(name)"), time)
        }
        try FileManager.default.copyItem(atPath: one.keys.folder, toPath: other.keys.folder)
        try other.pack()
        #expect(try one.read("a.amospkg") == other.read("a.amospkg"))
    }

    @Test func aPackageOfManyNamesMovesItsPayload() throws {
        let names = (0..<90).map {
            "  a\(Character(UnicodeScalar(97 + UInt8($0 / 26))))"
                + "\(Character(UnicodeScalar(97 + UInt8($0 % 26)))): \(String(repeating: "n", count: 64))"
        }
        let folder = try PackageFolder(
            PackageFolder.yaml + "\nnames:\n" + names.joined(separator: "\n"))
        try folder.pack()
        let package = try PackageFile(folder.file("a.amospkg"))
        #expect(package.problems.isEmpty)
        #expect(package.head.header.payloadOffset == 8192)
    }

    @Test func everyChangedByteIsFound() throws {
        let folder = try PackageFolder()
        try folder.write((0..<20_000).map { UInt8(truncatingIfNeeded: $0 * 7) }, to: "files/data")
        try folder.pack()
        let bytes = try folder.read("a.amospkg")
        let offset = Int(try PackageFile(folder.file("a.amospkg")).head.header.payloadOffset)
        let places =
            Array(0..<700) + Array(stride(from: 700, to: offset, by: 97))
            + Array(stride(from: offset, to: bytes.count, by: 1_013))
        for place in places {
            var changed = bytes
            changed[place] ^= 0x10
            try folder.write(changed, to: "changed")
            guard let package = try? PackageFile(folder.file("changed")) else { continue }
            #expect(!package.problems.isEmpty, "byte \(place)")
        }
        try folder.write(bytes + [0], to: "changed")
        #expect(try !PackageFile(folder.file("changed")).problems.isEmpty)
        try folder.write(bytes.dropLast(4096), to: "changed")
        #expect(try !PackageFile(folder.file("changed")).problems.isEmpty)
    }

    @Test func theKeyIsTheNamedOne() throws {
        let folder = try PackageFolder(PackageFolder.yaml + "\nkey: mine")
        let mine = try folder.keys.create("mine")
        let other = try folder.keys.create("other")
        #expect(try folder.pack().signer == mine.verifying.fingerprint)
        #expect(try folder.pack(keyName: "other").signer == other.verifying.fingerprint)
        #expect(throws: PackagingError.self) { try folder.pack(keyName: "none") }
    }

    @Test func aRotationTravelsWithThePackage() throws {
        let folder = try PackageFolder(PackageFolder.yaml + "\nkey: new\nrotations: [r.rotation]")
        let old = try folder.keys.create("old")
        let new = try folder.keys.create("new")
        var statement = KeyRotation(
            id: try #require(PackageID("com.example.notes")), oldKey: PackageKey(old.verifying),
            newKey: PackageKey(new.verifying), firstVersionCode: 7)
        try RotationFile.write(statement, signedWith: old, to: folder.file("r.rotation"))
        try folder.pack()
        let package = try PackageFile(folder.file("a.amospkg"))
        #expect(package.problems.isEmpty)
        #expect(package.head.signatures.rotations.map(\.statement) == [statement])
        // A statement that no handset would take is refused here already.
        statement.firstVersionCode = 8
        try RotationFile.write(statement, signedWith: old, to: folder.file("r.rotation"))
        #expect(throws: PackagingError.self) { try folder.pack() }
    }
}
