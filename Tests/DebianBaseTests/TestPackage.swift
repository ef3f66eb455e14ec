import HostSystem

@testable import DebianBase

/// A .deb written byte by byte, so that it can hold what dpkg-deb would refuse to write.
struct TestPackage {
    enum Member {
        case folder(String)
        case file(String, [UInt8], mode: Int)
        case link(String, to: String)
        case hardLink(String, to: String)
        case device(String)
    }

    var name: String
    var version = "1.0"
    var depends = ""
    var provides = ""
    var source: String?
    var members: [Member]

    var bytes: [UInt8] {
        var archive = Array("!<arch>\n".utf8)
        for (name, content) in [
            ("debian-binary", Array("2.0\n".utf8)), ("control.tar", control), ("data.tar", Self.tar(members)),
        ] {
            archive +=
                Self.padded(name, 16) + Self.padded("0", 12) + Self.padded("0", 6) + Self.padded("0", 6)
            archive +=
                Self.padded("100644", 8) + Self.padded(String(content.count), 10) + [0x60, 0x0A] + content
            if content.count % 2 == 1 { archive.append(0x0A) }
        }
        return archive
    }

    var path: String { "pool/main/\(name)_\(version)_arm64.deb" }

    /// As `Packages` of an archive has it.
    var stanza: String {
        let fields = [
            ("Package", name), ("Version", version), ("Architecture", "arm64"), ("Maintainer", "nobody"),
            ("Source", source ?? ""), ("Depends", depends), ("Provides", provides), ("Filename", path),
            ("Size", String(bytes.count)), ("SHA256", SHA256Digest.of(bytes).description),
            ("Description", name),
        ]
        return fields.filter { !$0.1.isEmpty }.map { "\($0.0): \($0.1)\n" }.joined() + "\n"
    }

    var locked: LockedPackage {
        LockedPackage(
            name: name, version: version, architecture: "arm64", size: UInt64(bytes.count),
            sha256: SHA256Digest.of(bytes).description, sets: [.image], source: source ?? name, needs: [],
            path: path)
    }

    private var control: [UInt8] {
        let text =
            "Package: \(name)\nVersion: \(version)\nArchitecture: arm64\nMaintainer: nobody\nDescription: x\n"
        return Self.tar([.file("./control", Array(text.utf8), mode: 0o644)])
    }

    private static func padded(_ text: String, _ width: Int) -> [UInt8] {
        Array(text.utf8) + Array(repeating: 0x20, count: width - text.utf8.count)
    }

    /// ustar (POSIX.1-1988).
    private static func tar(_ members: [Member]) -> [UInt8] {
        var tar: [UInt8] = []
        for member in members {
            var content: [UInt8] = []
            switch member {
            case .folder(let name): tar += header(name, mode: 0o755, type: "5")
            case .file(let name, let bytes, let mode):
                content = bytes
                tar += header(name, mode: mode, type: "0", size: bytes.count)
            case .link(let name, let target): tar += header(name, mode: 0o777, type: "2", target: target)
            case .hardLink(let name, let target): tar += header(name, mode: 0o644, type: "1", target: target)
            case .device(let name): tar += header(name, mode: 0o600, type: "3")
            }
            tar += content + Array(repeating: 0, count: (512 - content.count % 512) % 512)
        }
        return tar + Array(repeating: 0, count: 1024)
    }

    private static func header(
        _ name: String, mode: Int, type: String, size: Int = 0, target: String = ""
    ) -> [UInt8] {
        func octal(_ value: Int, _ width: Int) -> [UInt8] {
            let digits = String(value, radix: 8)
            return Array((String(repeating: "0", count: width - 1 - digits.count) + digits).utf8) + [0]
        }
        func text(_ value: String, _ width: Int) -> [UInt8] {
            Array(value.utf8) + Array(repeating: 0, count: width - value.utf8.count)
        }
        var header = text(name, 100) + octal(mode, 8) + octal(12, 8) + octal(34, 8) + octal(size, 12)
        header += octal(1_700_000_000, 12) + Array(repeating: 0x20, count: 8) + Array(type.utf8)
        header += text(target, 100) + text("ustar", 6) + Array("00".utf8) + text("", 32) + text("", 32)
        header += octal(5, 8) + octal(1, 8) + text("", 167)
        let sum = header.reduce(0) { $0 + Int($1) }
        header.replaceSubrange(148..<156, with: octal(sum, 7) + [0x20])
        return header
    }
}
