import DiskImage
import Foundation
import HostSystem
import Slots

extension Inspector {
    /// Adds what is known of the boot image at `start`; returns its size.
    @discardableResult
    func addBoot(
        _ path: String, _ label: String, at start: UInt64, limit: UInt64, _ inspection: inout Inspection
    ) -> UInt64? {
        guard
            let (header, line) = inspection.attempt(
                label,
                { () throws(DiskImageError) in
                    try Self.readBoot(path, at: start, limit: limit)
                })
        else { return nil }
        let signer = SHA256Digest(bytes: header.keyFingerprint)
        let known = keys.first { $0.key.fingerprint == signer }
        var isValid: Bool?
        if let key = known?.key {
            let verified = inspection.attempt(label) { () throws(BootImageError) in
                try VerifiedBootImage(file: path, at: start, limit: limit, trusting: key)
            }
            isValid = verified != nil
        } else {
            checkSections(path, label, at: start, header, &inspection)
        }
        inspection.boots.append(
            .init(
                label: label, size: header.imageSize, kernelSize: header.kernel.size,
                kernelSHA256: "\(SHA256Digest(bytes: header.kernel.sha256))",
                initramfsSize: header.initramfs.size,
                initramfsSHA256: "\(SHA256Digest(bytes: header.initramfs.sha256))", commandLine: line,
                rollbackIndex: header.rollbackIndex, rootHash: "\(SHA256Digest(bytes: header.rootHash))",
                variant: header.isDebuggable ? "dev" : "user", signer: "\(signer)", key: known?.name,
                isSignatureValid: isValid))
        return header.imageSize
    }

    /// Header and command line, as they stand there.
    static func readBoot(
        _ path: String, at start: UInt64, limit: UInt64
    ) throws(DiskImageError) -> (BootImageHeader, commandLine: String) {
        let image = try InputFile(path)
        let bytes = try image.bytes(at: start, count: BootImageHeader.byteCount)
        let header: BootImageHeader
        do throws(BootImageHeader.FormatError) {
            header = try BootImageHeader(decoding: bytes.span, limit: limit)
        } catch {
            throw .corrupt(image: path, reason: "the boot image cannot be used: \(error.text)")
        }
        let line = try image.bytes(
            at: start + header.commandLineOffset, count: Int(header.commandLine.size))
        return (header, String(decoding: line, as: UTF8.self))
    }

    /// Without the key nobody can tell whether the signature is right, but damage shows all the same.
    private func checkSections(
        _ path: String, _ label: String, at start: UInt64, _ header: BootImageHeader,
        _ inspection: inout Inspection
    ) {
        let sections = [
            ("kernel", header.kernel, header.kernelOffset),
            ("initramfs", header.initramfs, header.initramfsOffset),
            ("command line", header.commandLine, header.commandLineOffset),
        ]
        for (name, section, offset) in sections {
            let digest = inspection.attempt(label) { () throws(DiskImageError) in
                SHA256Digest.of(try InputFile(path).bytes(at: start + offset, count: Int(section.size)))
            }
            if let digest, digest.bytes != section.sha256 {
                inspection.problems.append(.init(place: label, text: "its \(name) does not have its hash"))
            }
        }
    }
}
