import DiskImage
import Foundation
import HostSystem
import Testing

struct GPTDiskTests {
    private let folder = TemporaryFolder()
    private let requests = [
        GPTDisk.Request(label: "esp", type: .efiSystem, size: 1 << 20),
        GPTDisk.Request(label: "boot_a", size: 3 << 20),
        GPTDisk.Request(label: "system_a", size: 5_000_000),
        GPTDisk.Request(label: "data", size: 10 << 20),
    ]

    private func assemble(_ name: String, seed: String = "phone") throws {
        let disk = try DiskAssembler(
            replacing: folder.file(name), layout: GPTDisk(seed: seed, partitions: requests))
        try disk.commit()
    }

    @Test func partitioningToolsFindNoProblem() throws {
        try assemble("disk.img")
        let verdict = try Tool("sgdisk", package: "gdisk").check(["-v", folder.file("disk.img")]).text
        #expect(verdict.contains("No problems found"))
        try Tool("sfdisk", package: "fdisk").check(["--verify", folder.file("disk.img")])
        let table = try Tool("sfdisk", package: "fdisk").check(["--json", folder.file("disk.img")]).text
        for label in ["esp", "boot_a", "system_a", "data"] {
            #expect(table.contains("\"name\": \"\(label)\""))
        }
        #expect(table.uppercased().contains(ImageUUID.efiSystem.description.uppercased()))
    }

    @Test func readsWhatItWroteAndWhatSgdiskWrote() throws {
        try assemble("disk.img")
        let layout = try GPTDisk(seed: "phone", partitions: requests)
        let image = try InputFile(folder.file("disk.img"))
        #expect(try GPTDisk(reading: image) == layout)
        #expect(layout["system_a"]?.size == 5 << 20)

        _ = folder.write([], to: "other.img")
        truncate(folder.file("other.img"), 16 << 20)
        try Tool("sgdisk", package: "gdisk")
            .check(["-n", "1:2048:+2M", "-c", "1:größe", folder.file("other.img")])
        let other = try InputFile(folder.file("other.img"))
        let read = try GPTDisk(reading: other)
        #expect(read.partitions.map(\.label) == ["größe"])
        #expect(read.partitions.first?.offset == 1 << 20)
    }

    @Test func identifiersDependOnTheSeedAlone() throws {
        let first = try GPTDisk(seed: "a", partitions: requests)
        #expect(try GPTDisk(seed: "a", partitions: requests) == first)
        #expect(try GPTDisk(seed: "b", partitions: requests).uniqueID != first.uniqueID)
        #expect(Set(first.partitions.map(\.uniqueID)).count == requests.count)
    }

    @Test func everyFlippedByteOfTheTableIsNoticed() throws {
        try assemble("disk.img")
        let good = folder.read("disk.img")
        var random = SeededGenerator(seed: 4)
        for _ in 0..<200 {
            var bytes = good
            // Of the header its 92 bytes are covered, of the entries all.
            let place =
                Bool.random(using: &random)
                ? Int.random(in: 512..<604, using: &random)
                : Int.random(in: 1024..<17_408, using: &random)
            bytes[place] ^= UInt8.random(in: 1...255, using: &random)
            let image = try InputFile(folder.write(bytes, to: "flipped.img"))
            #expect(throws: DiskImageError.self, "byte \(place)") { try GPTDisk(reading: image) }
        }
    }

    @Test(arguments: [
        [GPTDisk.Request(label: "a", size: 1), GPTDisk.Request(label: "a", size: 1)],
        [GPTDisk.Request(label: "", size: 1)],
        [GPTDisk.Request(label: "a", size: 0)],
        [GPTDisk.Request(label: String(repeating: "x", count: 37), size: 1)],
    ])
    func impossibleLayoutsAreRefused(requests: [GPTDisk.Request]) {
        #expect(throws: DiskImageError.self) { try GPTDisk(seed: "a", partitions: requests) }
    }
}

struct DiskAssemblerTests {
    private let folder = TemporaryFolder()

    @Test func holesStayHolesAndContentsArrive() throws {
        var random = SeededGenerator(seed: 2)
        let noise = random.noise(10_000)
        let source = folder.write([UInt8](repeating: 0, count: 1 << 20) + noise, to: "source")
        truncate(source, 64 << 20)
        let layout = try GPTDisk(
            seed: "s", partitions: [.init(label: "a", size: 64 << 20), .init(label: "b", size: 1 << 20)])
        let disk = try DiskAssembler(replacing: folder.file("disk.img"), layout: layout)
        try disk.fill("a", fromFile: source)
        try disk.fill("b", with: noise)
        try disk.commit()
        var status = stat()
        #expect(stat(folder.file("disk.img"), &status) == 0)
        #expect(UInt64(status.st_size) == layout.size)
        #expect(status.st_blocks * 512 < 200_000)
        let image = folder.read("disk.img")
        let second = Int(layout["b"]!.offset)
        #expect(same(image[(2 << 20)..<(2 << 20) + 10_000], noise))
        #expect(same(image[second..<second + 10_000], noise))
        try Tool("sgdisk", package: "gdisk").check(["-v", folder.file("disk.img")])
    }

    @Test func whatDoesNotFitIsRefusedAndThePreviousImageStays() throws {
        _ = folder.write([1, 2, 3], to: "disk.img")
        let layout = try GPTDisk(seed: "s", partitions: [.init(label: "a", size: 1 << 20)])
        let tooMuch = [UInt8](repeating: 1, count: (1 << 20) + 1)
        #expect(
            throws: DiskImageError.tooLarge(what: "partition a", size: (1 << 20) + 1, limit: 1 << 20)
        ) {
            let disk = try DiskAssembler(replacing: folder.file("disk.img"), layout: layout)
            try disk.fill("a", with: tooMuch)
            try disk.commit()
        }
        #expect(folder.read("disk.img") == [1, 2, 3])
    }
}
