import DiskImage
import Foundation
import HostSystem
import Slots
import Testing

@Suite struct BootImageTests {
    static let seedKey: SigningKey = {
        // The example key of RFC 8410, section 10.3: the same in every run.
        let pem = """
            -----BEGIN PRIVATE KEY-----
            MC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC
            -----END PRIVATE KEY-----

            """
        return try! SigningKey(pem: Array(pem.utf8), file: "rfc8410.pem")
    }()

    static func image(isDebuggable: Bool = false) -> BootImage {
        BootImage(
            kernel: .bytes((0..<9000).map { UInt8(truncatingIfNeeded: $0 &* 7) }),
            initramfs: .bytes((0..<5000).map { UInt8(truncatingIfNeeded: $0 &* 11) }),
            commandLine: "console=ttyAMA0 amos.root=00:16:11", rootHash: .of([1, 2, 3]), rollbackIndex: 4,
            isDebuggable: isDebuggable)
    }

    @Test func verifiesAndUnpacksWhatWasWritten() throws {
        let folder = try BootScratchFolder()
        let path = folder.path + "/boot.img"
        let header = try Self.image(isDebuggable: true).write(to: path, signedWith: Self.seedKey)
        let bytes = try Data(contentsOf: URL(fileURLWithPath: path))
        #expect(UInt64(bytes.count) == header.imageSize)
        let image = try VerifiedBootImage(
            file: path, limit: header.imageSize, trusting: Self.seedKey.verifying)
        #expect(image.header == header)
        #expect(image.header.rollbackIndex == 4 && image.header.isDebuggable)
        #expect(image.header.rootHash == SHA256Digest.of([1, 2, 3]).bytes)
        #expect(image.commandLine == "console=ttyAMA0 amos.root=00:16:11")
        let (kernel, initramfs) = (folder.path + "/kernel", folder.path + "/initramfs")
        try image.unpack(kernelTo: kernel, initramfsTo: initramfs)
        #expect(FileManager.default.contents(atPath: kernel) == bytes[4096..<13096])
        #expect(FileManager.default.contents(atPath: initramfs) == bytes[16384..<21384])
    }

    @Test func equalInputsGiveEqualBytes() throws {
        let folder = try BootScratchFolder()
        try Self.image().write(to: folder.path + "/1", signedWith: Self.seedKey)
        let kernel = folder.path + "/k"
        guard case .bytes(let bytes) = Self.image().kernel else { return }
        try Data(bytes).write(to: URL(fileURLWithPath: kernel))
        var stored = Self.image()
        stored.kernel = .stored(path: kernel, size: UInt64(bytes.count))
        try stored.write(to: folder.path + "/2", signedWith: Self.seedKey)
        #expect(FileManager.default.contentsEqual(atPath: folder.path + "/1", andPath: folder.path + "/2"))
    }

    /// Every byte of the image, padding included: one flipped bit and the loader refuses it.
    @Test func everyFlippedByteIsRefused() throws {
        let folder = try BootScratchFolder()
        let path = folder.path + "/boot.img"
        let header = try Self.image().write(to: path, signedWith: Self.seedKey)
        let descriptor = open(path, O_RDWR)
        defer { close(descriptor) }
        for offset in 0..<off_t(header.imageSize) {
            var byte: UInt8 = 0
            #expect(pread(descriptor, &byte, 1, offset) == 1)
            let original = byte
            byte ^= 1 << UInt8(offset % 8)
            pwrite(descriptor, &byte, 1, offset)
            #expect(throws: BootImageError.self, "byte \(offset)") {
                try VerifiedBootImage(
                    file: path, limit: header.imageSize, trusting: Self.seedKey.verifying)
            }
            byte = original
            pwrite(descriptor, &byte, 1, offset)
        }
        _ = try VerifiedBootImage(file: path, limit: header.imageSize, trusting: Self.seedKey.verifying)
    }

    @Test func anotherKeyIsRefusedByName() throws {
        let folder = try BootScratchFolder()
        let path = folder.path + "/boot.img"
        try Self.image().write(to: path, signedWith: Self.seedKey)
        let other = try SigningKey().verifying
        let expected = BootImageError.untrusted(
            signer: Self.seedKey.verifying.fingerprint, trusted: other.fingerprint)
        #expect(expected.refusal == .imageUntrusted)
        #expect(throws: expected) {
            try VerifiedBootImage(file: path, limit: 1 << 20, trusting: other)
        }
    }

    @Test func imagesMustFitTheirPartition() throws {
        let folder = try BootScratchFolder()
        let path = folder.path + "/boot.img"
        let header = try Self.image().write(to: path, signedWith: Self.seedKey)
        #expect(throws: BootImageError.format(.badSize)) {
            try VerifiedBootImage(
                file: path, limit: header.imageSize - 1, trusting: Self.seedKey.verifying)
        }
        var long = Self.image()
        long.commandLine = String(repeating: "x", count: 1537)
        #expect(throws: BootImageError.tooLarge("command line", 1537)) {
            try long.write(to: path, signedWith: Self.seedKey)
        }
    }

    /// OpenSSL's own program accepts the signature over the first 4032 bytes.
    @Test(.enabled(if: (try? Tool("openssl", package: "openssl")) != nil))
    func opensslAcceptsTheSignature() throws {
        let folder = try BootScratchFolder()
        try Self.image().write(to: folder.path + "/boot.img", signedWith: Self.seedKey)
        let bytes = try Data(contentsOf: URL(fileURLWithPath: folder.path + "/boot.img"))
        try bytes[0..<4032].write(to: URL(fileURLWithPath: folder.path + "/signed"))
        try bytes[4032..<4096].write(to: URL(fileURLWithPath: folder.path + "/signature"))
        // A public key in DER: the fixed prefix of RFC 8410, then the 32 bytes.
        let prefix: [UInt8] = [0x30, 0x2a, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 3, 0x21, 0]
        try Data(prefix + Self.seedKey.verifying.bytes)
            .write(to: URL(fileURLWithPath: folder.path + "/public.der"))
        try Tool("openssl", package: "openssl").check(
            [
                "pkeyutl", "-verify", "-pubin", "-keyform", "DER", "-inkey", "public.der", "-rawin", "-in",
                "signed", "-sigfile", "signature",
            ], folder: folder.path)
    }

    /// RFC 8410's example key has this public half (its section 10.1).
    @Test func publicKeyIsTheOneOfTheStandard() {
        #expect(
            Data(Self.seedKey.verifying.bytes).base64EncodedString()
                == "Gb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=")
    }
}

/// A folder that is gone afterwards.
struct BootScratchFolder: ~Copyable {
    let path: String

    init() throws {
        path = NSTemporaryDirectory() + "/amos-test-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }
}
