import Foundation
import HostSystem

@testable import Assembly
@testable import DebianBase

/// An unpacked package, laid into a cache of its own as `Unpacker` does it.
struct PackageFixture {
    enum Member {
        case file(String, [UInt8], mode: UInt16)
        case link(String, to: String)
    }

    var name: String
    var version = "1.0"
    var members: [Member]

    /// With a licence text, which every package must have.
    init(_ name: String, version: String = "1.0", _ members: [Member]) {
        self.name = name
        self.version = version
        let licence =
            "Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/\n\n"
            + "Files: *\nLicense: MIT\n"
        self.members = members + [.file("usr/share/doc/\(name)/copyright", Array(licence.utf8), mode: 0o644)]
    }

    func unpacked(in folder: TemporaryFolder) throws -> UnpackedPackage {
        let package = LockedPackage(
            name: name, version: version, architecture: "arm64", size: 1,
            sha256: SHA256Digest.of("\(name) \(version)".utf8).description, sets: [.image], source: name,
            needs: [], path: "pool/\(name).deb")
        let cache = CacheFolder(path: folder.file("cache"))
        let place = UnpackedPackage.folder(package, in: cache)
        try FileManager.default.createDirectory(atPath: place + "/files", withIntermediateDirectories: true)
        var records: [UnpackedIndex.Record] = []
        for (number, member) in members.enumerated() {
            let (path, kind, mode) = try store(member, at: "\(place)/files/\(number)")
            let entry = UnpackedPackage.Entry(
                path: path, kind: kind, mode: mode, userID: 0, groupID: 0, modificationTime: 1_700_000_000)
            records.append(.init(entry: entry, number: UInt32(number)))
        }
        records.sort { $0.entry.path.utf8.lexicographicallyPrecedes($1.entry.path.utf8) }
        try OutputFile.write(UnpackedIndex.write(records), to: place + "/index")
        return try UnpackedPackage(package, in: cache)
    }

    private func store(_ member: Member, at stored: String) throws -> (String, UnpackedPackage.Kind, UInt16) {
        switch member {
        case .link(let path, let target): return (path, .symbolicLink(target: target), 0o777)
        case .file(let path, let bytes, let mode):
            try OutputFile.write(bytes, to: stored)
            return (path, .file(storedPath: stored, size: UInt64(bytes.count), digest: .of(bytes)), mode)
        }
    }
}

/// A kernel module with nothing in it but what it says of itself: an ELF header, `.modinfo`, the names of the
/// sections, and their headers.
func moduleELF(_ information: [String]) -> [UInt8] {
    let modinfo = information.joined(separator: "\0").utf8 + [0]
    let names = Array("\0.modinfo\0.shstrtab\0".utf8)
    var file: [UInt8] = [0x7f, 0x45, 0x4c, 0x46, 2, 1, 1] + [UInt8](repeating: 0, count: 9)
    func append(_ numbers: (value: Int, size: Int)...) {
        for number in numbers {
            for byte in 0..<number.size { file.append(UInt8(number.value >> (8 * byte) & 0xff)) }
        }
    }
    func appendSection(name: Int, offset: Int, size: Int) {
        append((name, 4), (1, 4), (0, 16), (offset, 8), (size, 8), (0, 24))
    }
    // ET_REL, EM_AARCH64; the section headers' place; sizes of the headers; three sections; names last.
    append((1, 2), (183, 2), (1, 4), (0, 16), (64 + modinfo.count + names.count, 8), (0, 4))
    append((64, 2), (0, 4), (64, 2), (3, 2), (2, 2))
    file += modinfo
    file += names
    appendSection(name: 0, offset: 0, size: 0)
    appendSection(name: 1, offset: 64, size: modinfo.count)
    appendSection(name: 10, offset: 64 + modinfo.count, size: names.count)
    return file
}
