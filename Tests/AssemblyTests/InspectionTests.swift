import DiskImage
import Foundation
import HostSystem
import Slots
import Testing

@testable import Assembly

@Suite struct InspectionTests {
    private let folder = TemporaryFolder()
    private let store: SigningKeyStore
    private let key: SigningKey

    init() throws {
        store = SigningKeyStore(folder: folder.file("keys"))
        key = try store.create("acme")
    }

    private func inspect(_ path: String) throws -> Inspection { try Inspector(keys: store).inspect(path) }

    @Test func showsAWholeDisk() throws {
        let disk = try SampleImage().write("disk", in: folder, key: key)
        let inspection = try inspect(disk)
        #expect(inspection.kind == .disk)
        #expect(inspection.problems == [])
        let labels = ["esp", "boot_a", "boot_b", "system_a", "system_b", "misc", "data"]
        #expect(inspection.partitions.map(\.label) == labels)
        #expect(inspection.partitions.first?.content == "empty")
        let boot = try #require(inspection.boots.first)
        #expect(boot.key == "acme" && boot.isSignatureValid == true)
        #expect(boot.rollbackIndex == 7 && boot.variant == "dev")
        #expect(boot.commandLine.hasPrefix("quiet amos.root=\(boot.rootHash):"))
        #expect(inspection.slotTable?.slots.map(\.attemptsLeft) == [3, 3])
        #expect(inspection.systems.map(\.sameAs) == [nil, "system_a"])
        let system = try #require(inspection.systems.first)
        #expect(system.files.map(\.path).contains("/usr/bin/tool"))
        #expect(system.files.first { $0.path == "/bin" }?.target == "usr/bin")
        #expect(system.contentBytes == 100_020)
        #expect(system.verity?.rootHash == boot.rootHash)
    }

    /// What we say of a partition is what others say of it.
    @Test func agreesWithOtherPrograms() throws {
        try SampleImage().write("disk", in: folder, key: key)
        let system = try #require(try inspect(folder.file("disk.system")).systems.first)
        let verity = try #require(system.verity)
        try Tool("veritysetup", package: "cryptsetup-bin").check([
            "verify", folder.file("disk.system"), folder.file("disk.system"), verity.rootHash,
            "--hash-offset=\(verity.dataBlocks * 4096)",
        ])
        let dump = try Tool("dump.erofs", package: "erofs-utils").check(["-s", folder.file("disk.system")])
        #expect(dump.text.contains("\(system.uuid)"))
        let data = try #require(try inspect(folder.file("disk.data")).dataVolumes.first)
        let ext4 = try Tool("dumpe2fs", package: "e2fsprogs").check(["-h", folder.file("disk.data")]).text
        func field(_ name: String) -> String {
            let line = ext4.split(separator: "\n").first { $0.hasPrefix(name + ":") } ?? ""
            return line.dropFirst(name.count + 1).trimmingCharacters(in: .whitespaces)
        }
        #expect(field("Free blocks") == "\(data.freeBytes / 4096)")
        #expect(field("Free inodes") == "\(data.freeInodes)")
        #expect(field("Filesystem UUID") == data.uuid)
        #expect(
            Set(field("Filesystem features").split(separator: " ").map(String.init)) == Set(data.features))
    }

    @Test func countsWhatCompressionSaves() throws {
        var image = SampleImage()
        image.compression = .deflate(level: 6)
        try image.write("small", in: folder, key: key)
        let system = try #require(try inspect(folder.file("small.system")).systems.first)
        #expect(system.isCompressed)
        #expect(system.savedBytes > 80_000)
        #expect(system.savedBytes + system.storedBytes == system.contentBytes)
    }

    @Test func aStrangersSignatureIsNotJudged() throws {
        try SampleImage().write("disk", in: folder, key: try SigningKey())
        let inspection = try inspect(folder.file("disk.boot"))
        let boot = try #require(inspection.boots.first)
        #expect(boot.key == nil && boot.isSignatureValid == nil)
        #expect(inspection.problems == [])
        // Damage shows without the key.
        try patch(folder.file("disk.boot"), at: 4096 + 9000, with: [1])
        #expect(
            try inspect(folder.file("disk.boot")).problems.map(\.text) == [
                "its kernel does not have its hash"
            ])
    }

    /// One changed byte in each partition is a problem of that partition, and the others stay readable.
    @Test(
        arguments: [
            ("boot_a", 100), ("boot_b", 5000), ("system_a", 4100), ("system_b", 1030), ("misc", 20),
            ("data", 1024 + 60),
        ] as [(String, UInt64)])
    func namesDamage(label: String, place: UInt64) throws {
        let disk = try SampleImage().write("disk", in: folder, key: key)
        let partition = try #require(try inspect(disk).partitions.first { $0.label == label })
        var bytes: [UInt8] = [0x5a]
        // Both copies of the slot metadata.
        if label == "misc" { bytes += [UInt8](repeating: 0x5a, count: 4096) }
        try patch(disk, at: partition.offset + place, with: bytes)
        let inspection = try inspect(disk)
        #expect(Set(inspection.problems.map(\.place)) == [label], "\(inspection.problems)")
        #expect(inspection.partitions.count == 7)
    }

    /// Two slots whose images belong to each other, but crosswise.
    @Test func noticesAForeignSystem() throws {
        let disk = try SampleImage().write("disk", in: folder, key: key)
        var other = SampleImage()
        other.files.append(SampleImage.file("etc/more", "more"))
        try other.write("other", in: folder, key: key)
        let place = try #require(try inspect(disk).partitions.first { $0.label == "system_b" }).offset
        try patch(
            disk, at: place,
            with: [UInt8](try Data(contentsOf: URL(fileURLWithPath: folder.file("other.system")))))
        let problems = try inspect(disk).problems
        #expect(problems.map(\.place) == ["boot_b"])
        #expect(problems.first?.text.contains("root hash") == true)
    }

    @Test func refusesWhatIsNoImage() throws {
        let qcow2 = folder.write([0x51, 0x46, 0x49, 0xfb, 0, 0, 0, 3], to: "disk.qcow2")
        let wrong = [
            folder.write([], to: "empty"), folder.write(Array("text".utf8), to: "text"), folder.path,
            folder.file("nowhere"), "/dev/zero",
        ]
        for path in wrong { #expect(throws: InspectionError.self) { try inspect(path) } }
        #expect {
            try inspect(qcow2)
        } throws: {
            "\($0)".contains("qemu-img convert -O raw")
        }
    }

    /// Whatever a changed or missing byte does to a disk's tables, superblocks and headers, it ends in an
    /// error or a problem, never in a trap.
    @Test func changedBytesNeverCrash() throws {
        let disk = try SampleImage().write("disk", in: folder, key: key)
        let good = try inspect(disk)
        let original = try [UInt8](Data(contentsOf: URL(fileURLWithPath: disk)))
        var places = (0..<80).map { 512 + UInt64($0) * 7 }
        for partition in good.partitions {
            places += (0..<40).map { partition.offset + UInt64($0) * 29 }
            places += (0..<30).map { partition.offset + 1024 + UInt64($0) * 5 }
        }
        for place in places {
            let byte = original[Int(place)]
            try patch(disk, at: place, with: [byte ^ 0xff])
            _ = try? inspect(disk)
            try patch(disk, at: place, with: [byte])
        }
        #expect(try inspect(disk).problems == [])
        for size in [0, 511, 513, 1025, 5000, 1 << 20, 3 << 20, 8 << 20] {
            let path = folder.write(Array(original[..<size]), to: "cut")
            #expect(throws: InspectionError.self) { try inspect(path) }
        }
    }
}
